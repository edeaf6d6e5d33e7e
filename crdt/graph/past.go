package graph

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// past is a set of nodes that holds, with any node, all that comes before it.
// It is a clock in the making.
type past struct {
	g     *Graph
	base  *clock            // belongs to it; shared, so never modified; nil if none
	floor uint32            // all nodes below belong to it
	seqs  map[uint32]uint32 // actor → how many of its changes, where above the floor
	stack []uint32
	steps int // nodes looked at
}

// smallMap is up to which length a map is cleared rather than replaced.
const smallMap = 64

// pastOf returns the set of some nodes and all that comes before them. It is
// valid until the next call.
func (g *Graph) pastOf(nodes []uint32) *past {
	p := &g.scratch.past
	*p = past{g: g, seqs: p.seqs, stack: p.stack[:0]}
	if p.seqs == nil || len(p.seqs) > smallMap {
		p.seqs = map[uint32]uint32{}
	}
	clear(p.seqs)
	for _, i := range nodes {
		p.add(i)
	}
	return p
}

// baseOf returns the numbers of those of the hashes that the graph holds,
// descending and distinct: a past is found sooner from the newest.
func (g *Graph) baseOf(hashes []change.Hash) []uint32 {
	base := make([]uint32, 0, len(hashes))
	for _, h := range hashes {
		if i, ok := g.Index(h); ok {
			base = append(base, uint32(i))
		}
	}
	slices.Sort(base)
	slices.Reverse(base)
	return slices.Compact(base)
}

// entries is how many numbers a clock of this past would hold at most.
func (p *past) entries() int {
	if p.base == nil {
		return len(p.seqs)
	}
	return len(p.seqs) + len(p.base.seqs)
}

// known returns how many of an actor's changes are known to belong to the
// past, not counting the floor.
func (p *past) known(a uint32) uint32 {
	if p.base == nil {
		return p.seqs[a]
	}
	return max(p.seqs[a], p.base.seqs[a])
}

func (p *past) has(i uint32) bool {
	n := &p.g.nodes[i]
	return i < p.floor || p.known(n.actor) >= n.seq
}

// of returns those of an actor's changes that belong to the past.
func (p *past) of(a uint32) []uint32 {
	changes := p.g.actors[a].changes
	below, _ := slices.BinarySearch(changes, p.floor)
	return changes[:max(below, int(p.known(a)))]
}

// add adds a node and all that comes before it.
func (p *past) add(start uint32) {
	p.search(start, func(i uint32) bool {
		n := &p.g.nodes[i]
		switch {
		case n.total:
			p.floor = i + 1
		case n.steps == 0:
			p.join(p.g.clocks[i])
		default:
			return false
		}
		return true
	})
}

// collect adds a node and all that comes before it, and appends to out those
// that did not belong to the past yet, in no order.
func (p *past) collect(start uint32, out []int) []int {
	p.search(start, func(i uint32) bool {
		out = append(out, int(i))
		return false
	})
	return out
}

// search visits what comes before a node, and the node, as far as it doesn't
// belong to the past yet, and adds it. It goes no further back from a node for
// which visit reports that all before it has been added.
func (p *past) search(start uint32, visit func(i uint32) (covered bool)) {
	p.stack = append(p.stack, start)
	for len(p.stack) > 0 {
		end := len(p.stack) - 1
		i := p.stack[end]
		p.stack = p.stack[:end]
		p.steps++
		if p.has(i) {
			continue
		}
		n := &p.g.nodes[i]
		known := p.known(n.actor)
		p.seqs[n.actor] = n.seq
		changes := p.g.actors[n.actor].changes
		for seq := n.seq; seq > known; seq-- {
			i := changes[seq-1]
			if p.steps++; i < p.floor || visit(i) {
				break
			}
			p.stack = append(p.stack, p.g.parentsOf(i)...)
		}
	}
}

// join adds what a clock tells. The larger of two stays as it is.
func (p *past) join(c *clock) {
	p.floor = max(p.floor, c.floor)
	if p.base == nil {
		p.base = c
		return
	}
	if len(p.base.seqs) < len(c.seqs) {
		p.base, c = c, p.base
	}
	for a, seq := range c.seqs {
		p.steps++
		p.seqs[a] = max(p.seqs[a], seq)
	}
}
