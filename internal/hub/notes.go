package hub

import (
	"strings"
	"sync"

	"github.com/godwit-sync/godwit/storage"
)

// notes are entries that are to be stored, and nobody waits for. They become durable
// in the order of writing, together with what others write; of one key only the newest
// does.
type notes struct {
	mu      sync.Mutex
	order   []*note
	newest  map[string]*note
	writing bool
}

type note struct {
	key   string
	value []byte // nil: to be deleted
	gone  bool   // there is a newer one
}

// note has an entry stored, or deleted if the value is nil.
func (h *Hub) note(key, value []byte) {
	if !h.enter() {
		return
	}
	defer h.running.Done()
	n := &h.notes
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.newest == nil {
		n.newest = map[string]*note{}
	}
	if older := n.newest[string(key)]; older != nil {
		older.gone = true
	}
	added := &note{key: string(key), value: value}
	n.newest[added.key] = added
	n.order = append(n.order, added)
	if !n.writing {
		n.writing = true
		h.running.Add(1)
		go h.writeNotes()
	}
}

// writeNotes stores batch after batch until there is nothing more.
func (h *Hub) writeNotes() {
	defer h.running.Done()
	for b, taken := h.notes.take(); b != nil; b, taken = h.notes.take() {
		b.Patient = !h.isClosed()
		done := make(chan error, 1)
		h.Store.Submit(b, func(_ storage.Seq, err error) { done <- err })
		if err := <-done; err != nil { // it is learned again
			h.Observer.Failed("note", err)
			h.Logger.Error("how far others have come could not be stored", "error", err)
		}
		h.notes.stored(taken)
	}
}

// take returns as much as one batch holds; nil if there is nothing more.
func (n *notes) take() (b *storage.Batch, written []*note) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b = &storage.Batch{}
	size := 0
	taken := 0
	for _, e := range n.order {
		if len(b.Puts)+len(b.Deletes) == storage.MaxEntries || size > storage.MaxEntryBytes-storage.MaxKey {
			break
		}
		taken++
		if e.gone {
			continue
		}
		written = append(written, e)
		size += len(e.key) + len(e.value)
		if e.value == nil {
			b.Deletes = append(b.Deletes, []byte(e.key))
		} else {
			b.Puts = append(b.Puts, storage.Entry{Key: []byte(e.key), Value: e.value})
		}
	}
	if n.order = n.order[taken:]; len(n.order) == 0 {
		n.order = nil
	}
	if len(b.Puts)+len(b.Deletes) == 0 {
		n.writing = false
		return nil, nil
	}
	return b, written
}

// stored forgets what is durable, or could not be stored.
func (n *notes) stored(written []*note) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range written {
		if n.newest[e.key] == e {
			delete(n.newest, e.key)
		}
	}
}

// of returns what is not durable yet under a key; nil is to be deleted.
func (n *notes) of(key []byte) (value []byte, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, ok := n.newest[string(key)]
	if !ok {
		return nil, false
	}
	return e.value, true
}

// under returns what is not durable yet under keys that begin with a prefix; nil is
// to be deleted.
func (n *notes) under(prefix []byte) map[string][]byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	values := map[string][]byte{}
	for key, e := range n.newest {
		if strings.HasPrefix(key, string(prefix)) {
			values[key] = e.value
		}
	}
	return values
}
