package change

import "github.com/godwit-sync/godwit/crdt/internal/column"

// Seal puts a body into a chunk with a right checksum.
func Seal(body []byte) []byte {
	chunk, _, _ := seal(nil, body)
	return chunk
}

// Sections takes a change's body apart: what precedes the column table, and
// the columns by their specification, in order.
func Sections(c *Change) (header []byte, specs []uint64, data [][]byte) {
	r := reader{b: c.chunk[c.table:]}
	var sizes []uint64
	for range r.count(maxColumns, 2, errManyColumns) {
		specs = append(specs, r.uint())
		sizes = append(sizes, r.uint())
	}
	for _, size := range sizes {
		data = append(data, r.take(size, errColumnsShort))
	}
	return c.chunk[c.body:c.table], specs, data
}

// Join is the reverse of Sections; empty columns are written as such.
func Join(header []byte, specs []uint64, data [][]byte) []byte {
	b := column.AppendUleb(append([]byte(nil), header...), uint64(len(specs)))
	for i, spec := range specs {
		b = column.AppendUleb(column.AppendUleb(b, spec), uint64(len(data[i])))
	}
	for _, column := range data {
		b = append(b, column...)
	}
	return b
}

// AppendUleb and AppendSleb expose the number encodings to tests.
var (
	AppendUleb = column.AppendUleb
	AppendSleb = column.AppendSleb
	Uleb       = column.Uleb
	Sleb       = column.Sleb
)
