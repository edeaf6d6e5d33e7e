package graph

import (
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Graph is the history of one document. The zero value is not usable; see
// [New].
type Graph struct {
	nodes     []node
	edges     []uint32 // deps of all nodes, one after another
	index     map[change.Hash]uint32
	actors    []actor
	actorOf   map[change.ActorID]uint32
	committed int      // nodes[:committed] are visible
	heads     []uint32 // of the committed nodes
	tips      []uint32 // heads of all nodes, staged ones included
	bytes     int64    // of the committed changes' chunks

	headHashes []change.Hash // of heads, ascending; replaced, never modified
	clocks     clockCache
}

type node struct {
	hash      change.Hash
	actor     uint32
	seq       uint32
	startOp   uint32
	ops       uint32
	size      uint32 // of the chunk
	firstEdge uint32
	edges     uint32
	detached  bool // its actor's previous change is not its ancestor
	total     bool // everything before it in the log is its past
}

// actor is the log of one actor's changes: seq s is changes[s-1].
type actor struct {
	id      change.ActorID
	changes []uint32
}

// New returns the graph of a document without changes.
func New() *Graph {
	return &Graph{index: map[change.Hash]uint32{}, actorOf: map[change.ActorID]uint32{}}
}

// Len returns the number of changes.
func (g *Graph) Len() int { return g.committed }

// Bytes returns the length of all changes' chunks together.
func (g *Graph) Bytes() int64 { return g.bytes }

// Footprint estimates the memory that the graph holds, in bytes.
func (g *Graph) Footprint() int64 {
	const perNode, perActor, perGraph = 64 + 80 + 8, 160, 512
	return perGraph + int64(cap(g.nodes))*perNode + int64(cap(g.edges))*4 + int64(len(g.actors))*perActor + g.clocks.footprint()
}

// Has reports whether the graph holds a change.
func (g *Graph) Has(h change.Hash) bool {
	_, ok := g.Index(h)
	return ok
}

// Index returns a change's place in the log.
func (g *Graph) Index(h change.Hash) (int, bool) {
	i, ok := g.index[h]
	return int(i), ok && int(i) < g.committed
}

// Hash returns the hash of change i.
func (g *Graph) Hash(i int) change.Hash { return g.nodes[i].hash }

// Size returns the length of change i's chunk in bytes.
func (g *Graph) Size(i int) int { return int(g.nodes[i].size) }

// Heads returns the hashes of the changes that no other depends on, ascending.
// The caller must not modify the slice; later calls leave it alone.
func (g *Graph) Heads() []change.Hash { return g.headHashes }

// Restore adds a change that was read from a store's log; it is committed and
// was checked when it was first staged.
func (g *Graph) Restore(c *change.Change) error {
	parents, ok := g.parents(c)
	if !ok {
		return fmt.Errorf("%w: change %d misses a dep", ErrOrder, len(g.nodes))
	}
	if a, known := g.actorOf[c.Actor]; c.Seq != 1 && (!known || uint64(len(g.actors[a].changes)) != c.Seq-1) || c.Seq == 1 && known {
		return fmt.Errorf("%w: change %d has seq %d", ErrOrder, len(g.nodes), c.Seq)
	}
	if _, known := g.index[c.Hash]; known {
		return fmt.Errorf("%w: change %d is there twice", ErrOrder, len(g.nodes))
	}
	g.add(c, parents)
	g.Commit()
	return nil
}

// Staged returns how many changes are staged.
func (g *Graph) Staged() int { return len(g.nodes) - g.committed }

// Commit makes all staged changes visible.
func (g *Graph) Commit() {
	for _, n := range g.nodes[g.committed:] {
		g.bytes += int64(n.size)
	}
	g.committed = len(g.nodes)
	g.heads = append(g.heads[:0], g.tips...)
	g.headHashes = make([]change.Hash, len(g.heads))
	for n, i := range g.heads {
		g.headHashes[n] = g.nodes[i].hash
	}
	change.SortHashes(g.headHashes)
}

// Rollback forgets all staged changes.
func (g *Graph) Rollback() {
	for i := len(g.nodes) - 1; i >= g.committed; i-- {
		n := &g.nodes[i]
		delete(g.index, n.hash)
		a := &g.actors[n.actor]
		a.changes = a.changes[:len(a.changes)-1]
		if len(a.changes) == 0 { // the newest actors are the first to go
			delete(g.actorOf, a.id)
			g.actors = g.actors[:n.actor]
		}
		g.edges = g.edges[:n.firstEdge]
	}
	g.nodes = g.nodes[:g.committed]
	g.tips = append(g.tips[:0], g.heads...)
	g.clocks.clear()
}

// parents returns the indices of a change's deps, staged ones included.
func (g *Graph) parents(c *change.Change) ([]uint32, bool) {
	parents := make([]uint32, len(c.Deps))
	for n, dep := range c.Deps {
		i, ok := g.index[dep]
		if !ok {
			return nil, false
		}
		parents[n] = i
	}
	return parents, true
}

// add appends a node whose parents and previous change are here.
func (g *Graph) add(c *change.Change, parents []uint32) uint32 {
	i := uint32(len(g.nodes))
	a, ok := g.actorOf[c.Actor]
	if !ok {
		a = uint32(len(g.actors))
		g.actorOf[c.Actor] = a
		g.actors = append(g.actors, actor{id: c.Actor})
	}
	n := node{
		hash: c.Hash, actor: a, seq: uint32(c.Seq), startOp: uint32(c.StartOp), ops: uint32(c.Ops),
		size: uint32(len(c.Bytes())), firstEdge: uint32(len(g.edges)), edges: uint32(len(parents)),
	}
	n.total = g.areTips(parents)
	n.detached = !n.total && g.isDetached(a, parents)
	g.actors[a].changes = append(g.actors[a].changes, i)
	g.edges = append(g.edges, parents...)
	g.nodes = append(g.nodes, n)
	g.index[c.Hash] = i
	g.tips = slices.DeleteFunc(g.tips, func(tip uint32) bool { return slices.Contains(parents, tip) })
	g.tips = append(g.tips, i)
	return i
}

func (g *Graph) parentsOf(i uint32) []uint32 {
	n := &g.nodes[i]
	return g.edges[n.firstEdge : n.firstEdge+n.edges]
}

// end is the first operation counter after those of node i.
func (n *node) end() uint32 { return n.startOp + n.ops }
