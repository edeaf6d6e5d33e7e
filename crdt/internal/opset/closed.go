package opset

import (
	"errors"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// A chunk of a newer version may hold columns that this one doesn't know. Then
// its rows can be read, but the changes of which they were made can't be made
// again: it is closed. It is kept as it came, and what comes later follows it.
// Of the changes in it only the hashes of its heads are known.

// ErrClosed is returned for what needs the changes in a closed chunk.
var ErrClosed = errors.New("opset: a newer version has saved this, and its changes can't be told apart")

// NewerFormat reports whether there is something in the document that only newer
// versions know.
func (s *Set) NewerFormat() bool { return s.history.newer }

// open makes the changes of a chunk that a newer version has saved, or closes
// the chunk if they don't lead to its heads.
func (s *Set) open() {
	h := &s.history
	h.newer = true
	if h.saved.NewerColumns || s.rebuild() != nil {
		h.close(h.saved, h.actors)
	}
}

// close has the history begin with a closed chunk.
func (h *history) close(d *document.History, actors []authored) {
	closed := *d
	closed.HeadIndexes = make([]int, len(d.Heads)) // they are to tell the heads apart, no more
	h.heads = nil
	for i, hash := range d.Heads {
		closed.HeadIndexes[i] = i
		h.heads = append(h.heads, document.Head{Hash: hash, Index: i})
	}
	h.saved, h.newer = &closed, true
	h.enclosed = append([]authored{}, actors...) // not nil
	h.actors = slices.Clone(actors)
}

func (h *history) closed() bool { return h.enclosed != nil }

// base returns the closed chunk, if there is one, and its heads.
func (h *history) base() ([]byte, []change.Hash) {
	if !h.closed() {
		return nil, nil
	}
	return h.saved.Chunk(), h.saved.Heads
}

// holdsBase fails unless a past holds all of the closed chunk, if there is one.
func (h *history) holdsBase(past []bool) error {
	if h.closed() && slices.Contains(past[:len(h.saved.Heads)], false) {
		return ErrClosed
	}
	return nil
}

// holds reports whether a change lies in a closed chunk. That it is this one,
// and no other of the same number, can't be told.
func (h *history) holds(actor uint32, seq uint64) bool {
	return int(actor) < len(h.enclosed) && seq <= uint64(h.enclosed[actor].seq)
}
