package sync

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// owed returns the changes to send, ascending, and what they build on: what the
// neighbour has or will have before them. If it asks for some that should be
// among the latter, those go alone, since others may be waiting for them there.
func (s *State) owed(in *graph.Intake) (send []int, base []change.Hash) {
	g := in.Graph()
	if !s.heardFrom || s.theirs.flags&FlagReadOnly != 0 {
		return nil, nil
	}
	base = s.base(g)
	asked := g.LackingOf(s.theirs.need, base)
	if again := s.askedAgain(g, asked); len(again) > 0 {
		return again, base
	}
	switch {
	case slices.Equal(s.theirs.heads, g.Heads()):
		return asked, base
	case known(g, s.theirs.heads):
		if gaps := s.takeGaps(g); len(gaps) > 0 {
			return gaps, base
		}
		return g.Lacking(base), base
	case len(s.theirs.have) == 0 || s.mustReset(in):
		return asked, base // they only want what they asked for, or can't tell what else
	default:
		return union(asked, notIn(g, s.theirs.have, g.Lacking(base))), base
	}
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

// askedAgain returns what they asked for and don't lack as far as we know.
func (s *State) askedAgain(g *graph.Graph, lacking []int) []int {
	var again []int
	for _, h := range s.theirs.need {
		if i, ok := g.Index(h); ok {
			if _, lacks := slices.BinarySearch(lacking, i); !lacks {
				again = append(again, i)
			}
		}
	}
	slices.Sort(again)
	return slices.Compact(again)
}

// takeGaps returns what was left out of earlier messages, although they brought
// what builds on it, because a filter claimed wrongly that it was there: now
// that we know their heads it can be told.
func (s *State) takeGaps(g *graph.Graph) []int {
	if len(s.guessed) == 0 {
		return nil
	}
	guessed := s.guessed
	s.guessed = nil
	return slices.DeleteFunc(g.LackingOf(s.sent, s.theirs.heads), func(i int) bool {
		_, sent := slices.BinarySearch(guessed, i)
		return sent
	})
}

// notIn returns those of the changes that are in none of the filters, and
// those that descend from them.
func notIn(g *graph.Graph, have []Have, indices []int) []int {
	var lacking []int
	chosen := map[uint32]bool{}
	for _, i := range indices {
		claimed := slices.ContainsFunc(have, func(h Have) bool { return h.Bloom.Has(g.Hash(i)) })
		if claimed && !slices.ContainsFunc(g.Parents(i), func(p uint32) bool { return chosen[p] }) {
			continue
		}
		chosen[uint32(i)] = true
		lacking = append(lacking, i)
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
	if !known(g, s.theirs.heads) {
		s.guessed = union(s.guessed, indices)
	}
}

// union merges two ascending lists.
func union(a, b []int) []int {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
