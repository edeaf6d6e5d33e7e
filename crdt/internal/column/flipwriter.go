package column

// FlipWriter writes booleans as the lengths of alternating runs, beginning with
// false. The zero FlipWriter is ready.
type FlipWriter struct {
	out    []byte
	length uint64
	last   bool
	some   bool // a true was written
}

// Reset begins another column in the same memory.
func (w *FlipWriter) Reset() { *w = FlipWriter{out: w.out[:0]} }

// Append appends n rows.
func (w *FlipWriter) Append(v bool, n int) {
	if n <= 0 {
		return
	}
	if v != w.last {
		w.out = AppendUleb(w.out, w.length)
		w.length, w.last = 0, v
	}
	w.length += uint64(n)
	w.some = w.some || v
}

// Some reports whether a true has been appended. Some columns are left out if
// none has.
func (w *FlipWriter) Some() bool { return w.some }

// Bytes ends the column and returns it; the next Append, or Reset, may
// overwrite it. A column without rows has no bytes.
func (w *FlipWriter) Bytes() []byte {
	if w.length > 0 {
		w.out = AppendUleb(w.out, w.length)
		w.length = 0
	}
	return w.out
}
