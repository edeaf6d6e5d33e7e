package graph

import (
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// MaxHeads is how many heads a document may have: what a message may name, and
// what a change may depend on. A protocol constant; see docs/PROTOCOL.md.
const MaxHeads = change.MaxDeps

// Graph is the history of one document. The zero value is not usable; see
// [New].
type Graph struct {
	nodes     []node
	edges     []uint32 // deps of all nodes, one after another
	index     table
	actors    []actor
	actorOf   map[change.ActorID]uint32
	committed int      // nodes[:committed] are visible
	heads     []uint32 // of the committed nodes
	tips      []uint32 // heads of all nodes, staged ones included
	bytes     int64    // of the committed changes' chunks

	headHashes []change.Hash // of heads, ascending; nil if not known; never modified
	clocks     map[uint32]*clock
	clockBytes int64

	// What follows is reused from call to call.
	scratch struct {
		past    past
		parents []uint32
	}
	visits uint64 // nodes that searches have looked at, ever; for tests
}

type node struct {
	hash      change.Hash
	actor     uint32
	seq       uint32
	startOp   uint32
	ops       uint32
	size      uint32 // of the chunk
	firstEdge uint32
	children  uint32
	steps     uint16 // how many nodes a search looks at to tell its past; 0: a clock is kept
	total     bool   // everything before it in the log is its past
	detached  bool   // its actor's previous change does not come before its deps
}

// actor is the log of one actor's changes: seq s is changes[s-1].
type actor struct {
	id      change.ActorID
	changes []uint32
}

// New returns the graph of a document without changes.
func New() *Graph { return &Graph{actorOf: map[change.ActorID]uint32{}} }

// Len returns the number of changes.
func (g *Graph) Len() int { return g.committed }

// Bytes returns the length of all changes' chunks together.
func (g *Graph) Bytes() int64 { return g.bytes }

// Footprint estimates the memory that the graph holds, in bytes.
func (g *Graph) Footprint() int64 {
	const (
		perGraph = 640
		perNode  = 64
		perActor = 160
		perPlace = 4 // an edge, a slot of the index, an entry of an actor's log
	)
	places := cap(g.edges) + len(g.index.slots) + cap(g.heads) + cap(g.tips) + len(g.nodes)*5/4
	return perGraph + int64(cap(g.nodes))*perNode + int64(places)*perPlace +
		int64(len(g.actors))*perActor + int64(cap(g.headHashes))*change.HashSize + g.clockBytes
}

// Has reports whether the graph holds a change.
func (g *Graph) Has(h change.Hash) bool {
	_, ok := g.Index(h)
	return ok
}

// Index returns a change's place in the log.
func (g *Graph) Index(h change.Hash) (int, bool) {
	i, ok := g.find(h)
	return int(i), ok && int(i) < g.committed
}

// find is Index for staged changes too.
func (g *Graph) find(h change.Hash) (uint32, bool) { return g.index.find(g.nodes, &h) }

// Hash returns the hash of change i.
func (g *Graph) Hash(i int) change.Hash { return g.nodes[i].hash }

// Size returns the length of change i's chunk in bytes.
func (g *Graph) Size(i int) int { return int(g.nodes[i].size) }

// Heads returns the hashes of the changes that no other depends on, ascending.
// The caller must not modify the slice; later calls leave it alone.
func (g *Graph) Heads() []change.Hash {
	if g.headHashes == nil && len(g.heads) > 0 {
		hashes := make([]change.Hash, len(g.heads))
		for n, i := range g.heads {
			hashes[n] = g.nodes[i].hash
		}
		g.headHashes = change.SortHashes(hashes)
	}
	return g.headHashes
}

// Restore adds a change that was read from a store's log; it is committed and
// was checked when it was first staged. Nothing may be staged meanwhile.
func (g *Graph) Restore(c *change.Change) error {
	if _, known := g.find(c.Hash); known {
		return fmt.Errorf("%w: change %d is there twice", ErrOrder, len(g.nodes))
	}
	if last := g.lastSeq(c.Actor); c.Seq != last+1 {
		return fmt.Errorf("%w: change %d has seq %d after %d", ErrOrder, len(g.nodes), c.Seq, last)
	}
	p, ok := g.place(c)
	if !ok {
		return fmt.Errorf("%w: change %d misses a dep", ErrOrder, len(g.nodes))
	}
	g.add(c, &p)
	g.Commit()
	return nil
}

// Staged returns how many changes are staged.
func (g *Graph) Staged() int { return len(g.nodes) - g.committed }

// Commit makes all staged changes visible.
func (g *Graph) Commit() {
	if g.Staged() == 0 {
		return
	}
	for i := range g.nodes[g.committed:] {
		g.bytes += int64(g.nodes[g.committed+i].size)
	}
	g.committed = len(g.nodes)
	g.heads = append(g.heads[:0], g.tips...)
	g.headHashes = nil
}

// Rollback forgets all staged changes.
func (g *Graph) Rollback() {
	for len(g.nodes) > g.committed {
		g.removeLast()
	}
	g.tips = append(g.tips[:0], g.heads...)
}

func (g *Graph) removeLast() {
	last := len(g.nodes) - 1
	n := &g.nodes[last]
	g.index.remove(g.nodes)
	g.forgetClock(uint32(last))
	for _, p := range g.parentsOf(uint32(last)) {
		g.nodes[p].children--
	}
	g.edges = g.edges[:n.firstEdge]
	a := &g.actors[n.actor]
	a.changes = a.changes[:len(a.changes)-1]
	if len(a.changes) == 0 { // the newest actors are the first to go
		delete(g.actorOf, a.id)
		g.actors = g.actors[:n.actor]
	}
	g.nodes = g.nodes[:last]
}

// lastSeq returns the seq of an actor's last change, staged ones included; 0
// if it has none.
func (g *Graph) lastSeq(id change.ActorID) uint64 {
	if a, ok := g.actorOf[id]; ok {
		return uint64(len(g.actors[a].changes))
	}
	return 0
}

func (g *Graph) parentsOf(i uint32) []uint32 {
	end := uint32(len(g.edges))
	if int(i)+1 < len(g.nodes) {
		end = g.nodes[i+1].firstEdge
	}
	return g.edges[g.nodes[i].firstEdge:end:end]
}

// end is the first operation counter after those of a node.
func (n *node) end() uint32 { return n.startOp + n.ops }

// Parents returns the indices of change i's deps. The caller must not modify
// the slice.
func (g *Graph) Parents(i int) []uint32 { return g.parentsOf(uint32(i)) }

// DetachedFrom returns the index of the previous change of change i's actor if
// that does not come before i's deps, so that having those is no reason to have
// it.
func (g *Graph) DetachedFrom(i int) (int, bool) {
	n := &g.nodes[i]
	if !n.detached {
		return 0, false
	}
	return int(g.actors[n.actor].changes[n.seq-2]), true
}

// placement is where a change is about to enter.
type placement struct {
	parents  []uint32
	total    bool
	detached bool
	steps    int
	past     *past // of the change; nil if not worked out
}

// place finds a change's place. It reports false if a dep is missing; that the
// actor's previous change is here is up to the caller.
func (g *Graph) place(c *change.Change) (placement, bool) {
	p := placement{parents: g.scratch.parents[:0]}
	for _, dep := range c.Deps {
		i, ok := g.find(dep)
		if !ok {
			return p, false
		}
		p.parents = append(p.parents, i)
	}
	g.scratch.parents = p.parents
	if p.total = g.areTips(p.parents); p.total {
		return p, true
	}
	for _, i := range p.parents {
		p.steps += g.stepsTo(i)
	}
	if own, ok := g.actorOf[c.Actor]; ok {
		changes := g.actors[own].changes
		g.placeAfter(&p, changes[len(changes)-1])
	}
	return p, true
}

// placeAfter makes sure that the actor's previous change belongs to the past.
func (g *Graph) placeAfter(p *placement, previous uint32) {
	if slices.Contains(p.parents, previous) {
		return
	}
	g.workOut(p)
	if !p.past.has(previous) {
		p.detached = true
		p.steps += g.stepsTo(previous)
		p.past.add(previous)
	}
}

func (g *Graph) workOut(p *placement) {
	if p.past == nil {
		p.past = g.pastOf(p.parents)
	}
}

// areTips reports whether the parents are all the current tips, so that
// everything here is in their past.
func (g *Graph) areTips(parents []uint32) bool {
	if len(parents) != len(g.tips) {
		return false
	}
	for _, p := range parents {
		if g.nodes[p].children > 0 {
			return false
		}
	}
	return true
}

// add appends a change.
func (g *Graph) add(c *change.Change, p *placement) {
	i := uint32(len(g.nodes))
	a, ok := g.actorOf[c.Actor]
	if !ok {
		a = uint32(len(g.actors))
		g.actorOf[c.Actor] = a
		g.actors = append(g.actors, actor{id: c.Actor})
	}
	g.nodes = append(g.nodes, node{
		hash: c.Hash, actor: a, seq: uint32(c.Seq), startOp: uint32(c.StartOp), ops: uint32(c.Ops),
		size: uint32(len(c.Bytes())), firstEdge: uint32(len(g.edges)), total: p.total, detached: p.detached,
	})
	g.edges = append(g.edges, p.parents...)
	g.actors[a].changes = append(g.actors[a].changes, i)
	g.index.add(g.nodes)
	g.noteSteps(i, p)
	for _, parent := range p.parents {
		g.nodes[parent].children++
	}
	g.tips = slices.DeleteFunc(g.tips, func(tip uint32) bool { return g.nodes[tip].children > 0 })
	g.tips = append(g.tips, i)
}
