package sequence

import "slices"

// Tomb is a run of deletions: of a first element by an operation, and of each
// other by the one that is a step later.
type Tomb struct {
	By   ID
	Step int8
}

// At returns the deletion of an element that is k after the first.
func (t Tomb) At(k int32) ID { return t.By.Plus(int32(t.Step) * k) }

// joined returns the run that two neighbouring ones of n and m elements are
// together.
func (t Tomb) joined(n int32, next Tomb, m int32) (Tomb, bool) {
	gap := int64(next.By.Counter) - int64(t.At(n-1).Counter)
	switch {
	case t.By.Actor != next.By.Actor, gap != 1 && gap != -1:
		return t, false
	case n > 1 && int64(t.Step) != gap, m > 1 && int64(next.Step) != gap:
		return t, false
	}
	return Tomb{t.By, int8(gap)}, true
}

// A span's first tomb is kept in it; those of later, concurrent deletions of
// the same elements are in a list of their own.

// manyTombs is from how many deletions on a span isn't joined with others: who
// deletes the same again and again must not have them compared and copied each
// time.
const manyTombs = 16

// buried returns how often a span was deleted.
func (s *Sequence) buried(x *span) int {
	if x.visible || x.kind == Cell {
		return 0
	}
	return 1 + len(s.tombs[x.more])
}

// addDeath gives a span one more deletion.
func (s *Sequence) addDeath(x *span, t Tomb) {
	switch {
	case x.visible:
		x.visible, x.gone, x.more = false, t, 0
	case x.more == 0:
		s.tombs = append(s.tombs, []Tomb{t})
		x.more = int32(len(s.tombs) - 1)
	default:
		s.tombs[x.more] = append(s.tombs[x.more], t)
	}
}

// deaths returns a span's deletions, in buf if there is room.
func (s *Sequence) deaths(x *span, buf []Tomb) []Tomb {
	if x.visible || x.kind == Cell {
		return nil
	}
	return append(append(buf[:0], x.gone), s.tombs[x.more]...)
}

// setDeaths gives a span its deletions.
func (s *Sequence) setDeaths(x *span, deaths []Tomb) {
	x.visible, x.gone, x.more = len(deaths) == 0, Tomb{}, 0
	if len(deaths) > 0 {
		x.gone = deaths[0]
	}
	if len(deaths) > 1 {
		s.tombs = append(s.tombs, slices.Clone(deaths[1:]))
		x.more = int32(len(s.tombs) - 1)
	}
}

// follow reports whether deletions of m elements continue those of a span.
func (s *Sequence) follow(x *span, deaths []Tomb, m int32) bool {
	if s.buried(x) != len(deaths) {
		return false
	}
	var buf [2]Tomb
	for i, t := range s.deaths(x, buf[:]) {
		if _, ok := t.joined(x.n, deaths[i], m); !ok {
			return false
		}
	}
	return true
}

// continueDeaths makes a span's deletions include those of m elements more,
// which follow.
func (s *Sequence) continueDeaths(x *span, deaths []Tomb, m int32) {
	if len(deaths) == 0 {
		return
	}
	x.gone, _ = x.gone.joined(x.n, deaths[0], m)
	for i, t := range s.tombs[x.more] {
		s.tombs[x.more][i], _ = t.joined(x.n, deaths[i+1], m)
	}
}

// Delete notes that n elements, from id on, were deleted. Cells are the
// caller's: it stops before one, and returns how many elements it has dealt
// with.
func (s *Sequence) Delete(id ID, n int32, t Tomb) (int32, error) {
	done := int32(0)
	for done < n {
		i, k, ok := s.find(id.Plus(done))
		if !ok {
			return done, ErrUnknown
		}
		if s.spans[i].kind == Cell {
			return done, nil
		}
		part := min(n-done, s.spans[i].n-k)
		s.bury(i, k, part, Tomb{t.At(done), t.Step})
		done += part
	}
	return done, nil
}

// bury notes a deletion of a part of a span.
func (s *Sequence) bury(i, k, n int32, t Tomb) {
	i = s.isolate(i, k, n)
	s.addDeath(&s.spans[i], t)
	s.refresh(i)
	s.tidy(i)
}

// Restore takes back a deletion.
func (s *Sequence) Restore(id ID, n int32, t Tomb) error {
	for k := int32(0); k < n; {
		i, at, ok := s.find(id.Plus(k))
		if !ok {
			return ErrUnknown
		}
		part := int32(1)
		if x := &s.spans[i]; s.buried(x) == 1 && x.gone.Step == t.Step {
			part = min(n-k, x.n-at) // was deleted by that run alone
		}
		i = s.isolate(i, at, part)
		x := &s.spans[i]
		s.setDeaths(x, slices.DeleteFunc(s.deaths(x, nil), func(d Tomb) bool { return d.By == t.At(k) }))
		s.refresh(i)
		s.tidy(i)
		k += part
	}
	return nil
}

// Remove takes out of the sequence all elements of an actor from a counter on,
// as if they had never been inserted, and forgets what they held: size is what
// [Sequence.Size] was before the first of them. No other element may have been
// inserted since.
func (s *Sequence) Remove(actor, counter uint32, size int) {
	for i := s.lastOf(actor); i != 0 && s.spans[i].last().Counter >= counter; i = s.lastOf(actor) {
		if first := s.spans[i].id.Counter; first < counter {
			i = s.split(i, int32(counter-first))
		}
		before := s.prev(i)
		if s.drop(i); before != 0 {
			s.tidy(before)
		}
	}
	s.content = s.content[:min(size, len(s.content))]
}

// lastOf returns the span of an actor that has the greatest id, or 0.
func (s *Sequence) lastOf(actor uint32) int32 {
	a := s.index.of(actor)
	if a == nil || len(a.blocks) == 0 {
		return 0
	}
	block := a.blocks[len(a.blocks)-1]
	return block[len(block)-1]
}

// tombsOf returns the deletions of an element, ascending.
func (s *Sequence) tombsOf(x *span, k int32) []ID {
	deaths := s.deaths(x, nil)
	ids := make([]ID, len(deaths))
	for i, t := range deaths {
		ids[i] = t.At(k)
	}
	if len(ids) > 1 {
		slices.SortFunc(ids, s.compare)
	}
	return ids
}

func (s *Sequence) compare(a, b ID) int {
	switch {
	case a == b:
		return 0
	case s.less(a, b):
		return -1
	}
	return 1
}
