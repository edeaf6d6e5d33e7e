package load

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// replica is what one client has of a history: of every author the first so
// many changes. It is no document, only the knowledge of what is in it.
type replica struct {
	history *history
	clock   []uint32 // per author
	heads   []head   // ascending by hash
	version int      // grows whenever the heads change
	lastOp  uint64
	held    []ref // arrived before what they depend on
}

type head struct {
	hash change.Hash
	ref  ref
}

func newReplica(h *history) replica {
	return replica{history: h, clock: make([]uint32, len(h.authors))}
}

func (r *replica) has(c ref) bool { return r.clock[c.author] >= c.seq }

// ready reports whether all that a change comes after is here.
func (r *replica) ready(c ref, e *entry) bool {
	if r.clock[c.author] != c.seq-1 {
		return false
	}
	for _, dep := range e.deps {
		if !r.has(dep) {
			return false
		}
	}
	return true
}

// take takes in a change that is ready.
func (r *replica) take(c ref, e *entry) {
	r.clock[c.author] = c.seq
	r.lastOp = max(r.lastOp, e.lastOp)
	r.heads = slices.DeleteFunc(r.heads, func(h head) bool { return slices.Contains(e.deps, h.ref) })
	at, _ := slices.BinarySearchFunc(r.heads, e.hash, func(h head, hash change.Hash) int { return h.hash.Compare(hash) })
	r.heads = slices.Insert(r.heads, at, head{e.hash, c})
	r.version++
}

// receive takes in a change from the server, and others that waited for it. It
// calls visible for each change that becomes so.
func (r *replica) receive(c ref, e *entry, visible func(*entry)) {
	switch {
	case r.has(c) || slices.Contains(r.held, c):
	case !r.ready(c, e):
		r.held = append(r.held, c)
	default:
		r.take(c, e)
		visible(e)
		r.release(visible)
	}
}

func (r *replica) release(visible func(*entry)) {
	for i := 0; i < len(r.held); {
		c := r.held[i]
		e := r.entry(c)
		if !r.ready(c, e) {
			i++
			continue
		}
		r.held = slices.Delete(r.held, i, i+1)
		r.take(c, e)
		visible(e)
		i = 0
	}
}

func (r *replica) entry(c ref) *entry { return r.history.authors[c.author].entry(uint64(c.seq)) }

// hashes returns the heads' hashes, ascending.
func (r *replica) hashes() []change.Hash {
	hashes := make([]change.Hash, len(r.heads))
	for i, h := range r.heads {
		hashes[i] = h.hash
	}
	return hashes
}

// are reports whether these are the heads.
func (r *replica) are(heads []change.Hash) bool {
	return slices.EqualFunc(r.heads, heads, func(h head, hash change.Hash) bool { return h.hash == hash })
}

// need returns what to ask a server for that named its heads.
func (r *replica) need(theirs []change.Hash) []change.Hash {
	var need []change.Hash
	for _, hash := range theirs {
		if slices.ContainsFunc(r.heads, func(h head) bool { return h.hash == hash }) {
			continue
		}
		if c, made := r.history.find(hash); !made || !r.has(c) && !slices.Contains(r.held, c) {
			need = append(need, hash)
		}
	}
	for _, c := range r.held {
		for _, dep := range r.entry(c).deps {
			if !r.has(dep) && !slices.Contains(r.held, dep) {
				need = append(need, r.entry(dep).hash)
			}
		}
	}
	return slices.Compact(change.SortHashes(need))
}

// complete reports whether every change that was made is here.
func (r *replica) complete() bool {
	for i, a := range r.history.authors {
		if int(r.clock[i]) != a.len() {
			return false
		}
	}
	return true
}
