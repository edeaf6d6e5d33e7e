package crdt

import (
	"unicode/utf8"
)

// Text is a handle of a text of the document. It is valid inside the View or
// Change that it comes from, in that goroutine; the zero Text reads as empty.
// Positions and lengths are in the document's unit: code points, unless
// [Positions] says otherwise.
//
// What an editor embeds in a text (a block) reads as one U+FFFC.
type Text struct {
	place
	object textObject
}

// String returns the text.
func (t Text) String() string {
	if !t.s.readable() {
		return ""
	}
	text, err := t.object.appendTo(nil)
	return string(read(t.s, text, err))
}

// Len returns the length of the text.
func (t Text) Len() int {
	if !t.s.readable() {
		return 0
	}
	n, err := t.object.len(t.s.unit)
	return read(t.s, n, err)
}

// Splice takes out del units from pos on and puts a string in their place.
func (t Text) Splice(pos, del int, insert string) error {
	if err := t.s.writable(); err != nil {
		return err
	}
	if err := checkRange(pos, del, t.Len(), t.s); err != nil {
		return err
	}
	if !utf8.ValidString(insert) {
		return errUTF8
	}
	return t.splice(pos, del, insert)
}

// Insert puts a string at a position; Len is the end.
func (t Text) Insert(pos int, s string) error { return t.Splice(pos, 0, s) }

// Delete takes out n units from pos on.
func (t Text) Delete(pos, n int) error { return t.Splice(pos, n, "") }

// Append puts a string at the end.
func (t Text) Append(s string) error { return t.Splice(t.Len(), 0, s) }

// Set makes the text equal to s with few edits, letter by letter, so that what
// others write meanwhile keeps its place. Letters of several code points are
// replaced whole.
func (t Text) Set(s string) error {
	if err := t.s.writable(); err != nil {
		return err
	}
	if !utf8.ValidString(s) {
		return errUTF8
	}
	return t.edit(s)
}

func (t Text) edit(s string) error {
	before := t.String()
	if t.s.failure != nil {
		return t.s.failure
	}
	edits := textEdits(before, s, t.s.unit)
	for i := len(edits) - 1; i >= 0; i-- { // from the end, so that positions stay right
		if err := t.splice(edits[i].pos, edits[i].del, edits[i].insert); err != nil {
			return err
		}
	}
	return nil
}

func (t Text) splice(pos, del int, insert string) error {
	if del == 0 && insert == "" {
		return nil
	}
	return t.s.did(t.object.splice(t.s.unit, pos, del, insert))
}
