package graph

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Lacking returns the indices, ascending, of the changes that are neither in
// the base nor come before it: what a neighbour that has just the base lacks.
// Base hashes that the graph doesn't hold are passed over.
func (g *Graph) Lacking(base []change.Hash) []int {
	known := g.baseOf(base)
	if len(known) == 0 {
		return g.all()
	}
	p := g.pastOf(known)
	var lacking []int
	for _, head := range g.heads {
		lacking = p.collect(head, lacking)
	}
	g.visits += uint64(p.steps)
	slices.Sort(lacking)
	return lacking
}

func (g *Graph) all() []int {
	all := make([]int, g.committed)
	for i := range all {
		all[i] = i
	}
	return all
}

// Frontier returns those of the hashes that don't come before another of them,
// ascending: the fewest with the same past. Hashes that the graph doesn't hold
// are left out.
func (g *Graph) Frontier(hashes []change.Hash) []change.Hash {
	p := g.pastOf(nil)
	var frontier []change.Hash
	for _, i := range g.baseOf(hashes) { // the newest first
		if !p.has(i) {
			frontier = append(frontier, g.nodes[i].hash)
			p.add(i)
		}
	}
	g.visits += uint64(p.steps)
	return change.SortHashes(frontier)
}

// Covers reports whether change i is in the base or comes before it.
func (g *Graph) Covers(base []change.Hash, i int) bool {
	p := g.pastOf(g.baseOf(base))
	g.visits += uint64(p.steps)
	return p.has(uint32(i))
}

// FirstBatch returns how many of the given changes (indices, ascending) may
// travel in one message: no more than maxBytes of chunks, but at least one,
// and none together with its actor's previous change if that does not come
// before its deps: for such a pair JavaScript receivers throw.
func (g *Graph) FirstBatch(indices []int, maxBytes int) int {
	total := 0
	for n, i := range indices {
		total += int(g.nodes[i].size)
		if n > 0 && total > maxBytes {
			return n
		}
		if previous, detached := g.DetachedFrom(i); detached {
			if _, together := slices.BinarySearch(indices[:n], previous); together {
				return n
			}
		}
	}
	return len(indices)
}
