package sequence

import (
	"encoding/binary"
	"unicode/utf8"
)

// Kind says what the elements of a span are.
type Kind uint8

// The kinds of spans.
const (
	Text   Kind = iota // code points; the content is their UTF-8
	Values             // scalars; the content is, for each, its metadata as LEB128 and its bytes
	Fill               // equal scalars; the content is one of them
	Cell               // one element, which the caller keeps
)

// maxUneven is the most elements of a span in which finding one means to walk
// over those before it.
const maxUneven = 64

// span is elements next to each other, each inserted after the one before it
// by the actor's next operation. It is a node of the sequence's tree.
type span struct {
	id, ref ID // of the first element, and what it was inserted after
	n       int32
	kind    Kind
	visible bool
	height  int8
	gone    Tomb  // if it isn't visible
	more    int32 // index of further tombs
	number  int32 // of a cell
	at      int32 // where its content begins
	size    int32
	width   Width // of all elements, were they visible

	up, left, right int32
	below           Width // visible in this node and under it
	least           ID    // the least first id in this node and under it
}

// last returns the id of the span's last element.
func (x *span) last() ID { return x.id.Plus(x.n - 1) }

// even reports whether an element's content is found without walking.
func (x *span) even() bool {
	return x.kind == Fill || x.kind == Cell || x.kind == Text && x.width[Bytes] == x.n
}

// shown is the width that the span adds to what is visible.
func (x *span) shown() Width {
	if x.visible {
		return x.width
	}
	return Width{}
}

// offset returns where the content of element k begins, within the span's.
func (s *Sequence) offset(x *span, k int32) int32 {
	switch {
	case x.kind == Fill || x.kind == Cell || k == 0:
		return 0
	case k == x.n:
		return x.size
	case x.even():
		return k
	}
	content := s.content[x.at : x.at+x.size]
	at := 0
	for ; k > 0; k-- {
		at += sizeOf(x.kind, content[at:])
	}
	return int32(at)
}

// sizeOf returns the length of the first element of some content.
func sizeOf(kind Kind, content []byte) int {
	if kind == Text {
		_, n := utf8.DecodeRune(content)
		return n
	}
	meta, n := binary.Uvarint(content)
	return n + int(meta>>4)
}

// widthOf measures a part of a span.
func (s *Sequence) widthOf(x *span, n, at, size int32) Width {
	switch {
	case x.kind != Text:
		return times(n)
	case x.width[Bytes] == x.n:
		return times(n)
	}
	return TextWidth(s.content[at : at+size])
}
