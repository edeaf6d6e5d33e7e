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
	if _, known := g.find(c.Hash); known {
		return ErrKnown
	}
	last := g.lastSeq(c.Actor)
	if c.Seq <= last {
		own := g.actors[g.actorOf[c.Actor]]
		return fmt.Errorf("%w: seq %d is %s", ErrTwin, c.Seq, g.nodes[own.changes[c.Seq-1]].hash)
	}
	if c.Actor.ReservedForSkeletons() && !c.IsSkeleton() {
		return ErrSkeleton
	}
	if c.Seq != last+1 {
		return ErrMissing
	}
	p, ok := g.place(c)
	if !ok {
		return ErrMissing
	}
	if err := g.check(c, &p); err != nil {
		return err
	}
	g.add(c, &p)
	if p.past != nil {
		g.visits += uint64(p.past.steps)
	}
	return nil
}

func (g *Graph) check(c *change.Change, p *placement) error {
	if err := g.checkStartOp(c, p.parents); err != nil {
		return err
	}
	if err := g.checkRefs(c, p); err != nil {
		return err
	}
	return g.checkHeads(p.parents)
}

// checkHeads refuses one more head where there are too many.
func (g *Graph) checkHeads(parents []uint32) error {
	if len(g.tips) < MaxHeads {
		return nil
	}
	for _, parent := range parents {
		if g.nodes[parent].children == 0 {
			return nil // it takes the place of that one
		}
	}
	return ErrHeads
}

// checkStartOp checks that the operations come after those of the past. If
// there are none, they must come right after: a saved document, which stores
// where a change ends, can't tell otherwise, and current Automerge then fails
// to load what it saved.
func (g *Graph) checkStartOp(c *change.Change, parents []uint32) error {
	next := uint64(1)
	for _, p := range parents {
		next = max(next, uint64(g.nodes[p].end()))
	}
	if a, ok := g.actorOf[c.Actor]; ok {
		changes := g.actors[a].changes
		next = max(next, uint64(g.nodes[changes[len(changes)-1]].end()))
	}
	if c.StartOp < next || c.Ops == 0 && c.StartOp > next {
		return fmt.Errorf("%w: it begins at %d, the past ends at %d", ErrStartOp, c.StartOp, next-1)
	}
	return nil
}

// checkRefs checks that every operation that the change names lies in its
// causal past.
func (g *Graph) checkRefs(c *change.Change, p *placement) error {
	refs := c.Refs()
	if len(refs) > 0 && !p.total {
		g.workOut(p)
	}
	for _, r := range refs {
		id := c.Actor
		if r.Actor > 0 {
			id = c.OtherActors[r.Actor-1]
		}
		a, ok := g.actorOf[id]
		if !ok {
			return fmt.Errorf("%w: actor %s has none", ErrUnknownOp, id)
		}
		changes := g.actors[a].changes
		if !p.total {
			changes = p.past.of(a)
		}
		if !g.covers(changes, r) {
			return fmt.Errorf("%w: %d@%s", ErrUnknownOp, r.First, id)
		}
	}
	return nil
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
