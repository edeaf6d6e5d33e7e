package change

// A column's specification is its group (id << 4), whether it is deflated
// (bit 3) and its type (bits 0–2).
const specDeflated = 1 << 3

// The columns of a change that this version knows, in the order in which they
// are written.
const (
	colObjActor = iota
	colObjCtr
	colKeyActor
	colKeyCtr
	colKeyStr
	colInsert
	colAction
	colValueMeta
	colValue
	colPredCount
	colPredActor
	colPredCtr
	colExpand
	colMarkName
	numColumns
)

// specs are the specifications of the known columns.
var specs = [numColumns]uint64{
	colObjActor:  0<<4 | 1,
	colObjCtr:    0<<4 | 2,
	colKeyActor:  1<<4 | 1,
	colKeyCtr:    1<<4 | 3,
	colKeyStr:    1<<4 | 5,
	colInsert:    3<<4 | 4,
	colAction:    4<<4 | 2,
	colValueMeta: 5<<4 | 6,
	colValue:     5<<4 | 7,
	colPredCount: 7 << 4,
	colPredActor: 7<<4 | 1,
	colPredCtr:   7<<4 | 3,
	colExpand:    9<<4 | 4,
	colMarkName:  10<<4 | 5,
}

// columns are a change's columns, still encoded.
type columns struct {
	data    []byte
	at      [numColumns]uint32
	size    [numColumns]uint32 // zero if the column is absent
	extra   []byte
	unknown bool // there are columns that this version doesn't know
}

// column returns a column's bytes; none if it is absent.
func (c *columns) column(i int) []byte { return c.data[c.at[i]:][:c.size[i]] }

// read reads the column table, which gives each column's specification
// and length, then the columns. What follows them is extra.
func (c *columns) read(r *reader) {
	var total uint64
	next, last := 0, int64(-1)
	for range r.count(maxColumns, 2, errManyColumns) {
		spec, size := r.uint(), r.uint()
		if err := checkSpec(spec, last, size); err != nil {
			r.fail(err)
		}
		last = int64(spec)
		for next < numColumns && specs[next] < spec {
			next++
		}
		if next < numColumns && specs[next] == spec {
			c.at[next], c.size[next] = uint32(total), uint32(size)
		} else {
			c.unknown = true
		}
		total += size
	}
	c.data = r.take(total, errColumnsShort)
	if c.extra = r.b; len(c.extra) > MaxExtra {
		r.fail(errExtraSize)
	}
}

func checkSpec(spec uint64, last int64, size uint64) error {
	switch {
	case spec > 1<<32-1 || size > MaxChunk:
		return errColumnTable
	case spec&specDeflated != 0:
		return errDeflatedCol
	case int64(spec) <= last:
		return errColumnOrder
	case size == 0:
		return errColumnEmpty
	}
	return nil
}
