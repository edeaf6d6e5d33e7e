package crdt

import "fmt"

// A block marks where a paragraph, a heading or an item of a list begins. It is
// a map that stands in a text, one U+FFFC long; JavaScript's block functions
// make and read the same.

// blocker is a text of an engine that knows blocks.
type blocker interface {
	marker
	// block returns what splitBlock put where a position is, absent if nothing
	// did, and where it begins.
	block(u Unit, pos int) (_ item, start int, err error)
	splitBlock(u Unit, pos int) (item, error)
	blocks(Unit) ([]block, error)
}

type block struct {
	item
	start int
}

// Block returns the attributes of the block that stands at a position, a map;
// they may be edited one by one. It is absent if there is no block. Block returns
// [ErrNotNative] if the document is open in another engine.
func (t Text) Block(pos int) (Value, error) {
	b, err := t.blockAt(pos)
	return t.value(b.item), err
}

func (t Text) blockAt(pos int) (block, error) {
	if !t.s.readable() {
		return block{}, t.s.unread()
	}
	o, ok := t.object.(blocker)
	if !ok {
		return block{}, ErrNotNative
	}
	if pos < 0 || pos >= t.Len() {
		return block{}, t.s.failure
	}
	it, start, err := o.block(t.s.unit, pos)
	return block{it, start}, t.s.saw(err)
}

// SplitBlock begins a block at a position, with attributes as [Map.Set] takes
// them: what follows, up to the next block, belongs to it.
func (t Text) SplitBlock(pos int, attributes map[string]any) error {
	if err := t.s.writable(); err != nil {
		return err
	}
	o, ok := t.object.(blocker)
	if !ok {
		return ErrNotNative
	}
	if err := checkRange(pos, 0, t.Len(), t.s); err != nil {
		return err
	}
	n, err := prepare(attributes)
	if err == nil {
		err = t.fits(n)
	}
	if err != nil {
		return err
	}
	made, err := o.splitBlock(t.s.unit, pos)
	if t.s.did(err) != nil {
		return t.s.failure
	}
	return t.fill(made, n)
}

// JoinBlock takes out the block that stands at a position: what belonged to it
// belongs to the one before. It returns [ErrNoBlock] if there is none.
func (t Text) JoinBlock(pos int) error {
	_, err := t.joinBlock(pos)
	return err
}

// joinBlock returns where the block was.
func (t Text) joinBlock(pos int) (start int, err error) {
	if err := t.s.writable(); err != nil {
		return 0, err
	}
	b, err := t.blockAt(pos)
	switch {
	case err != nil:
		return 0, err
	case b.kind != KindMap:
		return 0, fmt.Errorf("%w: at %d", ErrNoBlock, pos)
	}
	return b.start, t.splice(b.start, t.s.unit.width(placeholder), "")
}

// UpdateBlock puts a block in the place of the one that stands at a position; of
// two people who do that at once, each gets theirs. [Text.Block] is for editing
// single attributes. It returns [ErrNoBlock] if there is none.
func (t Text) UpdateBlock(pos int, attributes map[string]any) error {
	start, err := t.joinBlock(pos)
	if err != nil {
		return err
	}
	return t.SplitBlock(start, attributes)
}
