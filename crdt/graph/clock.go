package graph

import (
	"maps"
	"math"
)

// clock tells what comes before a change, and the change itself. The past is
// closed under deps and under "the actor's previous change", so a number per
// actor tells it; and since most changes are made on top of nearly all that
// was there, it is told by a floor below which everything belongs to it, and
// numbers only for what lies above. A clock is never modified.
type clock struct {
	floor uint32            // all nodes below are in the past
	seqs  map[uint32]uint32 // actor → how many of its changes, where above the floor
}

// A search for the past of a change follows deps until it meets changes whose
// past is everything before them in the log, or changes with a clock of their
// own. Enough of those are kept that it looks at no more than clockGap nodes
// per dep, or, where a great many branches are open, at about as many nodes as
// there are branches: then clocks are large, and kept more rarely, so that they
// never take more than a few numbers per node.
const (
	clockGap   = 64
	clockShare = 4    // entries per node passed
	raiseLimit = 1024 // how far one clock lifts its floor
)

// stepsTo returns how many nodes a search looks at that begins at node i.
func (g *Graph) stepsTo(i uint32) int { return max(1, int(g.nodes[i].steps)) }

// noteSteps records how long a search from the last node is, and cuts it short
// with a clock if it is too long.
func (g *Graph) noteSteps(i uint32, p *placement) {
	n := &g.nodes[i]
	if n.total {
		n.steps = 1
		return
	}
	if p.steps >= clockGap {
		g.workOut(p)
		if p.steps = p.past.steps; p.steps >= clockGap/2 && p.steps*clockShare >= p.past.entries() {
			g.keepClock(i, p.past)
			return
		}
	}
	n.steps = uint16(min(p.steps+1, math.MaxUint16))
}

func (g *Graph) keepClock(i uint32, before *past) {
	if g.clocks == nil {
		g.clocks = map[uint32]*clock{}
	}
	c := before.clockAt(i)
	g.clocks[i] = c
	g.clockBytes += c.footprint()
	g.nodes[i].steps = 0
}

func (g *Graph) forgetClock(i uint32) {
	if c := g.clocks[i]; c != nil {
		g.clockBytes -= c.footprint()
		delete(g.clocks, i)
	}
}

func (c *clock) footprint() int64 { return 160 + 16*int64(len(c.seqs)) }

// clockAt returns the clock of node i, before which this past lies.
func (p *past) clockAt(i uint32) *clock {
	c := &clock{floor: p.floor, seqs: maps.Clone(p.seqs)}
	if p.base != nil {
		for a, seq := range p.base.seqs {
			c.seqs[a] = max(c.seqs[a], seq)
		}
	}
	c.seqs[p.g.nodes[i].actor] = p.g.nodes[i].seq
	c.raise(p.g, i)
	return c
}

// raise lifts the floor as far as nothing is missing below it, but not above
// node i, and drops the numbers that it makes needless.
func (c *clock) raise(g *Graph, i uint32) {
	for limit := min(i, c.floor+raiseLimit); c.floor < limit; c.floor++ {
		g.visits++
		if n := &g.nodes[c.floor]; c.seqs[n.actor] < n.seq {
			break
		}
	}
	maps.DeleteFunc(c.seqs, func(a, seq uint32) bool { return g.actors[a].changes[seq-1] < c.floor })
}
