package opset

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// history is the changes of a document, in the order in which they came.
type history struct {
	// saved holds the first changes of a document that was loaded, until
	// somebody asks for more than its heads; for ever if it is closed.
	saved *document.History
	// enclosed is what a closed chunk holds, by the actors' numbers.
	enclosed []authored
	newer    bool // there is what only newer versions know

	records records         // of the others
	heads   []document.Head // ascending
	actors  []authored      // by their numbers
}

// authored is what an actor has made so far.
type authored struct {
	seq   uint32 // of the last change
	maxOp uint32 // the counter of the last operation
	last  int32  // the last change's index
}

// first returns the number of changes that have no record yet.
func (h *history) first() int {
	if h.saved != nil {
		return h.saved.NumChanges
	}
	return 0
}

// len returns the number of changes.
func (h *history) len() int { return h.first() + h.records.n }

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
// rebuilt, unless they were its heads.
func (h *history) index(hash change.Hash) (int32, bool) {
	if i, ok := h.head(hash); ok {
		return int32(h.heads[i].Index), true
	}
	if h.saved != nil {
		if i, ok := slices.BinarySearchFunc(h.saved.Heads, hash, change.Hash.Compare); ok && h.saved.HeadIndexes != nil {
			return int32(h.saved.HeadIndexes[i]), true
		}
	}
	i, ok := h.records.find(hash)
	return int32(h.first() + i), ok
}

// head returns where a change is among the heads, or would be.
func (h *history) head(hash change.Hash) (int, bool) { return search(h.heads, hash) }

func search(heads []document.Head, hash change.Hash) (int, bool) {
	return slices.BinarySearchFunc(heads, hash, func(head document.Head, hash change.Hash) int { return head.Hash.Compare(hash) })
}

func (h *history) isHead(hash change.Hash) bool {
	_, is := h.head(hash)
	return is
}

// add appends a change, whose dependencies are here.
func (h *history) add(a *actors, c *change.Change) {
	n := h.len()
	r := record{hash: c.Hash, actor: a.number(c.Actor), seq: uint32(c.Seq), maxOp: uint32(c.MaxOp()), dep: -1, time: c.Time}
	others := rare{message: c.Message, extra: c.Extra(), newer: c.NewerFormat}
	for i, dep := range c.Deps {
		at, _ := h.index(dep)
		if i == 0 {
			r.dep = at
		} else {
			others.deps = append(others.deps, at)
		}
	}
	h.records.add(r, c.Tail(), others)
	h.newer = h.newer || c.NewerFormat
	h.supersede(c.Deps)
	at, _ := h.head(c.Hash)
	h.heads = slices.Insert(h.heads, at, document.Head{Hash: c.Hash, Index: n})
	h.authored(r.actor, r.seq, r.maxOp, int32(n))
}

// supersede takes changes, which are in order, out of the heads.
func (h *history) supersede(deps []change.Hash) {
	kept, rest := h.heads[:0], h.heads
	for _, dep := range deps {
		if at, ok := search(rest, dep); ok {
			kept, rest = append(kept, rest[:at]...), rest[at+1:]
		}
	}
	h.heads = append(kept, rest...)
}

// past says of each change whether it is one of some changes or in their past.
// They must have been rebuilt; of those in a closed chunk, it knows of the heads.
func (h *history) past(of []int32) []bool {
	past := make([]bool, h.len())
	for _, i := range of {
		past[i] = true
	}
	first := h.first()
	for i := len(past) - 1; i >= first; i-- {
		if past[i] {
			h.records.deps(h.records.at(i-first), func(dep int32) { past[dep] = true })
		}
	}
	return past
}

// What a walk back through the history knows of a change.
const (
	unseen = iota
	outside
	inside // of the past of some changes
)

// since returns which changes are not in the past of some, ascending, and
// whether these are all: they aren't if some have to be rebuilt first. It looks
// at no change before the first of them.
func (h *history) since(known []int32) (changes []int, all bool) {
	seen := make([]uint8, h.len())
	open := 0 // changes outside that were seen, but not yet come to
	see := func(i int32, what uint8) {
		switch {
		case what <= seen[i]:
			return
		case what == outside:
			open++
		case seen[i] == outside:
			open--
		}
		seen[i] = what
	}
	for _, head := range h.heads {
		see(int32(head.Index), outside)
	}
	for _, i := range known {
		see(i, inside)
	}
	first := h.first()
	for i := len(seen) - 1; i >= first && open > 0; i-- {
		if seen[i] == outside {
			open--
			changes = append(changes, i)
		}
		h.records.deps(h.records.at(i-first), func(dep int32) { see(dep, seen[i]) })
	}
	slices.Reverse(changes)
	return changes, open == 0
}

// hash returns the hash of a change that has been rebuilt, or was a head of the
// document that was loaded.
func (h *history) hash(i int32) change.Hash {
	if first := h.first(); int(i) >= first {
		return h.records.at(int(i) - first).hash
	}
	return h.saved.Heads[slices.Index(h.saved.HeadIndexes, int(i))]
}

// chunk returns the chunk of a change.
func (h *history) chunk(a *actors, i int) []byte {
	i -= h.first()
	r := h.records.at(i)
	var deps []change.Hash
	h.records.deps(r, func(dep int32) { deps = append(deps, h.hash(dep)) })
	return change.FromTail(r.hash, deps, a.ids[r.actor], h.records.tail(i))
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
// if they don't lead to its heads. Of a closed chunk's changes only its heads
// are found.
func (s *Set) Has(hash change.Hash) (bool, error) {
	if s.history.knows(hash) || s.history.closed() {
		return s.history.knows(hash), nil
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
	if s.history.holds(actor, c.Seq) {
		return true, nil
	}
	return s.Has(c.Hash)
}

// Changes returns the chunks of the changes that are not in the past of some
// heads, in causal order. Unknown heads are passed over. If there is a closed
// chunk, all of it must be in the past of those heads.
func (s *Set) Changes(since []change.Hash) ([][]byte, error) {
	changes, all := s.since(since)
	if !all {
		if err := s.rebuild(); err != nil {
			return nil, err
		}
		if changes, all = s.since(since); !all {
			return nil, ErrClosed
		}
	}
	chunks := make([][]byte, len(changes))
	for k, i := range changes {
		chunks[k] = s.history.chunk(&s.actors, i)
	}
	return chunks, nil
}

// Landmarks returns hashes that [Set.Changes] finds without rebuilding anything:
// the heads, those of the chunk that was loaded, and some of what came later,
// ever farther apart.
func (s *Set) Landmarks() []change.Hash {
	h := &s.history
	hashes := s.Heads()
	if h.saved != nil {
		hashes = append(hashes, h.saved.Heads...)
	}
	for back := 1; back <= h.records.n; back *= 2 {
		hashes = append(hashes, h.records.at(h.records.n-back).hash)
	}
	return hashes
}

func (s *Set) since(heads []change.Hash) (changes []int, all bool) {
	var known []int32
	for _, hash := range heads {
		if i, ok := s.history.index(hash); ok {
			known = append(known, i)
		}
	}
	return s.history.since(known)
}
