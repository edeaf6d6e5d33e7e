package document

import (
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// Rows reads the operations of a document, from the first to the last.
type Rows struct {
	col            [numOpColumns]column.Runs // those that are run-length encoded
	insert, expand column.Flips
	raw            []byte // values of the current row and those after it
	// keyAt, idAt and succAt are the counters before the current ones: their
	// columns hold differences.
	keyAt, idAt, succAt int64

	actors int64
	row    int // the current row
	succs  int // successors announced so far
	from   int // the row up to which they are

	keys  []byte // the column of keys
	names string // the same, once somebody has asked for a key

	span Span // of Op
	name string
	mark string
}

// rowColumns are the run-length encoded columns that have one value per row.
var rowColumns = [...]int{
	opObjActor, opObjCtr, opKeyActor, opKeyCtr, opKeyStr, opIDActor, opIDCtr,
	opAction, opValueMeta, opSuccCount, opMark,
}

// valuesOf says how the values of columns are encoded that are not plain
// numbers.
var valuesOf = [numOpColumns]column.Values{
	opKeyCtr:  column.Signed,
	opKeyStr:  column.Text,
	opIDCtr:   column.Signed,
	opSuccCtr: column.Signed,
	opMark:    column.Text,
}

// Rows returns a new reader of the operations.
func (d *Document) Rows() *Rows {
	r := new(Rows)
	r.Begin(d)
	return r
}

// Begin begins to read the operations of a document; the Rows must be zero.
func (r *Rows) Begin(d *Document) {
	r.actors, r.raw, r.keys = int64(len(d.Actors)), d.ops.data[opValue], d.ops.data[opKeyStr]
	for _, i := range rowColumns {
		r.col[i].Init(d.ops.data[i], valuesOf[i])
	}
	r.col[opSuccActor].Init(d.ops.data[opSuccActor], column.Unsigned)
	r.col[opSuccCtr].Init(d.ops.data[opSuccCtr], column.Signed)
	r.insert.Init(d.ops.data[opInsert])
	r.expand.Init(d.ops.data[opExpand])
}

// Row returns the current row's number.
func (r *Rows) Row() int { return r.row }

// Span describes the current row and those after it that differ from it by
// steps only, and returns how many these are; zero after the last row. Names
// alias the document.
//
// For each row the caller must take its value ([Rows.Values]) and its
// successors ([Rows.Succs]), in order, and then say how many rows it took
// ([Rows.Advance]).
func (r *Rows) Span(s *Span) (int, error) {
	n, err := r.load()
	if err != nil {
		return 0, r.fail(err, "columns")
	}
	if n == 0 {
		return 0, nil
	}
	s.Rows = n
	if err := r.object(s); err != nil {
		return 0, r.fail(err, "object")
	}
	if err := r.key(s); err != nil {
		return 0, r.fail(err, "key")
	}
	if s.ID, s.IDStep, err = r.id(opIDActor, opIDCtr, r.idAt, n); err != nil {
		return 0, r.fail(err, "id")
	}
	s.Insert = r.insert.Value
	s.Action = change.Action(r.col[opAction].Num)
	s.Expand = r.expand.Value
	mark := &r.col[opMark]
	s.Marked, s.Mark = !mark.Null(), mark.Text
	if mark.Null() {
		s.Mark = nil
	}
	if err := r.counts(s); err != nil {
		return 0, r.fail(err, "values and successors")
	}
	if err := s.check(); err != nil {
		return 0, r.fail(err, "operation")
	}
	return n, nil
}

func (r *Rows) fail(err error, what string) error {
	return invalid(err, fmt.Sprintf("op row %d: %s", r.row, what))
}

// load returns the number of rows in which no column changes its run.
func (r *Rows) load() (int, error) {
	n := column.Endless
	for _, i := range rowColumns {
		col := &r.col[i]
		if err := col.Load(); err != nil {
			return 0, err
		}
		n = min(n, col.Left)
	}
	if err := r.insert.Load(); err != nil {
		return 0, err
	}
	if err := r.expand.Load(); err != nil {
		return 0, err
	}
	n = min(n, r.insert.Left, r.expand.Left)
	switch {
	case r.col[opAction].Absent() || r.col[opAction].Left == 0:
		return 0, r.ended()
	case n == 0 || r.lacksValue():
		return 0, errRows
	}
	return n, nil
}

// lacksValue reports whether a column that has a value in every row lacks one.
func (r *Rows) lacksValue() bool {
	return r.col[opAction].Null() || r.col[opValueMeta].Null() || r.col[opSuccCount].Null() ||
		r.col[opIDActor].Null() || r.col[opIDCtr].Null()
}

// ended fails unless every column ends here.
func (r *Rows) ended() error {
	for _, i := range rowColumns {
		if !r.col[i].Ended() {
			return errRows
		}
	}
	if !r.insert.Ended() || !r.expand.Ended() {
		return errRows
	}
	if !r.col[opSuccActor].Ended() || !r.col[opSuccCtr].Ended() || len(r.raw) > 0 {
		return errBytes
	}
	return nil
}

func (r *Rows) object(s *Span) error {
	actor, counter := &r.col[opObjActor], &r.col[opObjCtr]
	switch {
	case actor.Null() != counter.Null():
		return errHalf
	case actor.Null():
		s.Obj = ID{}
		return nil
	case actor.Num >= r.actors:
		return errActor
	case counter.Num < 1 || counter.Num > change.MaxCounter:
		return errCounter
	}
	s.Obj = ID{uint32(counter.Num), uint32(actor.Num)}
	return nil
}

func (r *Rows) key(s *Span) (err error) {
	actor, counter, name := &r.col[opKeyActor], &r.col[opKeyCtr], &r.col[opKeyStr]
	s.InList = name.Null()
	switch {
	case !name.Null():
		if !counter.Null() || !actor.Null() {
			return errKey
		}
		s.Name, s.Elem, s.ElemStep = name.Text, ID{}, 0
		return nil
	case counter.Null():
		return errKey
	case s.Obj.IsZero():
		return errRoot
	}
	s.Name = nil
	if !actor.Null() {
		s.Elem, s.ElemStep, err = r.id(opKeyActor, opKeyCtr, r.keyAt, s.Rows)
		return err
	}
	s.Elem, s.ElemStep = ID{}, 0
	switch {
	case r.keyAt+counter.Num != 0 || s.Rows > 1 && counter.Num != 0:
		return errHalf
	case !r.insert.Value:
		return errHead
	}
	return nil
}

// id reads a progression of n ids whose counters are differences.
func (r *Rows) id(actorColumn, counterColumn int, at int64, n int) (ID, int64, error) {
	actor, step := r.col[actorColumn].Num, r.col[counterColumn].Num
	if actor >= r.actors {
		return ID{}, 0, errActor
	}
	if step > change.MaxCounter || step < -change.MaxCounter {
		return ID{}, 0, errCounter
	}
	// Both n and step are too small for the product to overflow.
	first, last := at+step, at+int64(n)*step
	if min(first, last) < 1 || max(first, last) > change.MaxCounter {
		return ID{}, 0, errCounter
	}
	return ID{uint32(first), uint32(actor)}, step, nil
}

// counts reads what values and successors the rows have.
func (r *Rows) counts(s *Span) error {
	kind, size := column.SplitMeta(r.col[opValueMeta].Num)
	if size > int64(len(r.raw)) {
		return errBytes
	}
	s.Kind, s.Size = change.ValueType(kind), int(size)
	succs := r.col[opSuccCount].Num
	if succs > MaxRows {
		return errMany
	}
	s.Succs = int(succs)
	if r.from == r.row {
		r.from += s.Rows
		if r.succs += s.Rows * s.Succs; r.succs > MaxRows {
			return errMany
		}
	}
	return nil
}

// Key returns the name of the current span's key. All keys of a document share
// one string.
func (r *Rows) Key(s *Span) string {
	if r.names == "" {
		r.names = string(r.keys)
	}
	end := len(r.names) - r.col[opKeyStr].Behind()
	return r.names[end-len(s.Name) : end]
}

// Bytes returns how many bytes the values of this row and those after it have.
func (r *Rows) Bytes() int { return len(r.raw) }

// Values takes the values of n rows of a span: n × Size bytes, which alias the
// document and have the form that their type demands.
func (r *Rows) Values(s *Span, n int) ([]byte, error) {
	if n*s.Size > len(r.raw) {
		return nil, r.fail(errBytes, "value")
	}
	raw := r.raw[: n*s.Size : n*s.Size]
	r.raw = r.raw[len(raw):]
	if err := column.CheckValues(uint8(s.Kind), raw, s.Size); err != nil {
		return nil, r.fail(err, "value")
	}
	return raw, nil
}

// Succs takes the next successors, at least one and at most want, as far as
// they make one progression.
func (r *Rows) Succs(want int) (IDs, error) {
	actors, counters := &r.col[opSuccActor], &r.col[opSuccCtr]
	if err := actors.Load(); err != nil {
		return IDs{}, r.fail(err, "successors")
	}
	if err := counters.Load(); err != nil {
		return IDs{}, r.fail(err, "successors")
	}
	n := min(want, actors.Left, counters.Left, MaxRows)
	if n <= 0 || actors.Null() || counters.Null() {
		return IDs{}, r.fail(errBytes, "successors")
	}
	first, step, err := r.id(opSuccActor, opSuccCtr, r.succAt, n)
	if err != nil {
		return IDs{}, r.fail(err, "successors")
	}
	r.succAt += int64(n) * step
	actors.Left -= n
	counters.Left -= n
	return IDs{Count: n, First: first, Step: step}, nil
}

// Advance moves n rows on, within the current span.
func (r *Rows) Advance(n int) {
	if key := &r.col[opKeyCtr]; !key.Null() {
		r.keyAt += int64(n) * key.Num
	}
	r.idAt += int64(n) * r.col[opIDCtr].Num
	for _, i := range rowColumns {
		r.col[i].Left -= n
	}
	r.insert.Left -= n
	r.expand.Left -= n
	r.row += n
}
