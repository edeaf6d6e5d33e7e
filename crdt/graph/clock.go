package graph

import (
	"maps"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// clock describes the past of a change. The past is closed under deps and
// under "the actor's previous change", so it is told by a number per actor; and
// since most changes are made on top of all that was there, by a floor below
// which everything belongs to it, and numbers only for what lies above.
type clock struct {
	floor uint32            // all nodes below are in the past
	seqs  map[uint32]uint32 // actor → how many of its changes, where above the floor
}

func (c *clock) merge(other *clock) {
	c.floor = max(c.floor, other.floor)
	for a, seq := range other.seqs {
		c.seqs[a] = max(c.seqs[a], seq)
	}
}

func (c *clock) clone() *clock { return &clock{c.floor, maps.Clone(c.seqs)} }

func (c *clock) footprint() int64 { return 64 + 16*int64(len(c.seqs)) }

// Clocks are only asked for at changes made beside the heads: offline branches.
// A branch is a chain, so keeping the clock of each branch's end makes the next
// change cheap; one of every so many nodes is kept for good, so that going back
// to the middle of a long branch is not a walk through all of it.
const (
	branchEnds   = 32
	milestoneGap = 1024
)

type clockCache struct {
	ends       []clockAt // the most recent last
	milestones map[uint32]*clock
	bytes      int64 // of the milestones
}

type clockAt struct {
	node  uint32
	clock *clock
}

func (cc *clockCache) clear() { *cc = clockCache{} }

func (cc *clockCache) footprint() int64 {
	total := cc.bytes
	for _, e := range cc.ends {
		total += e.clock.footprint()
	}
	return total
}

func (cc *clockCache) at(node uint32) *clock {
	for i := len(cc.ends) - 1; i >= 0; i-- {
		if cc.ends[i].node == node {
			return cc.ends[i].clock
		}
	}
	return cc.milestones[node]
}

// take removes and returns the clock of a branch's end, which is about to move.
func (cc *clockCache) take(node uint32) *clock {
	for i, e := range cc.ends {
		if e.node == node {
			cc.ends = slices.Delete(cc.ends, i, i+1)
			return e.clock
		}
	}
	return nil
}

func (cc *clockCache) put(node uint32, c *clock) {
	if len(cc.ends) == branchEnds {
		cc.ends = slices.Delete(cc.ends, 0, 1)
	}
	cc.ends = append(cc.ends, clockAt{node, c})
	if node%milestoneGap != 0 {
		return
	}
	if cc.milestones == nil {
		cc.milestones = map[uint32]*clock{}
	}
	cc.milestones[node] = c.clone()
	cc.bytes += c.footprint()
}

// pastOf returns the past of a change about to be added.
func (g *Graph) pastOf(c *change.Change, parents []uint32) *clock {
	var past *clock
	if len(parents) == 1 {
		past = g.clocks.take(parents[0])
	}
	if past == nil {
		past = &clock{seqs: map[uint32]uint32{}}
		for _, p := range parents {
			g.walk(past, p)
		}
	}
	if own, ok := g.actorOf[c.Actor]; ok { // seq without ancestry: its own past counts too
		g.walk(past, g.actors[own].changes[c.Seq-2])
	}
	return past
}

// walk adds node start and its past to a clock.
func (g *Graph) walk(past *clock, start uint32) {
	stack := []uint32{start}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n := &g.nodes[i]
		known := past.seqs[n.actor]
		if i < past.floor || known >= n.seq {
			continue
		}
		past.seqs[n.actor] = n.seq
		for seq := n.seq; seq > known; seq-- {
			i := g.actors[n.actor].changes[seq-1]
			if i < past.floor {
				break
			}
			if g.nodes[i].total {
				past.floor = max(past.floor, i+1)
				break
			}
			if kept := g.clocks.at(i); kept != nil {
				past.merge(kept)
				break
			}
			stack = append(stack, g.parentsOf(i)...)
		}
	}
}

// upTo returns those of an actor's changes that are in a past.
func (g *Graph) upTo(past *clock, a uint32) []uint32 {
	changes := g.actors[a].changes
	below, _ := slices.BinarySearch(changes, past.floor)
	return changes[:max(below, int(past.seqs[a]))]
}

// detachedSearch bounds the search for an actor's previous change; a change
// for which it gives up merely travels in a message of its own.
const detachedSearch = 1024

// isDetached reports whether a change of actor a with these parents doesn't
// have the actor's previous change among its ancestors.
func (g *Graph) isDetached(a uint32, parents []uint32) bool {
	changes := g.actors[a].changes
	if len(changes) == 0 {
		return false
	}
	previous := changes[len(changes)-1]
	if slices.Contains(parents, previous) {
		return false
	}
	stack, seen := slices.Clone(parents), map[uint32]bool{}
	for len(stack) > 0 && len(seen) < detachedSearch {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if i == previous {
			return false
		}
		if i < previous || seen[i] {
			continue
		}
		seen[i] = true
		stack = append(stack, g.parentsOf(i)...)
	}
	return true
}
