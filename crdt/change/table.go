package change

import "github.com/godwit-sync/godwit/crdt/internal/column"

var (
	errRows        = &fault{RuleRows, "columns of different length"}
	errFalseColumn = &fault{RuleEncoding, "a column of false only"}
)

// table reads a change's columns side by side, in spans: rows next to each
// other in which no column changes its run. The number of spans is bounded by
// the number of runs, and so by the bytes, however many rows there are.
type table struct {
	col    [numColumns]column.Runs // those that are run-length encoded
	insert column.Flips
	expand column.Flips
	raw    []byte // values of the current row and those after it
	// keyAt and predAt are the counters before the current row's: their columns
	// hold differences.
	keyAt, predAt int64
}

// rowColumns are the run-length encoded columns that have one value per row.
var rowColumns = [...]int{
	colObjActor, colObjCtr, colKeyActor, colKeyCtr, colKeyStr,
	colAction, colValueMeta, colPredCount, colMarkName,
}

// valuesOf says how the values of rowColumns are encoded, where they are not
// plain numbers.
var valuesOf = [numColumns]column.Values{
	colKeyCtr:   column.Signed,
	colKeyStr:   column.Text,
	colMarkName: column.Text,
}

func (t *table) init(cols *columns) {
	for _, i := range rowColumns {
		t.col[i].Init(cols.column(i), valuesOf[i])
	}
	t.col[colPredActor].Init(cols.column(colPredActor), column.Unsigned)
	t.col[colPredCtr].Init(cols.column(colPredCtr), column.Signed)
	t.insert.Init(cols.column(colInsert))
	t.expand.Init(cols.column(colExpand))
	t.raw = cols.column(colValue)
}

// span returns the length of the span that begins at the current row; zero
// after the last row.
func (t *table) span() (int, error) {
	n := column.Endless
	for _, i := range rowColumns {
		if err := t.col[i].Load(); err != nil {
			return 0, err
		}
		n = min(n, t.col[i].Left)
	}
	if err := t.insert.Load(); err != nil {
		return 0, err
	}
	if err := t.expand.Load(); err != nil {
		return 0, err
	}
	n = min(n, t.insert.Left, t.expand.Left)
	switch {
	case t.col[colAction].Absent() || t.col[colAction].Left == 0:
		return 0, t.ended()
	case n == 0 || t.insert.Absent() || t.lacksValue():
		return 0, errRows
	}
	return n, nil
}

// lacksValue reports whether a column that has a value in every row lacks one.
func (t *table) lacksValue() bool {
	return t.col[colAction].Null() || t.col[colValueMeta].Null() || t.col[colPredCount].Null()
}

// advance moves n rows on, within the current span. Values and predecessors
// are consumed by those who read them.
func (t *table) advance(n int) {
	if key := &t.col[colKeyCtr]; !key.Null() {
		t.keyAt += int64(n) * key.Num
	}
	for _, i := range rowColumns {
		t.col[i].Left -= n
	}
	t.insert.Left -= n
	t.expand.Left -= n
}

// ended fails unless every column ends here.
func (t *table) ended() error {
	for _, i := range rowColumns {
		if !t.col[i].Ended() {
			return errRows
		}
	}
	if !t.insert.Ended() || !t.expand.Ended() {
		return errRows
	}
	if !t.expand.Absent() && !t.expand.Some() {
		return errFalseColumn
	}
	if !t.col[colPredActor].Ended() || !t.col[colPredCtr].Ended() {
		return errPredRows
	}
	if len(t.raw) > 0 {
		return errValueRows
	}
	return nil
}

// preds returns how many of the predecessors that follow, at most want, are in
// one run of both their columns, with their actor, the first one's counter and
// the step from one to the next.
func (t *table) preds(want int) (n, actor int, first, step int64, err error) {
	actors, counters := &t.col[colPredActor], &t.col[colPredCtr]
	if err := actors.Load(); err != nil {
		return 0, 0, 0, 0, err
	}
	if err := counters.Load(); err != nil {
		return 0, 0, 0, 0, err
	}
	n = min(want, actors.Left, counters.Left)
	if n == 0 || actors.Null() || counters.Null() {
		return 0, 0, 0, 0, errPredRows
	}
	if tooSteep(counters.Num) {
		return 0, 0, 0, 0, errCounter
	}
	return n, int(actors.Num), t.predAt + counters.Num, counters.Num, nil
}

func (t *table) advancePreds(n int) {
	t.predAt += int64(n) * t.col[colPredCtr].Num
	t.col[colPredActor].Left -= n
	t.col[colPredCtr].Left -= n
}

// tooSteep reports whether a step between counters is larger than any two
// counters are apart. Steps that pass can be multiplied by a number of rows.
func tooSteep(step int64) bool { return step > MaxCounter || step < -MaxCounter }
