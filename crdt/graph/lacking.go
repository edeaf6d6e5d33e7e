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
	return g.lacking(g.heads, known)
}

// LackingOf is Lacking confined to some changes and what comes before them.
// Hashes that the graph doesn't hold are passed over.
func (g *Graph) LackingOf(changes, base []change.Hash) []int {
	return g.lacking(g.baseOf(changes), g.baseOf(base))
}

func (g *Graph) lacking(of, base []uint32) []int {
	p := g.pastOf(base)
	var lacking []int
	for _, i := range of {
		lacking = p.collect(i, lacking)
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

// Beyond returns those of the hashes that are neither in the base nor come
// before it, in their order. Hashes that the graph doesn't hold are left out.
func (g *Graph) Beyond(hashes, base []change.Hash) []change.Hash {
	p := g.pastOf(g.baseOf(base))
	g.visits += uint64(p.steps)
	var beyond []change.Hash
	for _, h := range hashes {
		if i, ok := g.Index(h); ok && !p.has(uint32(i)) {
			beyond = append(beyond, h)
		}
	}
	return beyond
}

// Deliverable returns those of the given changes (indices, ascending) that may
// travel in one message. It leaves out a change if its actor's previous change
// is among them and its deps don't tell that it comes after that one, and what
// builds on it: JavaScript throws where such a pair is there at once.
func (g *Graph) Deliverable(indices []int) []int {
	if !slices.ContainsFunc(indices, func(i int) bool { return g.nodes[i].detached }) {
		return indices
	}
	later := map[uint32]bool{}
	isLater := func(i uint32) bool { return later[i] }
	return slices.DeleteFunc(slices.Clone(indices), func(i int) bool {
		if slices.ContainsFunc(g.parentsOf(uint32(i)), isLater) {
			later[uint32(i)] = true
		} else if previous, detached := g.DetachedFrom(i); detached {
			_, later[uint32(i)] = slices.BinarySearch(indices, previous)
		}
		return later[uint32(i)]
	})
}

// Without returns those of the given changes (indices, ascending) that somebody can
// take who refuses some: neither these, nor what builds on them or comes after them
// in their actor's order. Hashes that the graph doesn't hold are passed over.
func (g *Graph) Without(indices []int, refused []change.Hash) []int {
	out := map[uint32]bool{}
	for _, i := range g.baseOf(refused) {
		out[i] = true
	}
	if len(out) == 0 {
		return indices
	}
	isOut := func(i uint32) bool { return out[i] }
	return slices.DeleteFunc(slices.Clone(indices), func(i int) bool {
		previous, detached := g.DetachedFrom(i)
		if detached && out[uint32(previous)] || slices.ContainsFunc(g.parentsOf(uint32(i)), isOut) {
			out[uint32(i)] = true
		}
		return out[uint32(i)]
	})
}

// FirstBatch returns how many of the given changes travel in one message of no
// more than maxBytes of chunks, but at least one.
func (g *Graph) FirstBatch(indices []int, maxBytes int) int {
	total := 0
	for n, i := range indices {
		total += int(g.nodes[i].size)
		if n > 0 && total > maxBytes {
			return n
		}
	}
	return len(indices)
}
