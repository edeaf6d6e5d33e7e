package sequence

import (
	"errors"
	"math"
	"unsafe"
)

// ErrUnknown is returned for an element that the sequence doesn't have.
var ErrUnknown = errors.New("sequence: no such element")

// Sequence is the order of one list's or text's elements. Make it with [New].
type Sequence struct {
	actors  Actors
	spans   []span // the first stands for none
	root    int32
	unused  []int32 // spans that were merged into others
	content []byte
	tombs   [][]Tomb // of elements that were deleted more than once; the first stands for none
	index   index
	highest uint32 // no element has a greater counter
	loading bool   // spans are in order, without tree and index
}

var noTombs = make([][]Tomb, 1) // to which appending makes a copy

// New returns an empty sequence.
func New(actors Actors) *Sequence {
	s := &Sequence{actors: actors, spans: make([]span, 1, 2), tombs: noTombs}
	s.spans[0].least = ID{math.MaxUint32, math.MaxUint32}
	return s
}

// Width returns the length of what is visible.
func (s *Sequence) Width() Width { return s.spans[s.root].below }

// Size returns how many bytes its elements hold, deleted ones included. It must
// stay within 31 bits.
func (s *Sequence) Size() int { return len(s.content) }

// Has reports whether the sequence has an element.
func (s *Sequence) Has(id ID) bool {
	_, _, ok := s.find(id)
	return ok
}

// SetCell says whether a cell is visible now, and how wide.
func (s *Sequence) SetCell(id ID, visible bool, width Width) error {
	i, _, ok := s.find(id)
	if !ok || s.spans[i].kind != Cell {
		return ErrUnknown
	}
	s.spans[i].visible, s.spans[i].width = visible, width
	s.refresh(i)
	return nil
}

// MakeCell gives an element that holds text or a scalar to the caller, and
// returns what it was and how it was deleted.
func (s *Sequence) MakeCell(id ID, number int32, visible bool, width Width) (was Element, deaths []ID, err error) {
	i, k, ok := s.find(id)
	if !ok || s.spans[i].kind == Cell {
		return Element{}, nil, ErrUnknown
	}
	was, deaths = s.element(i, k), s.tombsOf(&s.spans[i], k)
	i = s.isolate(i, k, 1)
	x := &s.spans[i]
	x.kind, x.number, x.size, x.gone, x.more = Cell, number, 0, Tomb{}, 0
	x.visible, x.width = visible, width
	s.refresh(i)
	return was, deaths, nil
}

// add makes a span behind another.
func (s *Sequence) add(after int32, x span) int32 {
	var i int32
	if last := len(s.unused) - 1; last >= 0 {
		i, s.unused = s.unused[last], s.unused[:last]
		s.spans[i] = x
	} else {
		i = int32(len(s.spans))
		s.spans = append(s.spans, x)
	}
	s.highest = max(s.highest, x.id.Counter)
	s.link(after, i)
	s.enter(i)
	return i
}

// split cuts a span in two before its element k, and returns the latter part.
func (s *Sequence) split(i, k int32) int32 {
	x := &s.spans[i]
	y := *x
	y.id, y.ref, y.n = x.id.Plus(k), x.id.Plus(k-1), x.n-k
	y.up, y.left, y.right = 0, 0, 0
	if x.kind != Fill {
		cut := s.offset(x, k)
		y.at, y.size = x.at+cut, x.size-cut
		x.size = cut
	}
	if !x.visible && x.kind != Cell {
		var buf, later [2]Tomb
		s.setDeaths(&y, advanced(s.deaths(x, buf[:]), k, later[:]))
		x = &s.spans[i]
	}
	width := s.widthOf(x, k, x.at, x.size)
	for u := range y.width {
		y.width[u] = x.width[u] - width[u]
	}
	x.n, x.width = k, width
	s.refresh(i)
	return s.add(i, y)
}

// isolate makes a part of a span a span of its own.
func (s *Sequence) isolate(i, k, n int32) int32 {
	if k > 0 {
		i = s.split(i, k)
	}
	if n < s.spans[i].n {
		s.split(i, n)
	}
	return i
}

// tidy merges a span with its neighbours, where they are alike.
func (s *Sequence) tidy(i int32) {
	if next := s.next(i); next != 0 {
		s.merge(i, next)
	}
	if prev := s.prev(i); prev != 0 {
		s.merge(prev, i)
	}
}

// merge makes two neighbouring spans one, if they are alike.
func (s *Sequence) merge(i, j int32) {
	if s.alike(i, j) {
		s.drop(j)
		s.join(i, j)
		s.refresh(i)
	}
}

// alike reports whether neighbouring spans can be one.
func (s *Sequence) alike(i, j int32) bool {
	x, y := &s.spans[i], &s.spans[j]
	if x.kind != y.kind || x.kind == Cell || y.ref != x.last() || y.id != x.id.Plus(x.n) {
		return false
	}
	if n := s.buried(x); n >= manyTombs || n != s.buried(y) {
		return false
	}
	var buf [2]Tomb
	if !s.follow(x, s.deaths(y, buf[:]), y.n) {
		return false
	}
	if x.kind == Fill {
		return string(s.content[x.at:x.at+x.size]) == string(s.content[y.at:y.at+y.size])
	}
	return x.at+x.size == y.at && (x.even() && y.even() || x.n+y.n <= maxUneven)
}

// join makes a span part of the one before it, which is alike.
func (s *Sequence) join(i, j int32) {
	x, y := &s.spans[i], &s.spans[j]
	var buf [2]Tomb
	s.continueDeaths(x, s.deaths(y, buf[:]), y.n)
	x.n += y.n
	x.width = x.width.Plus(y.width)
	if x.kind != Fill {
		x.size += y.size
	}
}

// drop takes a span out of the sequence.
func (s *Sequence) drop(i int32) {
	s.unlink(i)
	s.leave(i)
	s.unused = append(s.unused, i)
}

// Footprint estimates the memory that the sequence takes, in bytes.
func (s *Sequence) Footprint() int64 {
	const perTombs = int64(unsafe.Sizeof([]Tomb{}) + unsafe.Sizeof(Tomb{}))
	return int64(unsafe.Sizeof(*s)) + int64(cap(s.content)) + int64(cap(s.tombs))*perTombs +
		int64(cap(s.spans))*int64(unsafe.Sizeof(span{})+unsafe.Sizeof(int32(0)))
}
