package sequence

import (
	"slices"
	"sort"
)

// maxBlock is the most spans in a block of an index.
const maxBlock = 512

// index finds spans by the ids of their elements: for each actor, its spans
// ascending, in blocks, so that adding one moves few.
type index struct {
	actors  []actorSpans     // as they came
	numbers map[uint32]int32 // where each is, once there are many
}

type actorSpans struct {
	actor  uint32
	blocks [][]int32 // perhaps none any more
}

// fewActors is how many are found by looking at each.
const fewActors = 8

// of returns an actor's spans, or nil.
func (x *index) of(actor uint32) *actorSpans {
	if x.numbers != nil {
		if at, ok := x.numbers[actor]; ok {
			return &x.actors[at]
		}
		return nil
	}
	for i := range x.actors {
		if x.actors[i].actor == actor {
			return &x.actors[i]
		}
	}
	return nil
}

// add begins the list of an actor.
func (x *index) add(a actorSpans) {
	x.actors = append(x.actors, a)
	switch n := len(x.actors); {
	case x.numbers != nil:
		x.numbers[a.actor] = int32(n - 1)
	case n > fewActors:
		x.numbers = make(map[uint32]int32, 2*n)
		for i, a := range x.actors {
			x.numbers[a.actor] = int32(i)
		}
	}
}

// search returns the last of an actor's spans that begins at or before a
// counter: its block and its place in it, which is -1 if there is none.
func (s *Sequence) search(a *actorSpans, counter uint32) (block, place int) {
	later := func(i int32) bool { return s.spans[i].id.Counter > counter }
	if block = len(a.blocks) - 1; block > 0 && later(a.blocks[block][0]) {
		block = sort.Search(len(a.blocks), func(b int) bool { return later(a.blocks[b][0]) }) - 1
	}
	if block < 0 {
		return 0, -1
	}
	spans := a.blocks[block]
	if place = len(spans) - 1; later(spans[place]) {
		place = sort.Search(len(spans), func(p int) bool { return later(spans[p]) }) - 1
	}
	return block, place
}

// find returns the span that holds an element, and the element's place in it.
func (s *Sequence) find(id ID) (i, k int32, ok bool) {
	a := s.index.of(id.Actor)
	if a == nil {
		return 0, 0, false
	}
	block, place := s.search(a, id.Counter)
	if place < 0 {
		return 0, 0, false
	}
	i = a.blocks[block][place]
	distance := id.Counter - s.spans[i].id.Counter
	return i, int32(distance), distance < uint32(s.spans[i].n)
}

// enter adds a span to the index.
func (s *Sequence) enter(i int32) {
	if s.loading {
		return
	}
	id := s.spans[i].id
	a := s.index.of(id.Actor)
	switch {
	case a == nil:
		s.index.add(actorSpans{actor: id.Actor, blocks: [][]int32{{i}}})
		return
	case len(a.blocks) == 0:
		a.blocks = [][]int32{{i}}
		return
	}
	block, place := s.search(a, id.Counter)
	spans := slices.Insert(a.blocks[block], place+1, i)
	a.blocks[block] = spans
	if len(spans) > maxBlock {
		half := maxBlock / 2
		if block == len(a.blocks)-1 && place+1 == maxBlock { // it grows at its end
			half = maxBlock
		}
		a.blocks[block] = spans[:half:half]
		a.blocks = slices.Insert(a.blocks, block+1, slices.Clone(spans[half:]))
	}
}

// leave takes a span out of the index.
func (s *Sequence) leave(i int32) {
	id := s.spans[i].id
	a := s.index.of(id.Actor)
	block, place := s.search(a, id.Counter)
	a.blocks[block] = slices.Delete(a.blocks[block], place, place+1)
	if len(a.blocks[block]) == 0 {
		a.blocks = slices.Delete(a.blocks, block, block+1)
	}
}

// indexAll enters all spans at once. It reports whether no two share an id.
func (s *Sequence) indexAll() bool {
	per := map[uint32][]int32{}
	for i := 1; i < len(s.spans); i++ {
		actor := s.spans[i].id.Actor
		per[actor] = append(per[actor], int32(i))
	}
	s.index.actors = make([]actorSpans, 0, len(per))
	for actor, spans := range per {
		slices.SortFunc(spans, func(a, b int32) int {
			return int(int64(s.spans[a].id.Counter) - int64(s.spans[b].id.Counter))
		})
		for k := 1; k < len(spans); k++ {
			if s.spans[spans[k]].id.Counter <= s.spans[spans[k-1]].last().Counter {
				return false
			}
		}
		a := actorSpans{actor: actor}
		for block := range slices.Chunk(spans, maxBlock) {
			a.blocks = append(a.blocks, slices.Clip(block))
		}
		s.index.add(a)
	}
	return true
}
