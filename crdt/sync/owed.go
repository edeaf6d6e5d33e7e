package sync

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// owed returns the changes to send, ascending; waiting tells that they have some
// that we need. If they ask for some that should be there by now, those go
// alone, since others may be waiting for them there.
func (s *State) owed(in *graph.Intake, waiting bool) []int {
	g := in.Graph()
	if !s.heardFrom || s.theirs.flags&FlagReadOnly != 0 {
		return nil
	}
	base := s.base(g)
	asked, again := s.requested(g, base)
	if len(again) > 0 {
		return again
	}
	switch {
	case slices.Equal(s.theirs.heads, g.Heads()):
		return nil
	case known(g, s.theirs.heads):
		return g.Lacking(base)
	case s.automerge && waiting:
		// It always sends without waiting for others, and may throw where a
		// filter was wrong. Once its heads are known here none is needed.
		return nil
	case len(s.theirs.bases) == 0 || s.mustReset(in):
		// They only want what they asked for, or can't tell what else. What
		// comes before it saves them from asking for that one by one.
		return g.LackingOf(s.theirs.need, base)
	case s.automerge: // what we don't know of we can't have
		return g.Lacking(base)
	default:
		return union(asked, s.unclaimed(g, base))
	}
}

// unclaimed returns what the neighbour's filter doesn't claim to be there. If
// that is nothing, the filter has done its work: it knows nothing of later
// changes, and going through the history with it at every one of them would
// cost the more the longer that is.
func (s *State) unclaimed(g *graph.Graph, base []change.Hash) []int {
	if s.ruledOut > 0 {
		later := make([]int, 0, g.Len()-s.ruledOut)
		for i := s.ruledOut; i < g.Len(); i++ {
			later = append(later, i)
		}
		return later
	}
	lacking := notIn(g, s.theirs.filter, g.Lacking(base))
	if len(lacking) == 0 {
		s.ruledOut, s.theirs.filter = g.Len(), Bloom{}
	}
	return lacking
}

// base returns what the neighbour has or will have. If we know its heads, they
// say it all, and what it believes to share with us may be out of date. If it
// names none, it wants again what comes after that; see [State.AskAgain].
func (s *State) base(g *graph.Graph) []change.Hash {
	if len(s.theirs.heads) > 0 && known(g, s.theirs.heads) {
		return slices.Concat(s.theirs.heads, s.sent)
	}
	return slices.Concat(s.shared, s.theirs.heads, s.sent, s.lastSyncs())
}

// requested returns the changes that were asked for, ascending: those that the
// neighbour lacks as far as we know, and those that it should have. The heads of
// what is on its way were not asked for after they had arrived, or else they
// would be known there.
func (s *State) requested(g *graph.Graph, base []change.Hash) (asked, again []int) {
	if len(s.theirs.need) == 0 {
		return nil, nil
	}
	lacking := g.Beyond(s.theirs.need, base) // in the order of need
	for _, h := range s.theirs.need {
		i, ok := g.Index(h)
		switch {
		case !ok || contains(s.sent, h):
		case len(lacking) > 0 && lacking[0] == h:
			asked, lacking = append(asked, i), lacking[1:]
		default:
			again = append(again, i)
		}
	}
	return union(asked, nil), union(again, nil)
}

// notIn returns those of the changes that are not in a filter, and those that
// descend from them.
func notIn(g *graph.Graph, filter Bloom, indices []int) []int {
	var lacking []int
	chosen := map[uint32]bool{}
	isChosen := func(i uint32) bool { return chosen[i] }
	for _, i := range indices {
		if !filter.Has(g.Hash(i)) || slices.ContainsFunc(g.Parents(i), isChosen) {
			chosen[uint32(i)] = true
			lacking = append(lacking, i)
		}
	}
	return lacking
}

// noteSent moves the frontier of what is on its way.
func (s *State) noteSent(g *graph.Graph, indices []int) {
	if len(indices) == 0 {
		return
	}
	inner := map[uint32]bool{}
	frontier := slices.Clone(s.sent)
	for _, i := range slices.Backward(indices) {
		if !inner[uint32(i)] {
			frontier = append(frontier, g.Hash(i))
		}
		for _, p := range g.Parents(i) {
			inner[p] = true
		}
	}
	s.sent = g.Frontier(frontier)
}

// union merges two lists into one, ascending.
func union(a, b []int) []int {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
