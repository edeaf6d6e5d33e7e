package graph_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// history is a naive model of a document: every change with the whole set of
// changes that come before it.
type history struct {
	t       testing.TB
	changes []*change.Change
	at      map[change.Hash]int
	before  []set // of each change, itself included
	actors  map[change.ActorID][]int
}

func newHistory(t testing.TB) *history {
	return &history{t: t, at: map[change.Hash]int{}, actors: map[change.ActorID][]int{}}
}

// set is a set of indices into history.changes.
type set []uint64

func (s set) has(i int) bool { return i/64 < len(s) && s[i/64]>>(i%64)&1 == 1 }

func (s *set) add(i int) {
	for len(*s) <= i/64 {
		*s = append(*s, 0)
	}
	(*s)[i/64] |= 1 << (i % 64)
}

func (s *set) union(other set) {
	for len(*s) < len(other) {
		*s = append(*s, 0)
	}
	for w, bits := range other {
		(*s)[w] |= bits
	}
}

func (s set) members() []int {
	var members []int
	for i := range len(s) * 64 {
		if s.has(i) {
			members = append(members, i)
		}
	}
	return members
}

// heads returns those of a set that no other in it depends on.
func (h *history) heads(of set) []int {
	var inner set
	for _, i := range of.members() {
		for _, dep := range h.changes[i].Deps {
			inner.add(h.at[dep])
		}
	}
	return slices.DeleteFunc(of.members(), inner.has)
}

func (h *history) hashes(indices []int) []change.Hash {
	hashes := make([]change.Hash, len(indices))
	for n, i := range indices {
		hashes[n] = h.changes[i].Hash
	}
	return change.SortHashes(hashes)
}

// closure returns some changes and all that comes before them.
func (h *history) closure(of []int) set {
	var all set
	for _, i := range of {
		all.union(h.before[i])
	}
	return all
}

// previous returns the actor's change before change i; -1 if it is the first.
func (h *history) previous(i int) int {
	c := h.changes[i]
	if c.Seq == 1 {
		return -1
	}
	return h.actors[c.Actor][c.Seq-2]
}

// detached reports whether having change i's deps is no reason to have its
// actor's previous change.
func (h *history) detached(i int) bool {
	previous := h.previous(i)
	if previous < 0 {
		return false
	}
	for _, dep := range h.changes[i].Deps {
		if h.before[h.at[dep]].has(previous) {
			return false
		}
	}
	return true
}

// next returns a draft of an actor's next change on top of others.
func (h *history) next(actor change.ActorID, deps []int) *change.Draft {
	d := &change.Draft{Actor: actor, Seq: uint64(len(h.actors[actor])) + 1, StartOp: 1, Deps: h.hashes(deps)}
	if d.Seq > 1 {
		deps = append(slices.Clone(deps), h.actors[actor][d.Seq-2])
	}
	for _, i := range deps {
		d.StartOp = max(d.StartOp, h.changes[i].MaxOp()+1)
	}
	return d
}

func (h *history) encode(d *change.Draft) *change.Change {
	h.t.Helper()
	c, err := d.Encode()
	if err != nil {
		h.t.Fatalf("encode %+v: %v", d, err)
	}
	return c
}

func (h *history) add(c *change.Change) int {
	i := len(h.changes)
	h.changes = append(h.changes, c)
	h.at[c.Hash] = i
	h.actors[c.Actor] = append(h.actors[c.Actor], i)
	var before set
	before.add(i)
	for _, dep := range c.Deps {
		before.union(h.before[h.at[dep]])
	}
	if previous := h.previous(i); previous >= 0 {
		before.union(h.before[previous])
	}
	h.before = append(h.before, before)
	return i
}

// put is an operation that sets a root key, replacing others.
func put(key string, pred ...change.OpID) change.Op {
	slices.SortFunc(pred, change.OpID.Compare)
	return change.Op{Key: change.MapKey(key), Action: change.ActionSet, Value: change.Int(1), Pred: slices.Compact(pred)}
}

// ids returns the operation ids of change i.
func (h *history) ids(i int) []change.OpID {
	c := h.changes[i]
	ids := make([]change.OpID, c.Ops)
	for n := range ids {
		ids[n] = change.OpID{Counter: c.StartOp + uint64(n), Actor: c.Actor}
	}
	return ids
}

// world makes a history of several actors, each with a view of its own.
type world struct {
	*history
	rand  *rand.Rand
	views map[change.ActorID]*set
	names []change.ActorID
	// How likely each step is something else than an edit on top of a view.
	merging, empty, detaching float64
}

func newWorld(t testing.TB, seed uint64, actors int) *world {
	w := &world{history: newHistory(t), rand: rand.New(rand.NewPCG(seed, 1)), views: map[change.ActorID]*set{}}
	for a := range actors {
		name := change.ActorID(fmt.Sprintf("actor-%02d", a))
		w.names = append(w.names, name)
		w.views[name] = &set{}
	}
	return w
}

func (w *world) step() {
	actor := w.names[w.rand.IntN(len(w.names))]
	view := w.views[actor]
	for w.rand.Float64() < w.merging {
		view.union(*w.views[w.names[w.rand.IntN(len(w.names))]])
	}
	deps := w.heads(*view)
	if members := view.members(); len(members) > 0 && w.rand.Float64() < w.detaching {
		deps = w.heads(w.closure([]int{members[w.rand.IntN(len(members))]}))
	}
	d := w.next(actor, deps)
	if w.rand.Float64() >= w.empty {
		for n := range 1 + w.rand.IntN(4) {
			d.Ops = append(d.Ops, put(fmt.Sprint("key", n), w.someIDs(d)...))
		}
	}
	view.add(w.add(w.encode(d)))
}

// someIDs picks operations that come before a draft.
func (w *world) someIDs(d *change.Draft) []change.OpID {
	var ids []change.OpID
	past := w.pastOf(d).members()
	for range min(w.rand.IntN(4), len(past)) {
		if of := w.ids(past[w.rand.IntN(len(past))]); len(of) > 0 {
			ids = append(ids, of[w.rand.IntN(len(of)):]...)
		}
	}
	return ids
}

// pastOf returns what comes before a draft.
func (w *world) pastOf(d *change.Draft) set {
	var past []int
	for _, dep := range d.Deps {
		past = append(past, w.at[dep])
	}
	if d.Seq > 1 {
		past = append(past, w.actors[d.Actor][d.Seq-2])
	}
	return w.closure(past)
}

// shuffled returns the changes in another log order, each after all that comes
// before it.
func (h *history) shuffled(r *rand.Rand) []int {
	rank := r.Perm(len(h.changes))
	var order []int
	var done set
	ready := func(i int) bool {
		for w, bits := range h.before[i] {
			if w == i/64 {
				bits &^= 1 << (i % 64)
			}
			if bits != 0 && (w >= len(done) || bits&^done[w] != 0) {
				return false
			}
		}
		return true
	}
	for left := slices.SortedFunc(slices.Values(rank), cmp.Compare[int]); len(left) > 0; {
		best := -1
		for n, i := range left {
			if ready(i) && (best < 0 || rank[i] < rank[left[best]]) {
				best = n
			}
		}
		order = append(order, left[best])
		done.add(left[best])
		left = slices.Delete(left, best, best+1)
	}
	return order
}
