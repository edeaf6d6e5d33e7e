package sequence_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

type (
	ID    = sequence.ID
	Width = sequence.Width
)

// byNumber orders actors by their numbers.
type byNumber struct{}

func (byNumber) Less(a, b uint32) bool { return a < b }

// model is a sequence as the definition has it: a list of elements.
type model []element

type element struct {
	id, ref ID
	text    string // or a scalar's encoding
	kind    sequence.Kind
	deaths  []ID
}

func (e *element) width() Width {
	switch {
	case len(e.deaths) > 0:
		return Width{}
	case e.kind == sequence.Text:
		return sequence.TextWidth(e.text)
	}
	return Width{1, 1, 1}
}

func less(a, b ID) bool {
	return a.Counter < b.Counter || a.Counter == b.Counter && a.Actor < b.Actor
}

func compare(a, b ID) int {
	if less(a, b) {
		return -1
	}
	return 1
}

func (m *model) insert(e element) {
	at := 0
	if e.ref != (ID{}) {
		at = m.index(e.ref) + 1
	}
	for at < len(*m) && less(e.id, (*m)[at].id) {
		at++
	}
	*m = slices.Insert(*m, at, e)
}

func (m *model) index(id ID) int {
	return slices.IndexFunc(*m, func(e element) bool { return e.id == id })
}

var letters = []string{"a", "b", "c", "é", "語", "🙂", "z"}

// story drives a sequence and its model with the same random operations.
type story struct {
	*testing.T
	rand    *rand.Rand
	seq     *sequence.Sequence
	model   model
	counter uint32
	cells   int32
}

func (s *story) step() {
	// Operations of an actor that lags behind have ids that lie before others.
	actor := uint32(s.rand.IntN(3))
	switch roll := s.rand.IntN(10); {
	case roll < 4 || len(s.model) == 0:
		s.insert(actor, 1+s.rand.IntN(5))
	case roll < 5:
		s.insert(actor, 1+s.rand.IntN(200))
	case roll < 9:
		s.delete(actor)
	default:
		s.cell()
	}
}

// id returns an unused id for n operations, sometimes one that lies far back.
func (s *story) id(actor uint32, n int) ID {
	s.counter += uint32(n)
	id := ID{s.counter - uint32(n) + 1, actor}
	if s.rand.IntN(3) == 0 { // concurrent with what others did
		late := s.counter
		for _, e := range s.model {
			if e.id.Actor == actor {
				late = min(late, s.counter-e.id.Counter)
			}
		}
		id.Counter -= uint32(s.rand.IntN(int(min(late, s.counter-uint32(n)) + 1)))
		for k := range n {
			if s.model.index(id.Plus(int32(k))) >= 0 {
				id.Counter = s.counter - uint32(n) + 1
				break
			}
		}
	}
	return id
}

func (s *story) insert(actor uint32, n int) {
	id := s.id(actor, n)
	ref := ID{}
	if len(s.model) > 0 && s.rand.IntN(8) > 0 {
		ref = s.model[s.rand.IntN(len(s.model))].id
		if last := s.model.index(ID{id.Counter - 1, actor}); last >= 0 && s.rand.IntN(2) == 0 {
			ref = s.model[last].id
		}
	}
	if !less(ref, id) {
		return
	}
	if s.rand.IntN(4) == 0 {
		value := []string{"\x00", "\x36abc", "\x13\x05"}[s.rand.IntN(3)]
		s.check(s.seq.InsertValues(id, ref, int32(n), []byte(value)))
		for k := range n {
			s.model.insert(element{id: id.Plus(int32(k)), ref: ref, text: value, kind: sequence.Values})
			ref = id.Plus(int32(k))
		}
		return
	}
	text, only := "", s.rand.IntN(2) == 0
	var parts []string
	for range n {
		letter := letters[s.rand.IntN(len(letters))]
		if only {
			letter = "x"
		}
		text, parts = text+letter, append(parts, letter)
	}
	s.check(s.seq.InsertText(id, ref, []byte(text)))
	for k, letter := range parts {
		s.model.insert(element{id: id.Plus(int32(k)), ref: ref, text: letter})
		ref = id.Plus(int32(k))
	}
}

// delete deletes some elements whose ids follow each other, forwards or
// backwards, and sometimes restores them.
func (s *story) delete(actor uint32) {
	first := s.model[s.rand.IntN(len(s.model))].id
	n := int32(0)
	for want := 1 + s.rand.Int32N(20); n < want; n++ {
		at := s.model.index(first.Plus(n))
		if at < 0 || s.model[at].kind == sequence.Cell {
			break
		}
	}
	s.counter += uint32(n)
	tomb := sequence.Tomb{By: ID{s.counter - uint32(n) + 1, actor}, Step: 1}
	if s.rand.IntN(2) == 0 {
		tomb = sequence.Tomb{By: ID{s.counter, actor}, Step: -1}
	}
	done, err := s.seq.Delete(first, n, tomb)
	if s.check(err); done != n {
		s.Fatalf("deleted %d elements of %d", done, n)
	}
	if s.rand.IntN(4) == 0 {
		s.check(s.seq.Restore(first, n, tomb))
		return
	}
	for k := range n {
		e := &s.model[s.model.index(first.Plus(k))]
		e.deaths = append(e.deaths, tomb.By.Plus(k*int32(tomb.Step)))
		slices.SortFunc(e.deaths, compare)
	}
}

func (s *story) cell() {
	e := &s.model[s.rand.IntN(len(s.model))]
	if e.kind == sequence.Cell {
		return
	}
	s.cells++
	was, deaths, err := s.seq.MakeCell(e.id, s.cells, true, Width{1, 1, 1})
	s.check(err)
	if string(was.Content) != e.text || !slices.Equal(deaths, e.deaths) {
		s.Fatalf("cell of %v was %q %v, want %q %v", e.id, was.Content, deaths, e.text, e.deaths)
	}
	e.kind, e.deaths = sequence.Cell, nil
}

func (s *story) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// compare verifies everything that can be asked.
func (s *story) compare() {
	s.Helper()
	s.check(s.seq.Check())
	at, pos := 0, Width{}
	for span := range s.seq.Spans() {
		content := span.Content
		for k := range span.N {
			e := &s.model[at]
			if id := span.ID.Plus(k); id != e.id {
				s.Fatalf("element %d is %v, want %v", at, id, e.id)
			}
			if got := span.Deletions(k); !slices.Equal(got, e.deaths) {
				s.Fatalf("%v was deleted by %v, want %v", e.id, got, e.deaths)
			}
			found, err := s.seq.Element(e.id)
			s.check(err)
			if found.Ref != e.ref || e.kind != sequence.Cell && string(found.Content) != e.text {
				s.Fatalf("found %+v, want %+v", found, e)
			}
			if span.Kind == sequence.Text || span.Kind == sequence.Values {
				var first []byte
				if first, content = sequence.Cut(span.Kind, content); string(first) != e.text {
					s.Fatalf("content of %v is %q, want %q", e.id, first, e.text)
				}
			}
			if got, err := s.seq.Position(e.id); err != nil || got != pos {
				s.Fatalf("%v is at %v (%v), want %v", e.id, got, err, pos)
			}
			s.covers(e, pos)
			pos = pos.Plus(e.width())
			at++
		}
	}
	if at != len(s.model) || s.seq.Width() != pos {
		s.Fatalf("%d elements, %v wide; want %d, %v", at, s.seq.Width(), len(s.model), pos)
	}
}

// covers verifies that a visible element covers its positions.
func (s *story) covers(e *element, pos Width) {
	s.Helper()
	for u, n := range e.width() {
		for inner := range n {
			if got := s.seq.At(sequence.Unit(u), pos[u]+inner); got.ID != e.id || got.Within != inner {
				s.Fatalf("at %d of unit %d is %v, %d within; want %v, %d", pos[u]+inner, u, got.ID, got.Within, e.id, inner)
			}
		}
	}
}

// past verifies what there was when each actor had got no further than to some
// operation.
func (s *story) past() {
	s.Helper()
	var limits [3]uint32
	for actor := range limits {
		limits[actor] = s.rand.Uint32N(s.counter + 2)
	}
	limit := func(actor uint32) uint32 { return limits[actor] }
	var got, want []string
	for span := range s.seq.Spans() {
		for part := range span.Parts(limit) {
			got = append(got, s.parted(&span, &part)...)
		}
	}
	for _, e := range s.model {
		if e.id.Counter > limit(e.id.Actor) {
			continue
		}
		var deaths []ID
		for _, by := range e.deaths {
			if by.Counter <= limit(by.Actor) {
				deaths = append(deaths, by)
			}
		}
		if e.kind == sequence.Cell {
			e.text = ""
		}
		want = append(want, fmt.Sprint(e.id, e.ref, e.text, deaths))
	}
	if !slices.Equal(got, want) {
		s.Fatalf("with %v there was\n%s, want\n%s", limits, got, want)
	}
}

// parted describes the elements of a part as the model has them.
func (s *story) parted(span *sequence.Span, part *sequence.Part) (elements []string) {
	s.Helper()
	content, width := part.Content, Width{}
	for k := range part.N {
		e := element{id: part.ID.Plus(k), ref: part.ID.Plus(k - 1), kind: span.Kind}
		if k == 0 {
			e.ref = part.Ref
		}
		switch first := content; span.Kind {
		case sequence.Text, sequence.Values:
			first, content = sequence.Cut(span.Kind, content)
			e.text = string(first)
		case sequence.Fill:
			e.text = string(first)
		}
		width = width.Plus(e.width())
		var deaths []ID
		for _, t := range part.Deaths {
			deaths = append(deaths, t.At(k))
		}
		slices.SortFunc(deaths, compare)
		elements = append(elements, fmt.Sprint(e.id, e.ref, e.text, deaths))
	}
	if part.Width != width {
		s.Fatalf("a part is %v wide, want %v", part.Width, width)
	}
	return elements
}

// load makes the same sequence of elements in order.
func (s *story) load() *sequence.Sequence {
	seq := sequence.New(byNumber{})
	l := seq.Load()
	for _, e := range s.model {
		var deaths []sequence.Tomb
		for _, by := range e.deaths {
			deaths = append(deaths, sequence.Tomb{By: by})
		}
		switch e.kind {
		case sequence.Text:
			l.Text(e.id, e.ref, []byte(e.text), deaths)
		case sequence.Cell:
			l.Cell(e.id, e.ref, 1, true, Width{1, 1, 1})
		default:
			l.Values(e.id, e.ref, 1, []byte(e.text), deaths)
		}
	}
	if !l.Done() {
		s.Fatal("two elements share an id")
	}
	return seq
}

// A sequence is what the plain list of its elements is, after any operations
// and after loading.
func TestModel(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s := story{T: t, rand: rand.New(rand.NewPCG(seed, 0)), seq: sequence.New(byNumber{})}
			for n := range 60 {
				s.step()
				if n%10 == 9 {
					s.compare()
					s.past()
				}
				if n == 39 {
					s.seq = s.load()
					s.compare()
				}
			}
		})
	}
}
