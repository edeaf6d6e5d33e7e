package hub

import (
	"maps"
	"slices"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// acquire returns the one document of an id and keeps it in the table until it
// is released.
func (h *Hub) acquire(id docid.ID) *document {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.open(id)
	d.brief = false
	return d
}

// pass is acquire for an errand, of which there may be a great many, each to
// another document. Nothing of those remains, if they are new.
func (h *Hub) pass(id docid.ID) *document {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open(id)
}

// open returns a document in the table; h.mu is held.
func (h *Hub) open(id docid.ID) *document {
	d := h.docs[id]
	if d == nil {
		d = &document{hub: h, id: id, brief: true}
		h.docs[id] = d
	}
	d.users++
	return d
}

// What a log may have to be soon read again.
const (
	shortChanges = 8
	shortBytes   = 64 << 10
)

func isShort(g *graph.Graph) bool { return g.Len() <= shortChanges && g.Bytes() <= shortBytes }

// release lets go of a document. Its graph remains for whoever comes next, as
// long as there is room, unless there is nothing in it, or nobody wanted it but
// passing errands and it is short.
func (h *Hub) release(d *document) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d.users--
	if d.users > 0 || !d.mu.TryLock() {
		return
	}
	defer d.mu.Unlock()
	if g := d.core.Graph(); g == nil || g.Len() == 0 || d.brief && isShort(g) {
		d.core.Unload()
		h.remove(d)
	}
}

// remove takes a document out of the table if nobody has it open and nothing
// is under way. Both mutexes are held, so that there can't be a second one of
// the same id while this one has something to do.
func (h *Hub) remove(d *document) {
	if d.users == 0 && d.core.Idle() && d.core.Graph() == nil && !d.gone {
		delete(h.docs, d.id)
		d.gone = true
		d.weigh()
	}
}

// sweepIfNeeded drops graphs that nobody has touched since the last sweep, and
// then others, until they fit their budget again.
func (h *Hub) sweepIfNeeded() {
	if !h.mustSweep() || !h.sweeping.TryLock() {
		return
	}
	defer h.sweeping.Unlock()
	documents := h.snapshot()
	for round := 0; round < 2 && h.cached.Load() > h.GraphBytes; round++ {
		for _, d := range documents {
			if h.cached.Load() <= h.GraphBytes*3/4 {
				break
			}
			h.drop(d)
		}
	}
	h.sweepAt.Store(h.cached.Load() + h.GraphBytes/4)
	h.sweepIn.Store(int64(len(documents)))
}

// mustSweep reports whether there is too much, and a sweep is worth its cost:
// if the last one found too much in use, there must be more by now, or as many
// steps must have been taken as there were documents to look at.
func (h *Hub) mustSweep() bool {
	cached := h.cached.Load()
	return cached > h.GraphBytes && (cached > h.sweepAt.Load() || h.sweepIn.Add(-1) < 0)
}

func (h *Hub) snapshot() []*document {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.docs))
}

func (h *Hub) drop(d *document) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !d.mu.TryLock() {
		return // it is in use this very moment, and its step may take long
	}
	defer d.mu.Unlock()
	if d.touched {
		d.touched = false
		return
	}
	if d.core.Unload() || d.core.Graph() == nil {
		d.tail = tail{}
	}
	h.remove(d)
	d.weigh()
}
