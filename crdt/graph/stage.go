package graph

import (
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Stage adds a change after checking it against its causal past; it stays
// invisible until [Graph.Commit]. ErrMissing tells that it may be staged
// later, ErrKnown that there is nothing to do; every other error that it is
// refused for good.
func (g *Graph) Stage(c *change.Change) error {
	if _, known := g.index[c.Hash]; known {
		return ErrKnown
	}
	own, written := g.actorOf[c.Actor]
	last := uint64(0)
	if written {
		last = uint64(len(g.actors[own].changes))
	}
	if c.Seq <= last {
		return fmt.Errorf("%w: seq %d is %s", ErrTwin, c.Seq, g.nodes[g.actors[own].changes[c.Seq-1]].hash)
	}
	if c.Actor.ReservedForSkeletons() && !c.IsSkeleton() {
		return ErrSkeleton
	}
	parents, ok := g.parents(c)
	if !ok || c.Seq != last+1 {
		return ErrMissing
	}
	if err := g.checkStartOp(c, parents); err != nil {
		return err
	}
	var past *clock // nil: all that is here
	if len(c.Refs()) > 0 && !g.areTips(parents) {
		past = g.pastOf(c, parents)
	}
	if err := g.checkRefs(c, past); err != nil {
		return err
	}
	i := g.add(c, parents)
	if past != nil {
		past.seqs[g.nodes[i].actor] = g.nodes[i].seq
		g.clocks.put(i, past)
	}
	return nil
}

func (g *Graph) checkStartOp(c *change.Change, parents []uint32) error {
	for _, p := range parents {
		if end := g.nodes[p].end(); c.StartOp < uint64(end) {
			return fmt.Errorf("%w: %d, a dep ends at %d", ErrStartOp, c.StartOp, end-1)
		}
	}
	if a, ok := g.actorOf[c.Actor]; ok {
		changes := g.actors[a].changes
		if end := g.nodes[changes[len(changes)-1]].end(); c.StartOp < uint64(end) {
			return fmt.Errorf("%w: %d, the actor's previous change ends at %d", ErrStartOp, c.StartOp, end-1)
		}
	}
	return nil
}

// checkRefs checks that every operation that the change names lies in its
// causal past. The past is taken as closed under "the actor's previous
// change", since every receiver has those first.
func (g *Graph) checkRefs(c *change.Change, past *clock) error {
	for _, r := range c.Refs() {
		id := c.Actor
		if r.Actor > 0 {
			id = c.OtherActors[r.Actor-1]
		}
		a, ok := g.actorOf[id]
		if !ok {
			return fmt.Errorf("%w: actor %x has none", ErrUnknownOp, id)
		}
		changes := g.actors[a].changes
		if past != nil {
			changes = g.upTo(past, a)
		}
		if !g.covers(changes, r) {
			return fmt.Errorf("%w: %d@%x", ErrUnknownOp, r.First, id)
		}
	}
	return nil
}

// areTips reports whether the parents are all the current heads, so that
// everything here is in their past.
func (g *Graph) areTips(parents []uint32) bool {
	if len(parents) != len(g.tips) {
		return false
	}
	for _, tip := range g.tips {
		found := false
		for _, p := range parents {
			found = found || p == tip
		}
		if !found {
			return false
		}
	}
	return true
}

// covers reports whether every id of a progression is an operation of one of
// an actor's changes. It goes from change to change, not from id to id.
func (g *Graph) covers(changes []uint32, r change.Refs) bool {
	next, left := int64(r.First), int64(r.Count)
	if r.Step == 0 {
		left = min(left, 1)
	}
	for left > 0 {
		n := g.holder(changes, next)
		if n == nil {
			return false
		}
		inside := left // how many of the ids this change holds
		switch {
		case r.Step > 0:
			inside = (int64(n.end())-1-next)/r.Step + 1
		case r.Step < 0:
			inside = (next-int64(n.startOp))/-r.Step + 1
		}
		inside = min(inside, left)
		next += inside * r.Step
		left -= inside
	}
	return true
}

// holder finds the change among an actor's that holds an operation counter.
func (g *Graph) holder(changes []uint32, counter int64) *node {
	low, high := 0, len(changes)
	for low < high {
		mid := (low + high) / 2
		if int64(g.nodes[changes[mid]].end()) <= counter {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == len(changes) || int64(g.nodes[changes[low]].startOp) > counter {
		return nil
	}
	return &g.nodes[changes[low]]
}
