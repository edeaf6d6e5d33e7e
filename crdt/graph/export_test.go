package graph

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The bounds of searches, for tests that count.
const (
	ClockGap   = clockGap
	NeedSearch = needSearch
)

// Visits returns how many nodes searches have looked at so far.
func (g *Graph) Visits() uint64 { return g.visits }

// Clocks returns how many nodes keep a clock, and the numbers in those.
func (g *Graph) Clocks() (clocks, entries int) {
	for _, c := range g.clocks {
		entries += len(c.seqs)
	}
	return len(g.clocks), entries
}

// Dump tells everything that a graph knows, for comparing two.
func (g *Graph) Dump() string {
	var b strings.Builder
	fmt.Fprintln(&b, g.committed, g.bytes, g.clockBytes, g.edges)
	for i := range g.nodes {
		found, _ := g.find(g.nodes[i].hash)
		fmt.Fprintln(&b, g.nodes[i], found)
	}
	for a := range g.actors {
		fmt.Fprintf(&b, "%s %v %d\n", g.actors[a].id, g.actors[a].changes, g.actorOf[g.actors[a].id])
	}
	fmt.Fprintln(&b, len(g.actorOf), slices.Sorted(slices.Values(g.heads)), slices.Sorted(slices.Values(g.tips)), g.Heads())
	for _, i := range slices.Sorted(maps.Keys(g.clocks)) {
		fmt.Fprintln(&b, i, g.clocks[i].floor, g.clocks[i].seqs)
	}
	return b.String()
}
