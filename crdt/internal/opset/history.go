package opset

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// history is the changes of a document, in the order in which they came.
type history struct {
	// saved holds the first changes of a document that was loaded, until
	// somebody asks for more than its heads.
	saved   *document.Document
	changes []record
	byHash  map[change.Hash]int32 // of the first indexed changes
	indexed int
	heads   []document.Head // ascending
	actors  []authored      // by their numbers
}

// authored is what an actor has made so far.
type authored struct {
	seq   uint32 // of the last change
	maxOp uint32 // the counter of the last operation
	last  int32  // the last change's index
}

// record is a change as the history keeps it.
type record struct {
	hash              change.Hash
	actor, seq, maxOp uint32
	dep               int32 // the first of its dependencies, or -1
	time              int64
	chunk             []byte
	rare              *rare
}

// rare is what few changes have.
type rare struct {
	deps    []int32 // further ones
	message string
	extra   []byte
}

// len returns the number of changes.
func (h *history) len() int {
	if h.saved != nil {
		return h.saved.NumChanges + len(h.changes)
	}
	return len(h.changes)
}

// NumChanges returns the number of changes.
func (s *Set) NumChanges() int { return s.history.len() }

// knows reports whether a change is known to be here without rebuilding any.
func (h *history) knows(hash change.Hash) bool {
	_, ok := h.index(hash)
	return ok
}

// lastSeq returns the sequence number of an actor's last change.
func (h *history) lastSeq(actor uint32) uint64 {
	if int(actor) < len(h.actors) {
		return uint64(h.actors[actor].seq)
	}
	return 0
}

// lastOp returns the counter of an actor's last operation.
func (h *history) lastOp(actor uint32) uint64 {
	if int(actor) < len(h.actors) {
		return uint64(h.actors[actor].maxOp)
	}
	return 0
}

// authored notes a change of an actor.
func (h *history) authored(actor, seq, maxOp uint32, index int32) {
	for len(h.actors) <= int(actor) {
		h.actors = append(h.actors, authored{})
	}
	h.actors[actor] = authored{seq, max(maxOp, h.actors[actor].maxOp), index}
}

// index returns where a change is. Those of a loaded document must have been
// rebuilt, unless it is a head.
func (h *history) index(hash change.Hash) (int32, bool) {
	if i, ok := h.head(hash); ok {
		return int32(h.heads[i].Index), true
	}
	if h.byHash == nil {
		h.byHash = make(map[change.Hash]int32)
	}
	offset := h.len() - len(h.changes)
	for ; h.indexed < len(h.changes); h.indexed++ {
		h.byHash[h.changes[h.indexed].hash] = int32(offset + h.indexed)
	}
	i, ok := h.byHash[hash]
	return i, ok
}

// head returns where a change is among the heads, or would be.
func (h *history) head(hash change.Hash) (int, bool) {
	return slices.BinarySearchFunc(h.heads, hash, func(head document.Head, hash change.Hash) int { return head.Hash.Compare(hash) })
}

// add appends a change, whose dependencies are here.
func (h *history) add(a *actors, c *change.Change) {
	n := int32(h.len())
	r := record{
		hash: c.Hash, actor: a.number(c.Actor), seq: uint32(c.Seq), maxOp: uint32(c.MaxOp()),
		dep: -1, time: c.Time, chunk: c.Bytes(),
	}
	var others rare
	for i, dep := range c.Deps {
		at, _ := h.index(dep)
		if i == 0 {
			r.dep = at
		} else {
			others.deps = append(others.deps, at)
		}
	}
	others.message, others.extra = c.Message, c.Extra()
	if len(others.deps) > 0 || others.message != "" || len(others.extra) > 0 {
		r.rare = &others
	}
	h.changes = append(h.changes, r)
	h.heads = slices.DeleteFunc(h.heads, func(head document.Head) bool {
		_, named := slices.BinarySearchFunc(c.Deps, head.Hash, change.Hash.Compare)
		return named
	})
	at, _ := h.head(c.Hash)
	h.heads = slices.Insert(h.heads, at, document.Head{Hash: c.Hash, Index: int(n)})
	h.authored(r.actor, r.seq, r.maxOp, n)
}

// deps calls fn with a change's dependencies.
func (r *record) deps(fn func(int32)) {
	if r.dep >= 0 {
		fn(r.dep)
	}
	if r.rare != nil {
		for _, dep := range r.rare.deps {
			fn(dep)
		}
	}
}

// past says of each change whether it is one of some changes or in their past.
func (h *history) past(of []int32) []bool {
	past := make([]bool, len(h.changes))
	for _, i := range of {
		past[i] = true
	}
	for i := len(past) - 1; i >= 0; i-- {
		if past[i] {
			h.changes[i].deps(func(dep int32) { past[dep] = true })
		}
	}
	return past
}

// since returns the chunks of the changes that are not in the past of some.
func (h *history) since(known []int32) [][]byte {
	past := h.past(known)
	var chunks [][]byte
	for i := range h.changes {
		if !past[i] {
			chunks = append(chunks, h.changes[i].chunk)
		}
	}
	return chunks
}

// Heads returns the hashes of the changes that no other depends on, ascending.
func (s *Set) Heads() []change.Hash {
	hashes := make([]change.Hash, len(s.history.heads))
	for i, head := range s.history.heads {
		hashes[i] = head.Hash
	}
	return hashes
}

// Has reports whether a change is here. This and the methods below rebuild the
// changes of a loaded document when they need them, and fail with [ErrDamaged]
// if they don't lead to its heads.
func (s *Set) Has(hash change.Hash) (bool, error) {
	if s.history.knows(hash) {
		return true, nil
	}
	if err := s.rebuild(); err != nil {
		return false, err
	}
	return s.history.knows(hash), nil
}

// Holds reports whether a change is here, at less cost than [Set.Has].
func (s *Set) Holds(c *change.Change) (bool, error) {
	actor, known := s.actors.find(c.Actor)
	if !known || c.Seq > s.history.lastSeq(actor) {
		return false, nil
	}
	return s.Has(c.Hash)
}

// Changes returns the chunks of the changes that are not in the past of some
// heads, in causal order. Unknown heads are passed over.
func (s *Set) Changes(since []change.Hash) ([][]byte, error) {
	if err := s.rebuild(); err != nil {
		return nil, err
	}
	var known []int32
	for _, hash := range since {
		if i, ok := s.history.index(hash); ok {
			known = append(known, i)
		}
	}
	return s.history.since(known), nil
}
