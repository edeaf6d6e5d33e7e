package graph

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// holdback keeps changes that came before what they build on. Each is entered
// under everything that it waits for, so that a change that arrives costs no
// more than the number of those that wait for it.
type holdback struct {
	changes map[change.Hash]*waiter
	deps    map[change.Hash]*queue // who waits for a dep
	turns   map[turn]*queue        // who waits for the actor's previous change
	bytes   int                    // of the changes, as they lie in memory
	asked   []change.Hash          // what missing returned; nil if out of date
}

// waiter is a held change.
type waiter struct {
	change    *change.Change
	obstacles int // deps, and the actor's previous change
	released  bool
}

// turn is a change as its actor numbers it.
type turn struct {
	actor change.ActorID
	seq   uint64
}

// queue is who waits for one thing. Those who no longer do, because something
// else that they waited for was refused, stay in it for a while.
type queue struct {
	waiters []*waiter
	left    int // of the waiters, released for another reason
}

// hold enters a change, and reports whether there was room for it.
func (b *holdback) hold(g *Graph, c *change.Change) bool {
	if b.changes[c.Hash] != nil {
		return true
	}
	size := c.Footprint()
	if len(b.changes) >= MaxHeldChanges || b.bytes+size > MaxHeldBytes {
		return false
	}
	if b.changes == nil {
		b.changes, b.deps, b.turns = map[change.Hash]*waiter{}, map[change.Hash]*queue{}, map[turn]*queue{}
	}
	w := &waiter{change: c}
	for _, dep := range c.Deps {
		if _, here := g.find(dep); !here {
			join(b.deps, dep, w)
		}
	}
	if c.Seq > g.lastSeq(c.Actor)+1 {
		join(b.turns, turn{c.Actor, c.Seq - 1}, w)
	}
	b.changes[c.Hash] = w
	b.bytes += size
	b.asked = nil
	return true
}

func join[K comparable](queues map[K]*queue, key K, w *waiter) {
	q := queues[key]
	if q == nil {
		q = &queue{}
		queues[key] = q
	}
	q.waiters = append(q.waiters, w)
	w.obstacles++
}

// waitingFor takes out and returns those who wait for a dep.
func (b *holdback) waitingFor(dep change.Hash) []*waiter {
	b.asked = nil
	return takeQueue(b.deps, dep)
}

// waitingForTurn takes out and returns those who wait for an actor's change.
func (b *holdback) waitingForTurn(t turn) []*waiter { return takeQueue(b.turns, t) }

func takeQueue[K comparable](queues map[K]*queue, key K) []*waiter {
	q := queues[key]
	if q == nil {
		return nil
	}
	delete(queues, key)
	return slices.DeleteFunc(q.waiters, func(w *waiter) bool { return w.released })
}

// release gives a change up: it is about to be decided.
func (b *holdback) release(w *waiter) {
	if w.released {
		return
	}
	w.released = true
	delete(b.changes, w.change.Hash)
	b.bytes -= w.change.Footprint()
	b.asked = nil
	if w.obstacles == 0 {
		return
	}
	for _, dep := range w.change.Deps {
		leave(b.deps, dep)
	}
	leave(b.turns, turn{w.change.Actor, w.change.Seq - 1})
}

// leave notes that one of a queue's waiters was released. Queues are thinned
// out when half of them has, so that none is forever kept for nothing.
func leave[K comparable](queues map[K]*queue, key K) {
	q := queues[key]
	if q == nil {
		return
	}
	if q.left++; q.left*2 < len(q.waiters) {
		return
	}
	q.waiters = slices.DeleteFunc(q.waiters, func(w *waiter) bool { return w.released })
	q.left = 0
	if len(q.waiters) == 0 {
		delete(queues, key)
	}
}

// missing returns what is waited for and not held itself, ascending.
func (b *holdback) missing() []change.Hash {
	if b.asked == nil && len(b.changes) > 0 {
		b.asked = []change.Hash{}
		for dep := range b.deps {
			if b.changes[dep] == nil {
				b.asked = append(b.asked, dep)
			}
		}
		change.SortHashes(b.asked)
	}
	return b.asked
}
