package hub

import (
	"golang.org/x/sync/semaphore"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/storage"
)

// Origin returns what the log calls whoever joins.
func Origin(join wire.Join) [16]byte { return originOf(join.SenderID, join.Metadata) }

// Standing returns how far we have come with the server that we joined, whether
// or not the keeper was told so; false if the document isn't talked about with it.
func (h *Hub) Standing(id docid.ID) (Standing, bool) {
	h.mu.Lock()
	d := h.docs[id]
	h.mu.Unlock()
	if d == nil {
		return Standing{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Standing()
}

// Holds returns a document's graph; nil if it isn't in memory. Nothing may be under
// way.
func (h *Hub) Holds(id docid.ID) *graph.Graph {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d := h.docs[id]; d != nil {
		return d.core.Graph()
	}
	return nil
}

// Sweep unloads what it can, as if memory were short.
func (h *Hub) Sweep() {
	for range 2 {
		for _, d := range h.snapshot() {
			h.drop(d)
		}
	}
}

// Weighed returns the account of memory, and what it should be.
func (h *Hub) Weighed() (account, truth int64) {
	for _, d := range h.snapshot() {
		d.mu.Lock()
		truth += d.weight.cached + d.weight.fixed
		d.mu.Unlock()
	}
	return h.cached.Load() + h.fixed.Load(), truth
}

// Fixed returns what documents take that no sweep gives back.
func (h *Hub) Fixed() int64 { return h.fixed.Load() }

// Reserved returns what is taken of the memory for messages on their way out,
// and for deflated ones on their way in.
func (h *Hub) Reserved() (outgoing, inflating int64) {
	return taken(h.outgoing, h.OutgoingBytes), taken(h.inflating, inflatingBytes)
}

// taken searches for how much can still be had, since nobody tells.
func taken(s *semaphore.Weighted, size int64) int64 {
	free := int64(0)
	for step := size; step > 0; step /= 2 {
		for s.TryAcquire(step) {
			free += step
		}
	}
	s.Release(free)
	return size - free
}

// Turns lets tests and benchmarks use a session's set of owed documents.
type Turns struct {
	turns turns
	docs  []*document
}

// NewTurns returns an empty set, for documents 0 … n-1.
func NewTurns(n int) *Turns {
	t := &Turns{docs: make([]*document, n)}
	for i := range t.docs {
		t.docs[i] = &document{users: i}
	}
	return t
}

// Add adds a document.
func (t *Turns) Add(i int) { t.turns.add(t.docs[i]) }

// Len returns how many wait.
func (t *Turns) Len() int { return t.turns.len() }

// Take takes the next; -1 if there is none.
func (t *Turns) Take() int {
	if d := t.turns.take(); d != nil {
		return d.users
	}
	return -1
}

// Tail lets tests look at the bytes that are kept of a log's end.
type Tail struct{ tail tail }

// Add adds the log's next chunk.
func (t *Tail) Add(index int, chunk []byte) { t.tail.add(index, chunk) }

// Get returns chunks, nil unless all are there.
func (t *Tail) Get(indices ...int) [][]byte { return t.tail.get(indices) }

// Bytes returns how long the chunks are.
func (t *Tail) Bytes() int { return t.tail.bytes }

// Bounds of what the tests push against.
const (
	TailBytes    = tailBytes
	MaxWhispers  = maxWhispers
	ParseChanges = parseChanges
	SmallLetter  = smallLetter
)

// Note stores an entry.
func (h *Hub) Note(key, value []byte) error {
	done := make(chan error, 1)
	h.Store.Submit(&storage.Batch{Puts: []storage.Entry{{Key: key, Value: value}}},
		func(_ storage.Seq, err error) { done <- err })
	return <-done
}

// Claim claims a tag for a name, as a subscription does.
func (h *Hub) Claim(tag docid.Tag, name string) (bool, error) { return h.claim(tag, name) }

// Unclaim ends that.
func (h *Hub) Unclaim(tag docid.Tag) { h.names.unclaim(tag) }

// Claims is how many tags are claimed.
func (h *Hub) Claims() int {
	h.names.mu.Lock()
	defer h.names.mu.Unlock()
	return len(h.names.claims)
}

// Jot has an entry stored that nobody waits for.
func (h *Hub) Jot(key, value []byte) { h.note(key, value) }

// SideBySide is what does something with many documents at once.
func SideBySide(n int, do func(i int)) { sideBySide(n, do) }
