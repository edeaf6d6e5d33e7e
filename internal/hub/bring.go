package hub

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
)

// Brought is what became of changes that were brought.
type Brought = replica.Brought

// Bring offers changes, and the hashes of chunks that are no valid ones, that a
// neighbour brought outside of a conversation about their document. They are
// checked like any others. origin is what the log names as theirs.
//
// done is called once, from any goroutine, when all are durable, known, refused, or
// wait for what is missing; it must not block. What waits is forgotten unless
// somebody else uses the document; nothing is taken of a document that the
// [Follower] doesn't want at that moment, as if it had been purged. Calls about one
// document are dealt with in their order. Bring returns before that, but waits, like
// [Store].Submit, while the store has too much to write.
func (h *Hub) Bring(id docid.ID, changes []*change.Change, invalid []*change.InvalidError, origin [16]byte, done func(Brought)) {
	if !h.enter() {
		done(Brought{Err: ErrClosed})
		return
	}
	d := h.pass(id)
	wanted := func() bool { return h.follower.Wants(id) }
	d.step(&replica.Offered{Origin: origin, Wanted: wanted, Changes: changes, Invalid: invalid, Done: func(b Brought) {
		defer h.running.Done()
		h.release(d)
		done(b)
	}})
}
