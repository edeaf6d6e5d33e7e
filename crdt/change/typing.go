package change

import (
	"iter"
	"unicode/utf8"
)

// Typing is an operation and, if that inserts a letter, those that follow it and do
// so as well: each one code point, after the one before.
type Typing struct {
	Op
	Letters []byte // of those that follow
	Size    int    // of each of them, in bytes
}

// Rest yields the operations that follow the first, one by one.
func (t *Typing) Rest() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		op := t.Op
		for from := 0; from < len(t.Letters); from += t.Size {
			to := from + t.Size
			op.Key, op.Value.Raw = ElemKey(op.ID), t.Letters[from:to:to]
			op.ID.Counter++
			if !yield(op) {
				return
			}
		}
	}
}

// Typings is [Change.Operations] for those who can take what was typed, or pasted,
// at once.
func (c *Change) Typings() iter.Seq2[Typing, error] {
	return func(yield func(Typing, error) bool) {
		d := decoder{c: c}
		for op, err := range d.ops {
			t := Typing{Op: op}
			if err == nil && d.left > 1 && d.types(&op) {
				t.Size = len(op.Value.Raw)
				t.Letters = d.letters(t.Size)
			}
			if !yield(t, err) {
				return
			}
		}
	}
}

// types reports whether each row of the span, but the first, inserts a string behind
// the row before it. The current row's values have been read.
func (d *decoder) types(op *Op) bool {
	key := &d.col[colKeyCtr]
	return op.Insert && op.Action == ActionSet && op.Key.InList &&
		op.Key.Elem == OpID{op.ID.Counter - 1, op.ID.Actor} && !key.Null() && key.Num == 1 &&
		op.Value.Type == ValueText && len(op.Value.Raw) > 0 && len(op.Pred) == 0 && !op.Expand && op.MarkName == nil
}

// letters reads the rows of the span behind the current one whose values are one
// code point of so many bytes each, and returns these.
func (d *decoder) letters(size int) []byte {
	most := min(d.left-1, len(d.raw)/size)
	n := 0
	for n < most && isLetter(d.raw[n*size:(n+1)*size]) {
		n++
	}
	read := d.raw[: n*size : n*size]
	d.raw = d.raw[n*size:]
	d.skip(n)
	return read
}

// isLetter reports whether some bytes are one code point.
func isLetter(raw []byte) bool {
	if len(raw) == 1 {
		return raw[0] < utf8.RuneSelf
	}
	_, size := utf8.DecodeRune(raw)
	return size == len(raw)
}
