package opset

import (
	"iter"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// A block is a map that is an element of a text.

// block returns the block that a cell is, or nil.
func (o *Object) block(cell int32) *Object {
	if w := o.cells[cell].winner(); w != nil && w.Action == change.ActionMakeMap {
		return w.Object
	}
	return nil
}

// Block returns the block that covers a position of a text, which must be within
// its length, and where it begins; nil if something else stands there.
func (o *Object) Block(u sequence.Unit, pos int) (block *Object, start int) {
	e := o.seq.At(u, int32(pos))
	if e.Kind != sequence.Cell {
		return nil, 0
	}
	return o.block(e.Cell), pos - int(e.Within)
}

// Blocks returns the blocks of a text, by their positions.
func (o *Object) Blocks(u sequence.Unit) iter.Seq2[int, *Object] {
	return func(yield func(int, *Object) bool) {
		pos := 0
		for span := range o.seq.Spans() {
			if !span.Visible {
				continue
			}
			if span.Kind == sequence.Cell {
				if block := o.block(span.Cell); block != nil && !yield(pos, block) {
					return
				}
			}
			pos += int(span.Width()[u])
		}
	}
}
