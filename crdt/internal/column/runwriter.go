package column

// RunWriter writes a run-length encoded column: values that repeat as runs,
// others together as literals, nulls as runs of their own. The zero RunWriter
// is ready. A column holds numbers of one encoding, or texts; a caller sticks
// to one kind of Append method.
//
// The values of the open run lie at the end of out; its length goes before
// them when it ends.
type RunWriter struct {
	out    []byte
	start  int // where the open run's values begin
	last   int // where the latest of them begins
	length int64
	num    int64 // the latest value, if it is a number
	kind   uint8 // of the open run
	some   bool
}

// Reset begins another column in the same memory.
func (w *RunWriter) Reset() { *w = RunWriter{out: w.out[:0]} }

// AppendNull appends n rows without value.
func (w *RunWriter) AppendNull(n int) {
	if n <= 0 {
		return
	}
	if w.kind != nullRun {
		w.flush()
		w.kind = nullRun
	}
	w.length += int64(n)
}

// AppendUint appends n rows of an unsigned number.
func (w *RunWriter) AppendUint(v uint64, n int) {
	switch {
	case n <= 0:
	case w.repeats() && uint64(w.num) == v:
		w.extend(int64(n))
	default:
		w.num = int64(v)
		w.begin(int64(n))
		w.out = AppendUleb(w.out, v)
	}
}

// AppendInt appends n rows of a signed number.
func (w *RunWriter) AppendInt(v int64, n int) {
	switch {
	case n <= 0:
	case w.repeats() && w.num == v:
		w.extend(int64(n))
	default:
		w.num = v
		w.begin(int64(n))
		w.out = AppendSleb(w.out, v)
	}
}

// AppendText appends n rows of a string.
func (w *RunWriter) AppendText(v []byte, n int) { appendText(w, v, n) }

// AppendString does the same for a string.
func (w *RunWriter) AppendString(v string, n int) { appendText(w, v, n) }

func appendText[T []byte | string](w *RunWriter, v T, n int) {
	if n <= 0 {
		return
	}
	at := len(w.out) - len(v)
	if w.repeats() && at == w.last+UlebSize(uint64(len(v))) && string(w.out[at:]) == string(v) {
		w.extend(int64(n))
		return
	}
	w.begin(int64(n))
	w.out = AppendUleb(w.out, uint64(len(v)))
	w.out = append(w.out, v...)
}

// repeats reports whether the latest row has a value.
func (w *RunWriter) repeats() bool { return w.kind >= repeatRun }

// extend adds rows of the latest value.
func (w *RunWriter) extend(n int64) {
	if w.kind == repeatRun {
		w.length += n
		return
	}
	w.length-- // the value leaves the literals and begins a run of its own
	w.prefix(w.last)
	w.kind, w.length = repeatRun, n+1
}

// begin makes room for a value that differs from the latest one.
func (w *RunWriter) begin(n int64) {
	w.some = true
	if n == 1 && w.kind == literalRun {
		w.length++
		w.last = len(w.out)
		return
	}
	w.flush()
	w.kind, w.length = literalRun, n
	if n > 1 {
		w.kind = repeatRun
	}
	w.last = len(w.out)
}

// flush ends the open run, if there is one.
func (w *RunWriter) flush() {
	if w.kind == nullRun {
		w.out = AppendUleb(append(w.out, 0), uint64(w.length))
		w.start = len(w.out)
	} else if w.length > 0 {
		w.prefix(len(w.out))
		w.start = len(w.out)
	}
	w.kind, w.length = noRun, 0
}

// prefix puts the open run's length before those of its values that end at
// end; what follows them begins the next run.
func (w *RunWriter) prefix(end int) {
	if w.length > 0 {
		length := w.length
		if w.kind == literalRun {
			length = -length
		}
		var head [10]byte
		h := AppendSleb(head[:0], length)
		w.out = append(w.out, h...)
		copy(w.out[w.start+len(h):], w.out[w.start:len(w.out)-len(h)])
		copy(w.out[w.start:], h)
		end += len(h)
	}
	w.start, w.last = end, end
}

// Bytes ends the column and returns it; the next Append, or Reset, may
// overwrite it. A column of nulls only is left out: it has no bytes.
func (w *RunWriter) Bytes() []byte {
	if !w.some {
		return nil
	}
	w.flush()
	return w.out
}

// DeltaWriter writes numbers as their differences. The zero DeltaWriter is
// ready.
type DeltaWriter struct {
	w  RunWriter
	at int64
}

// Reset begins another column in the same memory.
func (w *DeltaWriter) Reset() {
	w.w.Reset()
	w.at = 0
}

// AppendNull appends n rows without value.
func (w *DeltaWriter) AppendNull(n int) { w.w.AppendNull(n) }

// Append appends one row.
func (w *DeltaWriter) Append(v int64) {
	w.w.AppendInt(v-w.at, 1)
	w.at = v
}

// AppendRun appends n rows: first, first+step, ….
func (w *DeltaWriter) AppendRun(first, step int64, n int) {
	if n <= 0 {
		return
	}
	w.Append(first)
	w.w.AppendInt(step, n-1)
	w.at = first + step*int64(n-1)
}

// Bytes ends the column and returns it, as [RunWriter.Bytes] does.
func (w *DeltaWriter) Bytes() []byte { return w.w.Bytes() }
