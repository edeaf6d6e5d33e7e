package graph

import (
	"container/heap"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Lacking returns the indices, ascending, of the changes that are neither in
// the base nor among its ancestors: what a neighbour that has just the base
// lacks. Base hashes that the graph doesn't hold are passed over. The cost
// follows the size of the answer and of the base's divergence, not the length
// of the history.
func (g *Graph) Lacking(base []change.Hash) []int {
	w := walker{g: g}
	for _, i := range g.heads {
		w.push(i, false)
	}
	anchored := false
	for _, h := range base {
		if i, ok := g.Index(h); ok {
			w.push(uint32(i), true)
			anchored = true
		}
	}
	if !anchored {
		return g.all()
	}
	var lacking []int
	for w.lacking > 0 {
		i, has := w.pop()
		if !has {
			lacking = append(lacking, int(i))
		}
		for _, p := range g.parentsOf(i) {
			w.push(p, has)
		}
	}
	slices.Reverse(lacking)
	return lacking
}

func (g *Graph) all() []int {
	all := make([]int, g.committed)
	for i := range all {
		all[i] = i
	}
	return all
}

// Frontier returns those of the hashes that are not ancestors of another of
// them, ascending. Hashes that the graph doesn't hold are left out.
func (g *Graph) Frontier(hashes []change.Hash) []change.Hash {
	w := walker{g: g}
	lowest := uint32(len(g.nodes))
	for _, h := range hashes {
		if i, ok := g.Index(h); ok {
			w.push(uint32(i), false)
			lowest = min(lowest, uint32(i))
		}
	}
	var frontier []change.Hash
	for w.lacking > 0 {
		i, below := w.pop()
		if !below {
			frontier = append(frontier, g.nodes[i].hash)
		}
		for _, p := range g.parentsOf(i) {
			if p >= lowest {
				w.push(p, true)
			}
		}
	}
	return change.SortHashes(frontier)
}

// FirstBatch returns how many of the given changes (indices, ascending) may
// travel in one message: no more than maxBytes of chunks, but at least one,
// and none whose actor's previous change comes in the same message without
// being its ancestor, for which JavaScript receivers throw.
func (g *Graph) FirstBatch(indices []int, maxBytes int) int {
	total := 0
	for n, i := range indices {
		total += int(g.nodes[i].size)
		if n > 0 && total > maxBytes {
			return n
		}
		if previous, detached := g.DetachedFrom(i); detached {
			if _, together := slices.BinarySearch(indices[:n], previous); together {
				return n
			}
		}
	}
	return len(indices)
}

// Parents returns the indices of change i's deps. The caller must not modify
// the slice.
func (g *Graph) Parents(i int) []uint32 { return g.parentsOf(uint32(i)) }

// DetachedFrom returns the index of the previous change of change i's actor if
// that is not among i's ancestors.
func (g *Graph) DetachedFrom(i int) (int, bool) {
	n := &g.nodes[i]
	if !n.detached {
		return 0, false
	}
	return int(g.actors[n.actor].changes[n.seq-2]), true
}

// walker visits nodes from the newest to the oldest. A node pushed several
// times is popped once; it is marked if any of its pushes was.
type walker struct {
	g       *Graph
	queue   maxHeap
	lacking int // unmarked entries in the queue
}

func (w *walker) push(i uint32, marked bool) {
	entry := uint64(i) << 1
	if marked {
		entry |= 1
	} else {
		w.lacking++
	}
	heap.Push(&w.queue, entry)
}

func (w *walker) pop() (i uint32, marked bool) {
	top := w.queue[0]
	i, marked = uint32(top>>1), top&1 == 1
	for len(w.queue) > 0 && uint32(w.queue[0]>>1) == i {
		if heap.Pop(&w.queue).(uint64)&1 == 0 {
			w.lacking--
		}
	}
	return i, marked
}

// maxHeap orders entries of (index, marked), the newest and marked first.
type maxHeap []uint64

func (h maxHeap) Len() int           { return len(h) }
func (h maxHeap) Less(a, b int) bool { return h[a] > h[b] }
func (h maxHeap) Swap(a, b int)      { h[a], h[b] = h[b], h[a] }
func (h *maxHeap) Push(x any)        { *h = append(*h, x.(uint64)) }
func (h *maxHeap) Pop() any {
	old := *h
	top := old[len(old)-1]
	*h = old[:len(old)-1]
	return top
}
