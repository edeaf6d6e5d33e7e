package document

import "github.com/godwit-sync/godwit/crdt/internal/column"

// A column's specification is its group (id << 4), whether it is deflated
// (bit 3) and its type (bits 0–2).
const specDeflated = 1 << 3

// The columns of the operations, in the order in which they are written.
const (
	opObjActor = iota
	opObjCtr
	opKeyActor
	opKeyCtr
	opKeyStr
	opIDActor
	opIDCtr
	opInsert
	opAction
	opValueMeta
	opValue
	opSuccCount
	opSuccActor
	opSuccCtr
	opExpand
	opMark
	numOpColumns
)

// opSpecs are their specifications.
var opSpecs = [numOpColumns]uint64{
	opObjActor:  0<<4 | 1,
	opObjCtr:    0<<4 | 2,
	opKeyActor:  1<<4 | 1,
	opKeyCtr:    1<<4 | 3,
	opKeyStr:    1<<4 | 5,
	opIDActor:   2<<4 | 1,
	opIDCtr:     2<<4 | 3,
	opInsert:    3<<4 | 4,
	opAction:    4<<4 | 2,
	opValueMeta: 5<<4 | 6,
	opValue:     5<<4 | 7,
	opSuccCount: 8 << 4,
	opSuccActor: 8<<4 | 1,
	opSuccCtr:   8<<4 | 3,
	opExpand:    9<<4 | 4,
	opMark:      10<<4 | 5,
}

// The columns of the changes.
const (
	chActor = iota
	chSeq
	chMaxOp
	chTime
	chMessage
	chDepCount
	chDep
	chExtraMeta
	chExtra
	numChangeColumns
)

// changeSpecs are their specifications.
var changeSpecs = [numChangeColumns]uint64{
	chActor:     0<<4 | 1,
	chSeq:       0<<4 | 3,
	chMaxOp:     1<<4 | 3,
	chTime:      2<<4 | 3,
	chMessage:   3<<4 | 5,
	chDepCount:  4 << 4,
	chDep:       4<<4 | 3,
	chExtraMeta: 5<<4 | 6,
	chExtra:     5<<4 | 7,
}

// table is one of a chunk's two tables, still encoded.
type table struct {
	data    [][]byte // of each column that this version knows; none if it is absent
	unknown bool     // there are columns that this version doesn't know
}

// entry is a column's place in the column table.
type entry struct {
	spec uint64
	size int
}

// entries reads a column table: each column's specification and length.
func (r *reader) entries(where string) []entry {
	last := int64(-1)
	n := r.count(2, where)
	entries := make([]entry, 0, n)
	for range n {
		spec, size := r.uint(where), r.uint(where)
		plain := int64(spec &^ specDeflated)
		switch {
		case spec > 1<<32-1 || size > uint64(len(r.b)):
			r.fail(errSpec, where)
		case plain <= last:
			r.fail(errOrder, where)
		}
		if r.err != nil {
			return nil
		}
		last = plain
		entries = append(entries, entry{spec, int(size)})
	}
	return entries
}

// read reads the columns of a table, and inflates those that are deflated.
func (t *table) read(r *reader, entries []entry, specs []uint64, where string) {
	t.data = make([][]byte, len(specs))
	next := 0
	for _, e := range entries {
		raw := r.take(uint64(e.size), where)
		plain := e.spec &^ specDeflated
		for next < len(specs) && specs[next] < plain {
			next++
		}
		if next == len(specs) || specs[next] != plain {
			t.unknown = true
			continue
		}
		if e.spec&specDeflated != 0 {
			raw = r.inflate(raw, where, plain)
		}
		if r.err != nil {
			return
		}
		t.data[next] = raw
	}
}

// count adds up the runs of a column that has a value in every row, and
// returns the number of its rows and its largest value.
func (t *table) count(i, limit int) (rows int, largest int64, err error) {
	var runs column.Runs
	runs.Init(t.data[i], column.Unsigned)
	for !runs.Ended() {
		if err := runs.Load(); err != nil {
			return 0, 0, err
		}
		if runs.Left > limit-rows {
			return 0, 0, errMany
		}
		rows += runs.Left
		largest = max(largest, runs.Num)
		runs.Left = 0
	}
	return rows, largest, nil
}
