package crdt

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Cursor is a place in a text that stays with the letter behind it, whatever is
// written around it: a caret, an end of a selection, what a comment is about. It
// is a string to be stored and sent; JavaScript's getCursor and
// getCursorPosition make and read the same.
type Cursor string

// The cursors that stay at the beginning and at the end of a text.
const (
	CursorStart Cursor = "s"
	CursorEnd   Cursor = "e"
)

// Move says where a cursor goes if the letter behind it is deleted.
type Move uint8

// How cursors move: to the next letter that is left, or to the nearest one
// before that. The latter is among the letters after which, one after the other,
// the deleted one was inserted.
const (
	MoveAfter Move = iota
	MoveBefore
)

// maxCursor is the length of the longest cursor, in bytes.
const maxCursor = len("-18446744073709551615@") + 2*change.MaxActorSize

// anchorer is a text of an engine that knows cursors.
type anchorer interface {
	anchor(u Unit, pos int) (change.OpID, error)
	anchored(u Unit, op change.OpID, back bool) (pos int, ok bool, err error)
}

// Cursor returns a cursor at a position; at Len it is [CursorEnd]. It returns
// [ErrNotNative] if the document is open in another engine.
func (t Text) Cursor(pos int, move Move) (Cursor, error) {
	o, err := t.anchorer()
	if err != nil {
		return "", err
	}
	length := t.Len()
	if err := checkRange(pos, 0, length, t.s); err != nil {
		return "", err
	}
	if pos == length {
		return CursorEnd, nil
	}
	op, err := o.anchor(t.s.unit, pos)
	if t.s.saw(err) != nil {
		return "", err
	}
	c := fmt.Sprintf("%d@%s", op.Counter, op.Actor)
	if move == MoveBefore {
		c = "-" + c
	}
	return Cursor(c), nil
}

// Position returns where a cursor is now. Cursors may come from anybody: what is
// none, or names a letter of another text or of a change that isn't here yet, is
// [ErrCursor]. It takes logarithmic time; where a cursor moves before, also time
// for the stretches of deleted text that it passes; and for what is no letter's
// cursor, time for all marks and blocks of the text.
func (t Text) Position(c Cursor) (int, error) {
	o, err := t.anchorer()
	switch {
	case err != nil:
		return 0, err
	case c == CursorStart:
		return 0, nil
	case c == CursorEnd:
		n := t.Len()
		return n, t.s.failure
	}
	op, back, ok := c.parse()
	if !ok {
		return 0, ErrCursor
	}
	pos, ok, err := o.anchored(t.s.unit, op, back)
	if t.s.saw(err) != nil {
		return 0, err
	}
	if !ok {
		return 0, fmt.Errorf("%w: %s", ErrCursor, c)
	}
	return pos, nil
}

func (t Text) anchorer() (anchorer, error) {
	if err := t.s.usable(); err != nil {
		return nil, err
	}
	o, ok := t.object.(anchorer)
	if !ok {
		return nil, ErrNotNative
	}
	return o, nil
}

// parse returns the operation that a cursor names: its counter, "@", and its
// actor in hexadecimal. A "-" before them says that it moves before.
func (c Cursor) parse() (op change.OpID, back, ok bool) {
	if len(c) > maxCursor {
		return op, false, false
	}
	rest, back := strings.CutPrefix(string(c), "-")
	counter, actor, _ := strings.Cut(rest, "@")
	n, err := strconv.ParseUint(counter, 10, 64)
	if err != nil {
		return op, false, false
	}
	id, err := hex.DecodeString(actor)
	return change.OpID{Counter: n, Actor: ActorID(id)}, back, err == nil
}
