package column

import (
	"bytes"
	"unicode/utf8"
)

// Endless is the length of the run of nulls that an absent column is.
const Endless = 1 << 40

// The kinds of runs of a run-length encoded column.
const (
	noRun uint8 = iota
	nullRun
	repeatRun  // one value, at least twice
	literalRun // values of which neighbours differ
)

// Values says how a column's values are encoded.
type Values uint8

// The encodings of values. A delta column is one of signed values: the
// differences from row to row.
const (
	Unsigned Values = iota
	Signed
	Text
)

// Runs reads a run-length encoded column: run after run, never row after row.
// A literal run is read as single values.
//
// Load, look at Left, Null and Num or Text, lower Left by the rows that were
// consumed, and Load again.
type Runs struct {
	rest []byte
	// Left is the number of rows, from the current one, that share its value.
	Left int
	// Num or Text is that value, unless it is null. In a delta column Num is the
	// difference from row to row.
	Num  int64
	Text []byte

	literals int // values that follow in the current literal run
	kind     uint8
	values   Values
	absent   bool
	some     bool // a value was seen
}

// Init begins a column; the Runs must be zero. Without data the column is
// absent: null in every row.
func (r *Runs) Init(data []byte, values Values) {
	r.rest, r.values = data, values
	if len(data) == 0 {
		r.Left, r.kind, r.absent = Endless, nullRun, true
	}
}

// Null reports whether the current rows have no value.
func (r *Runs) Null() bool { return r.kind == nullRun }

// Absent reports whether there is no such column.
func (r *Runs) Absent() bool { return r.absent }

// Behind returns how many bytes of the column come after the current value.
func (r *Runs) Behind() int { return len(r.rest) }

// Load makes Left positive, unless the column has ended.
func (r *Runs) Load() error {
	if r.Left > 0 {
		return nil
	}
	return r.load()
}

func (r *Runs) load() error {
	switch {
	case r.literals > 0:
		r.literals--
		return r.value(1, true)
	case len(r.rest) == 0:
		return nil
	}
	length, n, err := Sleb(r.rest)
	if err != nil {
		return err
	}
	r.rest = r.rest[n:]
	switch {
	case length > Endless || length < -Endless:
		return ErrLongRun
	case length == 0:
		return r.loadNulls()
	case length == 1:
		return ErrRunOfOne
	case length > 0:
		err = r.value(int(length), r.kind == repeatRun || r.kind == literalRun)
		r.kind = repeatRun
	case r.kind == literalRun:
		return ErrRunsEqual
	default:
		err = r.value(1, r.kind == repeatRun)
		r.kind, r.literals = literalRun, int(-length-1)
	}
	return err
}

func (r *Runs) loadNulls() error {
	length, n, err := Uleb(r.rest)
	switch {
	case err != nil:
		return err
	case length == 0:
		return ErrRunOfOne
	case r.kind == nullRun:
		return ErrRunsEqual
	case length > Endless:
		return ErrLongRun
	}
	r.rest = r.rest[n:]
	r.kind, r.Left = nullRun, int(length)
	if len(r.rest) == 0 && !r.some {
		return ErrNullColumn
	}
	return nil
}

// value reads the value of the next rows, which must differ from the rows
// before it if those had one.
func (r *Runs) value(rows int, differ bool) error {
	r.Left, r.some = rows, true
	if r.values == Text {
		return r.textValue(differ)
	}
	var v int64
	var n int
	var err error
	if r.values == Signed {
		v, n, err = Sleb(r.rest)
	} else {
		var u uint64
		u, n, err = Uleb(r.rest)
		v = int64(u)
	}
	if err != nil {
		return err
	}
	if v < 0 && r.values == Unsigned {
		return ErrTooLarge
	}
	if differ && v == r.Num {
		return ErrRunsEqual
	}
	r.rest, r.Num = r.rest[n:], v
	return nil
}

func (r *Runs) textValue(differ bool) error {
	size, n, err := Uleb(r.rest)
	if err != nil {
		return err
	}
	if size > uint64(len(r.rest)-n) {
		return ErrShort
	}
	text := r.rest[n : n+int(size)]
	if differ && bytes.Equal(text, r.Text) {
		return ErrRunsEqual
	}
	if !utf8.Valid(text) {
		return ErrText
	}
	r.rest, r.Text = r.rest[n+int(size):], text
	return nil
}

// Ended reports whether the column has no more rows.
func (r *Runs) Ended() bool {
	return r.absent || r.Left == 0 && r.literals == 0 && len(r.rest) == 0
}
