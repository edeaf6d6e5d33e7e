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

// Done ends loading.
func (l *Loader) Done() {
	s := l.s
	s.loading = false
	s.root = s.build(1, int32(len(s.spans)-1), 0)
	s.indexAll()
}
