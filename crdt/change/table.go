package change

// table reads a change's columns side by side, in spans: rows next to each
// other in which no column changes its run. The number of spans is bounded by
// the number of runs, and so by the bytes, however many rows there are.
type table struct {
	col    [numColumns]runs // those that are run-length encoded
	insert flips
	expand flips
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
var valuesOf = [numColumns]uint8{
	colKeyCtr:   signedValues,
	colKeyStr:   textValues,
	colMarkName: textValues,
}

func (t *table) init(cols *columns) {
	for _, i := range rowColumns {
		t.col[i].init(cols.column(i), valuesOf[i])
	}
	t.col[colPredActor].init(cols.column(colPredActor), unsignedValues)
	t.col[colPredCtr].init(cols.column(colPredCtr), signedValues)
	t.insert = newFlips(cols.column(colInsert))
	t.expand = newFlips(cols.column(colExpand))
	t.raw = cols.column(colValue)
}

// span returns the length of the span that begins at the current row; zero
// after the last row.
func (t *table) span() (int, error) {
	n := endless
	for _, i := range rowColumns {
		if err := t.col[i].load(); err != nil {
			return 0, err
		}
		n = min(n, t.col[i].left)
	}
	if err := t.insert.load(); err != nil {
		return 0, err
	}
	if err := t.expand.load(); err != nil {
		return 0, err
	}
	n = min(n, t.insert.left, t.expand.left)
	switch {
	case t.col[colAction].absent || t.col[colAction].left == 0:
		return 0, t.ended()
	case n == 0 || t.insert.absent || t.lacksValue():
		return 0, errRows
	}
	return n, nil
}

// lacksValue reports whether a column that has a value in every row lacks one.
func (t *table) lacksValue() bool {
	return t.col[colAction].null() || t.col[colValueMeta].null() || t.col[colPredCount].null()
}

// advance moves n rows on, within the current span. Values and predecessors
// are consumed by those who read them.
func (t *table) advance(n int) {
	if key := &t.col[colKeyCtr]; !key.null() {
		t.keyAt += int64(n) * key.num
	}
	for _, i := range rowColumns {
		t.col[i].left -= n
	}
	t.insert.left -= n
	t.expand.left -= n
}

// ended fails unless every column ends here.
func (t *table) ended() error {
	for _, i := range rowColumns {
		if !t.col[i].ended() {
			return errRows
		}
	}
	if !t.insert.ended() || !t.expand.ended() {
		return errRows
	}
	if !t.expand.absent && !t.expand.some {
		return errFalseColumn
	}
	if !t.col[colPredActor].ended() || !t.col[colPredCtr].ended() {
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
	if err := actors.load(); err != nil {
		return 0, 0, 0, 0, err
	}
	if err := counters.load(); err != nil {
		return 0, 0, 0, 0, err
	}
	n = min(want, actors.left, counters.left)
	if n == 0 || actors.null() || counters.null() {
		return 0, 0, 0, 0, errPredRows
	}
	if tooSteep(counters.num) {
		return 0, 0, 0, 0, errCounter
	}
	return n, int(actors.num), t.predAt + counters.num, counters.num, nil
}

func (t *table) advancePreds(n int) {
	t.predAt += int64(n) * t.col[colPredCtr].num
	t.col[colPredActor].left -= n
	t.col[colPredCtr].left -= n
}

// tooSteep reports whether a step between counters is larger than any two
// counters are apart. Steps that pass can be multiplied by a number of rows.
func tooSteep(step int64) bool { return step > MaxCounter || step < -MaxCounter }
