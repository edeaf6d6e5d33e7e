package document

// Columns returns the columns of both tables, inflated, by name.
func (d *Document) Columns() (specs []uint64, data [][]byte) {
	for i, spec := range changeSpecs {
		specs, data = append(specs, spec|1<<32), append(data, d.changes.data[i])
	}
	for i, spec := range opSpecs {
		specs, data = append(specs, spec), append(data, d.ops.data[i])
	}
	return specs, data
}

// Listed returns the specifications of the columns as the chunk lists them.
func (d *Document) Listed() (specs []uint64) {
	for _, e := range d.listed[0] {
		specs = append(specs, e.spec|1<<32)
	}
	for _, e := range d.listed[1] {
		specs = append(specs, e.spec)
	}
	return specs
}

// Inflate is what columns are inflated with.
var Inflate = inflate

// AppendDeflated is what columns are deflated with.
var AppendDeflated = appendDeflated

// Seal puts a body into a chunk with a right checksum.
func Seal(body []byte) []byte { return seal(body) }
