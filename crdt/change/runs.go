package change

import (
	"bytes"
	"unicode/utf8"
)

var (
	errRunOfOne    = &fault{RuleEncoding, "a run of one, or of none"}
	errRunsEqual   = &fault{RuleEncoding, "neighbouring runs that should be one"}
	errNullColumn  = &fault{RuleEncoding, "a column of nulls only"}
	errFalseColumn = &fault{RuleEncoding, "a column of false only"}
	errText        = &fault{RuleEncoding, "a string that is not UTF-8"}
	errRows        = &fault{RuleRows, "columns of different length"}
	errManyOps     = &fault{RuleLimit, "too many operations"}
	errManyPreds   = &fault{RuleLimit, "too many predecessors"}
)

// endless is the length of the run of nulls that an absent column is.
const endless = 1 << 40

// The kinds of runs of a run-length encoded column.
const (
	noRun uint8 = iota
	nullRun
	repeatRun  // one value, at least twice
	literalRun // values of which neighbours differ
)

// The ways in which a column's values are encoded.
const (
	unsignedValues uint8 = iota
	signedValues
	textValues
)

// runs reads a run-length encoded column: run after run, never row after row.
// A literal run is read as single values. It accepts only what Automerge's
// encoder writes, so what it reads encodes to the same bytes again.
type runs struct {
	rest []byte
	// left is the number of rows, from the current one, that share its value.
	left int
	// num or text is that value, if kind says that there is one. In a delta
	// column num is the difference from row to row.
	num  int64
	text []byte

	literals int // values that follow in the current literal run
	kind     uint8
	values   uint8
	absent   bool
	some     bool // a value was seen
}

// init begins a column, whose fields are still zero.
func (r *runs) init(data []byte, values uint8) {
	r.rest, r.values = data, values
	if len(data) == 0 {
		r.left, r.kind, r.absent = endless, nullRun, true
	}
}

// null reports whether the current rows have no value.
func (r *runs) null() bool { return r.kind == nullRun }

// load makes left positive, unless the column has ended.
func (r *runs) load() error {
	switch {
	case r.left > 0:
		return nil
	case r.literals > 0:
		r.literals--
		return r.value(1, true)
	case len(r.rest) == 0:
		return nil
	}
	length, n, err := sleb(r.rest)
	if err != nil {
		return err
	}
	r.rest = r.rest[n:]
	switch {
	case length > endless || length < -endless:
		return errManyOps
	case length == 0:
		return r.loadNulls()
	case length == 1:
		return errRunOfOne
	case length > 0:
		err = r.value(int(length), r.kind == repeatRun || r.kind == literalRun)
		r.kind = repeatRun
	case r.kind == literalRun:
		return errRunsEqual
	default:
		err = r.value(1, r.kind == repeatRun)
		r.kind, r.literals = literalRun, int(-length-1)
	}
	return err
}

func (r *runs) loadNulls() error {
	length, n, err := uleb(r.rest)
	switch {
	case err != nil:
		return err
	case length == 0:
		return errRunOfOne
	case r.kind == nullRun:
		return errRunsEqual
	case length > endless:
		return errManyOps
	}
	r.rest = r.rest[n:]
	r.kind, r.left = nullRun, int(length)
	if len(r.rest) == 0 && !r.some {
		return errNullColumn
	}
	return nil
}

// value reads the value of the next rows, which must differ from the rows
// before it if those had one.
func (r *runs) value(rows int, differ bool) error {
	r.left, r.some = rows, true
	if r.values == textValues {
		return r.textValue(differ)
	}
	var v int64
	var n int
	var err error
	if r.values == signedValues {
		v, n, err = sleb(r.rest)
	} else {
		var u uint64
		u, n, err = uleb(r.rest)
		v = int64(u)
	}
	if err != nil {
		return err
	}
	if v < 0 && r.values == unsignedValues {
		return errTooLarge
	}
	if differ && v == r.num {
		return errRunsEqual
	}
	r.rest, r.num = r.rest[n:], v
	return nil
}

func (r *runs) textValue(differ bool) error {
	size, n, err := uleb(r.rest)
	if err != nil {
		return err
	}
	if size > uint64(len(r.rest)-n) {
		return errShort
	}
	text := r.rest[n : n+int(size)]
	if differ && bytes.Equal(text, r.text) {
		return errRunsEqual
	}
	if !utf8.Valid(text) {
		return errText
	}
	r.rest, r.text = r.rest[n+int(size):], text
	return nil
}

// ended reports whether the column has no more rows.
func (r *runs) ended() bool {
	return r.absent || r.left == 0 && r.literals == 0 && len(r.rest) == 0
}

// flips reads a column of booleans: the lengths of alternating runs, of which
// the first is false and may be empty.
type flips struct {
	rest    []byte
	left    int
	value   bool
	absent  bool
	started bool
	some    bool // a true was seen
}

func newFlips(data []byte) flips {
	if len(data) == 0 {
		return flips{left: endless, absent: true}
	}
	return flips{rest: data}
}

// load makes left positive, unless the column has ended.
func (f *flips) load() error {
	for f.left == 0 && len(f.rest) > 0 {
		length, n, err := uleb(f.rest)
		if err != nil {
			return err
		}
		f.rest = f.rest[n:]
		if length == 0 && (f.started || len(f.rest) == 0) {
			return errRunOfOne
		}
		if length > endless {
			return errManyOps
		}
		f.value = f.started && !f.value
		f.left, f.started, f.some = int(length), true, f.some || f.value
	}
	return nil
}

func (f *flips) ended() bool {
	return f.absent || f.left == 0 && len(f.rest) == 0
}
