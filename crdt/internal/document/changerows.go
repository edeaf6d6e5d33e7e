package document

import (
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// ChangeRows reads the changes of a document, in the order in which it has
// them.
type ChangeRows struct {
	col [numChangeColumns]column.Runs
	raw []byte // extra bytes of the current row and those after it
	// seqAt and so on are the numbers before the current ones: their columns
	// hold differences.
	seqAt, maxOpAt, timeAt, depAt int64

	actors int64
	row    int // the current row
	deps   int // dependencies announced so far
	from   int // the row up to which they are

	err     error      // why there is nothing to be read
	span    ChangeSpan // of Change
	message string
}

// changeRowColumns are those that have one value per row.
var changeRowColumns = [...]int{chActor, chSeq, chMaxOp, chTime, chMessage, chDepCount, chExtraMeta}

var changeValuesOf = [numChangeColumns]column.Values{
	chSeq:     column.Signed,
	chMaxOp:   column.Signed,
	chTime:    column.Signed,
	chMessage: column.Text,
	chDep:     column.Signed,
}

// Changes returns a new reader of the changes.
func (d *Document) Changes() *ChangeRows {
	r := new(ChangeRows) // which a caller that inlines this has on its stack
	r.begin(len(d.Actors), d.changes.data)
	return r
}

// Changes returns a new reader of the changes. It reads their columns anew, as
// they are seldom asked for.
func (h *History) Changes() *ChangeRows {
	r := new(ChangeRows)
	body, err := open(h.chunk)
	if err != nil {
		r.err = invalid(err, "frame")
		return r
	}
	d, in := Document{History: &History{}}, &reader{b: body}
	d.readChanges(in)
	if r.err = in.err; r.err == nil {
		r.begin(len(d.Actors), d.changes.data)
	}
	return r
}

func (r *ChangeRows) begin(actors int, data [][]byte) {
	r.actors, r.raw = int64(actors), data[chExtra]
	for _, i := range changeRowColumns {
		r.col[i].Init(data[i], changeValuesOf[i])
	}
	r.col[chDep].Init(data[chDep], column.Signed)
}

// Row returns the current row's number.
func (r *ChangeRows) Row() int { return r.row }

// Span describes the current row and those after it that differ from it by
// steps only, and returns how many these are; zero after the last row. The
// message aliases the document.
//
// For each row the caller must take its dependencies ([ChangeRows.Deps]) and
// its extra bytes ([ChangeRows.Extra]), in order, and then say how many rows
// it took ([ChangeRows.Advance]).
func (r *ChangeRows) Span(s *ChangeSpan) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.load()
	if err != nil {
		return 0, r.fail(err, "columns")
	}
	if n == 0 {
		return 0, nil
	}
	actor := r.col[chActor].Num
	if actor >= r.actors {
		return 0, r.fail(errActor, "author")
	}
	s.Rows, s.Actor = n, int(actor)
	if s.Seq, s.SeqStep, err = r.number(chSeq, r.seqAt, n, 1); err != nil {
		return 0, r.fail(err, "sequence number")
	}
	if s.MaxOp, s.MaxOpStep, err = r.number(chMaxOp, r.maxOpAt, n, 0); err != nil {
		return 0, r.fail(err, "last operation")
	}
	s.Time, s.TimeStep = r.timeAt, 0
	if time := &r.col[chTime]; !time.Null() {
		s.Time, s.TimeStep = r.timeAt+time.Num, time.Num
	}
	message := &r.col[chMessage]
	if s.HasMessage, s.Message = !message.Null(), message.Text; !s.HasMessage {
		s.Message = nil
	}
	if err := r.counts(s); err != nil {
		return 0, err
	}
	return n, nil
}

func (r *ChangeRows) fail(err error, what string) error {
	return invalid(err, fmt.Sprintf("change row %d: %s", r.row, what))
}

// load returns the number of rows in which no column changes its run.
func (r *ChangeRows) load() (int, error) {
	n := column.Endless
	for _, i := range changeRowColumns {
		col := &r.col[i]
		if err := col.Load(); err != nil {
			return 0, err
		}
		n = min(n, col.Left)
	}
	switch {
	case r.col[chActor].Absent() || r.col[chActor].Left == 0:
		return 0, r.ended()
	case n == 0 || r.lacksValue():
		return 0, errRows
	}
	return n, nil
}

// lacksValue reports whether a column that has a value in every row lacks one.
// Times and extra bytes are left out by some versions.
func (r *ChangeRows) lacksValue() bool {
	return r.col[chActor].Null() || r.col[chSeq].Null() || r.col[chMaxOp].Null() || r.col[chDepCount].Null()
}

// ended fails unless every column ends here.
func (r *ChangeRows) ended() error {
	for _, i := range changeRowColumns {
		if !r.col[i].Ended() {
			return errRows
		}
	}
	if !r.col[chDep].Ended() || len(r.raw) > 0 {
		return errBytes
	}
	return nil
}

// number reads a progression of n numbers of at least least.
func (r *ChangeRows) number(i int, at int64, n int, least int64) (first, step int64, err error) {
	step = r.col[i].Num
	if step > change.MaxCounter || step < -change.MaxCounter {
		return 0, 0, errNumber
	}
	first, last := at+step, at+int64(n)*step
	if min(first, last) < least || max(first, last) > change.MaxCounter {
		return 0, 0, errNumber
	}
	return first, step, nil
}

// counts reads what dependencies and extra bytes the rows have.
func (r *ChangeRows) counts(s *ChangeSpan) error {
	deps := r.col[chDepCount].Num
	if deps > change.MaxDeps || deps > int64(r.row) { // they are distinct, and earlier
		return r.fail(errMany, "dependencies")
	}
	s.Deps = int(deps)
	if r.from == r.row {
		r.from += s.Rows
		if r.deps += s.Rows * s.Deps; r.deps > MaxRows {
			return r.fail(errMany, "dependencies")
		}
	}
	s.ExtraSize = 0
	meta := &r.col[chExtraMeta]
	if meta.Null() {
		return nil
	}
	_, size := column.SplitMeta(meta.Num)
	switch {
	case size > change.MaxExtra:
		return r.fail(errLarge, "extra bytes")
	case s.Rows*int(size) > len(r.raw):
		return r.fail(errBytes, "extra bytes")
	}
	s.ExtraSize = int(size)
	return nil
}

// Extra takes the extra bytes of n rows of a span, which alias the document.
func (r *ChangeRows) Extra(s *ChangeSpan, n int) []byte {
	size := n * s.ExtraSize
	extra := r.raw[:size:size]
	r.raw = r.raw[size:]
	return extra
}

// Deps takes the next dependencies, at least one and at most want, as far as
// they make one progression. They are rows of this table; the caller checks
// that they come before the row that names them.
func (r *ChangeRows) Deps(want int) (Indexes, error) {
	deps := &r.col[chDep]
	if err := deps.Load(); err != nil {
		return Indexes{}, r.fail(err, "dependencies")
	}
	n := min(want, deps.Left, MaxRows)
	if n <= 0 || deps.Null() {
		return Indexes{}, r.fail(errBytes, "dependencies")
	}
	first, step, err := r.number(chDep, r.depAt, n, 0)
	if err != nil {
		return Indexes{}, r.fail(err, "dependencies")
	}
	r.depAt += int64(n) * step
	deps.Left -= n
	return Indexes{Count: n, First: int(first), Step: int(step)}, nil
}

// Advance moves n rows on, within the current span.
func (r *ChangeRows) Advance(n int) {
	r.seqAt += int64(n) * r.col[chSeq].Num
	r.maxOpAt += int64(n) * r.col[chMaxOp].Num
	if time := &r.col[chTime]; !time.Null() {
		r.timeAt += int64(n) * time.Num
	}
	for _, i := range changeRowColumns {
		r.col[i].Left -= n
	}
	r.row += n
}
