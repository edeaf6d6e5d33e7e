package sequence

import "unicode/utf8"

// InsertText inserts a code point for each id from id on, the first after ref
// and each other after the one before.
func (s *Sequence) InsertText(id, ref ID, text []byte) error {
	after, err := s.place(ref, id)
	if err != nil {
		return err
	}
	s.putText(after, id, ref, text, nil)
	return nil
}

// InsertValues inserts n equal scalars: encoded is their metadata as LEB128,
// followed by their bytes.
func (s *Sequence) InsertValues(id, ref ID, n int32, encoded []byte) error {
	after, err := s.place(ref, id)
	if err != nil {
		return err
	}
	s.putValues(after, id, ref, n, encoded, nil)
	return nil
}

// InsertCell inserts an element that the caller keeps, under a number of its
// own.
func (s *Sequence) InsertCell(id, ref ID, number int32, visible bool, width Width) error {
	after, err := s.place(ref, id)
	if err != nil {
		return err
	}
	s.putCell(after, id, ref, number, visible, width)
	return nil
}

// place returns the span behind which a new element goes that is inserted after
// ref; 0 for the front. Elements with greater ids that are there already were
// inserted by somebody who didn't know of this one: they, and what was inserted
// after them, come first.
func (s *Sequence) place(ref, id ID) (after int32, err error) {
	if ref != (ID{}) {
		i, k, ok := s.find(ref)
		if !ok {
			return 0, ErrUnknown
		}
		after = i
		if x := &s.spans[i]; k < x.n-1 && s.less(x.id.Plus(k+1), id) {
			s.split(i, k+1)
			return after, nil
		}
	}
	if id.Counter > s.highest {
		return after, nil
	}
	if next := s.firstLess(after, id); next != 0 {
		return s.prev(next), nil
	}
	return s.rightmost(s.root), nil
}

// putText adds text behind a span, to that span if possible, and returns the
// last span that it touched.
func (s *Sequence) putText(after int32, id, ref ID, text []byte, deaths []Tomb) int32 {
	var buf [2]Tomb
	for done := int32(0); len(text) > 0; {
		left := advanced(deaths, done, buf[:])
		n, size := s.room(after, id, ref, text, left)
		if n == 0 {
			if n, size = ascii(text); n == 0 {
				n, size = points(text, maxUneven)
			}
			after = s.start(after, span{id: id, ref: ref, kind: Text}, left)
		}
		s.content = append(s.content, text[:size]...)
		s.extend(after, n, size, TextWidth(text[:size]), left)
		id, ref = id.Plus(n), id.Plus(n-1)
		text, done = text[size:], done+n
	}
	return after
}

// advanced returns deletions without those of the first k elements.
func advanced(deaths []Tomb, k int32, buf []Tomb) []Tomb {
	if k == 0 || len(deaths) == 0 {
		return deaths
	}
	buf = buf[:0]
	for _, t := range deaths {
		buf = append(buf, Tomb{t.At(k), t.Step})
	}
	return buf
}

// room returns how much of a text can become part of a span: a number of
// elements and bytes.
func (s *Sequence) room(i int32, id, ref ID, text []byte, deaths []Tomb) (n, size int32) {
	x := &s.spans[i]
	switch {
	case !s.continues(i, Text, id, ref):
		return 0, 0
	case !x.even():
		n, size = points(text, maxUneven-x.n)
	default:
		if n, size = ascii(text); n == 0 {
			n, size = points(text, maxUneven-x.n)
		}
	}
	if n > 0 && !s.follow(x, deaths, n) {
		return 0, 0
	}
	return n, size
}

// continues reports whether new elements can become part of a span, as far as
// their ids and content go.
func (s *Sequence) continues(i int32, kind Kind, id, ref ID) bool {
	x := &s.spans[i]
	return i != 0 && x.kind == kind && x.last() == ref && ref.Plus(1) == id &&
		(kind == Fill || int(x.at+x.size) == len(s.content))
}

// ascii measures the ASCII characters that a text begins with.
func ascii(text []byte) (n, size int32) {
	for int(n) < len(text) && text[n] < utf8.RuneSelf {
		n++
	}
	return n, n
}

// points measures a text's first code points, at most limit.
func points(text []byte, limit int32) (n, size int32) {
	for n < limit && int(size) < len(text) {
		_, w := utf8.DecodeRune(text[size:])
		n, size = n+1, size+int32(w)
	}
	return n, size
}

// start adds a span that has no elements yet.
func (s *Sequence) start(after int32, x span, deaths []Tomb) int32 {
	x.at = int32(len(s.content))
	s.setDeaths(&x, deaths)
	return s.add(after, x)
}

// extend makes a span longer by elements whose content has been added.
func (s *Sequence) extend(i, n, size int32, width Width, deaths []Tomb) {
	x := &s.spans[i]
	if x.n > 0 {
		s.continueDeaths(x, deaths, n)
	}
	x.n += n
	x.size += size
	x.width = x.width.Plus(width)
	s.highest = max(s.highest, x.last().Counter)
	s.refresh(i)
}

// putValues adds equal scalars behind a span, to that span if possible.
func (s *Sequence) putValues(after int32, id, ref ID, n int32, encoded []byte, deaths []Tomb) int32 {
	x := &s.spans[after]
	equal := string(s.content[x.at:x.at+x.size]) == string(encoded)
	size := int32(0)
	switch {
	case s.continues(after, Fill, id, ref) && equal && s.follow(x, deaths, n):
	case s.continues(after, Values, id, ref) && x.n == 1 && equal && s.follow(x, deaths, n):
		x.kind = Fill
	case n == 1 && s.continues(after, Values, id, ref) && x.n < maxUneven && s.follow(x, deaths, n):
		s.content = append(s.content, encoded...)
		size = int32(len(encoded))
	default:
		kind := Values
		if n > 1 {
			kind = Fill
		}
		after = s.start(after, span{id: id, ref: ref, kind: kind}, deaths)
		s.content = append(s.content, encoded...)
		size = int32(len(encoded))
	}
	s.extend(after, n, size, times(n), deaths)
	return after
}

func (s *Sequence) putCell(after int32, id, ref ID, number int32, visible bool, width Width) int32 {
	return s.add(after, span{id: id, ref: ref, n: 1, kind: Cell, number: number, visible: visible, width: width})
}
