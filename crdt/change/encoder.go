package change

import "bytes"

// runEncoder writes a run-length encoded column, value after value: those that
// repeat as runs, others together as literals, nulls as runs of their own. A
// column of nulls only is left out.
type runEncoder struct {
	out    []byte
	kind   uint8 // of the run that is still open
	length int64
	// last is the latest value, encoded; before are those that precede it in an
	// open literal run.
	last, before []byte
	some         bool
	buf          []byte
}

func (e *runEncoder) null() {
	if e.kind != nullRun {
		e.flush()
		e.kind = nullRun
	}
	e.length++
}

func (e *runEncoder) uint(v uint64) {
	e.buf = appendUleb(e.buf[:0], v)
	e.value(e.buf)
}

func (e *runEncoder) int(v int64) {
	e.buf = appendSleb(e.buf[:0], v)
	e.value(e.buf)
}

func (e *runEncoder) text(v string) {
	e.buf = append(appendUleb(e.buf[:0], uint64(len(v))), v...)
	e.value(e.buf)
}

func (e *runEncoder) value(v []byte) {
	e.some = true
	same := bytes.Equal(v, e.last)
	switch {
	case e.kind == repeatRun && same:
		e.length++
		return
	case e.kind == literalRun && same:
		e.length--
		e.last = e.last[:0]
		e.flush()
		e.kind, e.length = repeatRun, 2
	case e.kind == literalRun:
		e.before = append(e.before, e.last...)
		e.length++
	default:
		e.flush()
		e.kind, e.length = literalRun, 1
	}
	e.last = append(e.last[:0], v...)
}

// flush writes the open run, if there is one.
func (e *runEncoder) flush() {
	switch {
	case e.length == 0:
	case e.kind == nullRun:
		e.out = appendUleb(append(e.out, 0), uint64(e.length))
	case e.kind == repeatRun:
		e.out = append(appendSleb(e.out, e.length), e.last...)
	default:
		e.out = append(appendSleb(e.out, -e.length), e.before...)
		e.out = append(e.out, e.last...)
	}
	e.kind, e.length, e.before = noRun, 0, e.before[:0]
}

func (e *runEncoder) finish() []byte {
	if !e.some {
		return nil
	}
	e.flush()
	return e.out
}

// deltaEncoder writes numbers as their differences.
type deltaEncoder struct {
	runEncoder
	at int64
}

func (e *deltaEncoder) value(v uint64) {
	e.int(int64(v) - e.at)
	e.at = int64(v)
}

// flipEncoder writes booleans as the lengths of alternating runs, beginning
// with false.
type flipEncoder struct {
	out    []byte
	length uint64
	last   bool
	some   bool // a true was written
}

func (e *flipEncoder) value(v bool) {
	if v != e.last {
		e.out = appendUleb(e.out, e.length)
		e.length, e.last = 0, v
	}
	e.length++
	e.some = e.some || v
}

func (e *flipEncoder) finish() []byte {
	if e.length == 0 {
		return nil
	}
	return appendUleb(e.out, e.length)
}
