package sequence

// Loader fills an empty sequence with elements that are in order already.
type Loader struct {
	s    *Sequence
	last int32
}

// Load begins to fill a sequence, which must be empty and not be used until
// [Loader.Done].
func (s *Sequence) Load() Loader {
	s.loading = true
	return Loader{s: s}
}

// Text adds code points, as [Sequence.InsertText] does, and how they were
// deleted, if they were.
func (l *Loader) Text(id, ref ID, text []byte, deaths []Tomb) {
	l.last = l.s.putText(l.last, id, ref, text, deaths)
}

// Values adds n equal scalars, and how they were deleted, if they were.
func (l *Loader) Values(id, ref ID, n int32, encoded []byte, deaths []Tomb) {
	l.last = l.s.putValues(l.last, id, ref, n, encoded, deaths)
}

// Cell adds a cell.
func (l *Loader) Cell(id, ref ID, number int32, visible bool, width Width) {
	l.last = l.s.putCell(l.last, id, ref, number, visible, width)
}

// MakeCell gives the element that was added last to the caller, who has more to
// say of it, and returns what it was and how it was deleted.
func (l *Loader) MakeCell(number int32) (was Element, deaths []ID) {
	s := l.s
	last := s.spans[l.last].n - 1
	was, deaths = s.element(l.last, last), s.tombsOf(&s.spans[l.last], last)
	if last > 0 {
		l.last = s.split(l.last, last)
	}
	x := &s.spans[l.last]
	x.kind, x.number, x.size, x.gone, x.more = Cell, number, 0, Tomb{}, 0
	return was, deaths
}

// SetCell says whether the element that was added last, a cell, is visible, and
// how wide.
func (l *Loader) SetCell(visible bool, width Width) {
	s := l.s
	s.spans[l.last].visible, s.spans[l.last].width = visible, width
}

// Done ends loading. It reports whether every element has an id of its own; the
// sequence must not be used otherwise.
func (l *Loader) Done() bool {
	s := l.s
	s.loading = false
	s.root = s.build(1, int32(len(s.spans)-1), 0)
	return s.indexAll()
}
