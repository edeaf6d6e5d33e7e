package sequence

import (
	"encoding/binary"
	"iter"
	"unicode/utf8"
)

// Element is one element of a sequence.
type Element struct {
	ID, Ref ID
	Kind    Kind
	// Content is, by kind, the code point's UTF-8, the scalar's metadata and
	// bytes, or nothing.
	Content []byte
	Cell    int32 // of kind [Cell], the caller's number
	Visible bool
	// Within is how far into the element the position is that was asked for: it
	// is not zero only in cells, and in code points if the unit isn't [Points].
	Within int32
	Width  Width // of the element, were it visible
}

// At returns the visible element that covers a position. It must be within the
// sequence's width.
func (s *Sequence) At(u Unit, pos int32) Element {
	i, k, within := s.locate(u, pos)
	e := s.element(i, k)
	e.Within = within
	return e
}

// Run is like [Sequence.At], and returns as well how many elements, from this
// one on, are next to each other in one span and one unit wide each.
func (s *Sequence) Run(u Unit, pos int32) (e Element, n int32) {
	i, k, within := s.locate(u, pos)
	e = s.element(i, k)
	e.Within = within
	x := &s.spans[i]
	if u != Points && !x.even() {
		return e, 1
	}
	return e, x.n - k
}

func (s *Sequence) locate(u Unit, pos int32) (i, k, within int32) {
	for i = s.root; ; {
		x := &s.spans[i]
		switch left := s.spans[x.left].below[u]; {
		case pos < left:
			i = x.left
			continue
		default:
			pos -= left
		}
		if shown := x.shown()[u]; pos >= shown {
			pos -= shown
			i = x.right
			continue
		}
		k, within = s.within(x, u, pos)
		return i, k, within
	}
}

// within returns the element of a span that covers a position in it.
func (s *Sequence) within(x *span, u Unit, pos int32) (k, within int32) {
	switch {
	case x.kind == Cell:
		return 0, pos
	case x.kind != Text || u == Points || x.even():
		return pos, 0
	}
	for content := s.content[x.at : x.at+x.size]; ; k++ {
		_, n := utf8.DecodeRune(content)
		size := TextWidth(content[:n])[u]
		if pos < size {
			return k, pos
		}
		pos -= size
		content = content[n:]
	}
}

func (s *Sequence) element(i, k int32) Element {
	x := &s.spans[i]
	e := Element{ID: x.id.Plus(k), Ref: x.ref, Kind: x.kind, Visible: x.visible}
	if k > 0 {
		e.Ref = x.id.Plus(k - 1)
	}
	if x.kind == Cell {
		e.Cell, e.Width = x.number, x.width
		return e
	}
	content := s.content[x.at : x.at+x.size][s.offset(x, k):]
	e.Content = content[:sizeOf(x.kind, content)]
	if e.Width = times(1); x.kind == Text {
		e.Width = TextWidth(e.Content)
	}
	return e
}

// Element returns an element by its id.
func (s *Sequence) Element(id ID) (Element, error) {
	i, k, ok := s.find(id)
	if !ok {
		return Element{}, ErrUnknown
	}
	return s.element(i, k), nil
}

// Position returns what is visible before an element.
func (s *Sequence) Position(id ID) (Width, error) {
	i, k, ok := s.find(id)
	if !ok {
		return Width{}, ErrUnknown
	}
	w, x := s.before(i), &s.spans[i]
	if x.visible {
		w = w.Plus(s.widthOf(x, k, x.at, s.offset(x, k)))
	}
	return w, nil
}

// FirstAlike returns the first element of the span that an element is in: each
// from there on was inserted after the one before, and is as visible.
func (s *Sequence) FirstAlike(id ID) ID {
	i, _, ok := s.find(id)
	if !ok {
		return id
	}
	return s.spans[i].id
}

// Span is elements next to each other, each inserted after the one before it
// by the actor's next operation.
type Span struct {
	ID, Ref ID // of the first
	N       int32
	Kind    Kind
	Visible bool
	Content []byte // of all; of [Fill], of each
	Cell    int32

	s *Sequence
	x *span
}

// Spans returns what there is, in order, visible or not. The sequence must not
// change meanwhile.
func (s *Sequence) Spans() iter.Seq[Span] {
	return func(yield func(Span) bool) {
		s.spansFrom(s.next(0), yield)
	}
}

// SpansAfter is like [Sequence.Spans], from the span on that holds the element
// behind another, or the first one behind the head.
func (s *Sequence) SpansAfter(id ID) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		i, k, ok := s.find(id)
		switch {
		case !ok && id != (ID{}):
			return
		case !ok || k == s.spans[i].n-1:
			i = s.next(i)
		}
		s.spansFrom(i, yield)
	}
}

func (s *Sequence) spansFrom(i int32, yield func(Span) bool) {
	for ; i != 0; i = s.next(i) {
		if !yield(s.spanAt(i)) {
			return
		}
	}
}

func (s *Sequence) spanAt(i int32) Span {
	x := &s.spans[i]
	out := Span{ID: x.id, Ref: x.ref, N: x.n, Kind: x.kind, Visible: x.visible, s: s, x: x}
	if x.kind == Cell {
		out.Cell = x.number
	} else {
		out.Content = s.content[x.at : x.at+x.size]
	}
	return out
}

// Deletions returns the operations that deleted element k of the span,
// ascending.
func (p *Span) Deletions(k int32) []ID { return p.s.tombsOf(p.x, k) }

// Deleted returns the only deletion of the span's first element and the step to
// those of the others; ok is false if it wasn't deleted or more than once.
func (p *Span) Deleted() (t Tomb, ok bool) {
	return p.x.gone, !p.Visible && p.x.more == 0 && p.Kind != Cell
}

// Width returns the length of the span, were it visible.
func (p *Span) Width() Width { return p.x.width }

// Cut takes the first element's content off some content of that kind.
func Cut(kind Kind, content []byte) (first, rest []byte) {
	n := sizeOf(kind, content)
	return content[:n], content[n:]
}

// Value reads the metadata of a scalar's content, and returns the bytes behind
// it.
func Value(content []byte) (meta uint64, raw []byte) {
	meta, n := binary.Uvarint(content)
	return meta, content[n : n+int(meta>>4)]
}

// AppendText appends the visible text. Cells are appended by the caller, who
// gets their numbers.
func (s *Sequence) AppendText(b []byte, cell func([]byte, int32) []byte) []byte {
	for i := s.next(0); i != 0; i = s.next(i) {
		switch x := &s.spans[i]; {
		case !x.visible:
		case x.kind == Text:
			b = append(b, s.content[x.at:x.at+x.size]...)
		case x.kind == Cell:
			b = cell(b, x.number)
		}
	}
	return b
}
