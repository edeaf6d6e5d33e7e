package hub

import (
	"sync"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/storage"
)

// passRows is after how many rows of the journal every listener learns that those
// were none of its business, if they were not. It would have them searched at the
// next meeting.
const passRows = 1 << 16

// audience knows who is told of which collections. The zero value is empty.
type audience struct {
	mu sync.RWMutex
	of map[docid.Tag]map[*announcement]struct{}
}

func (a *audience) join(who *announcement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil {
		a.of = map[docid.Tag]map[*announcement]struct{}{}
	}
	if a.of[who.tag] == nil {
		a.of[who.tag] = map[*announcement]struct{}{}
	}
	a.of[who.tag][who] = struct{}{}
}

func (a *audience) leave(who *announcement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.of[who.tag], who)
	if len(a.of[who.tag]) == 0 {
		delete(a.of, who.tag)
	}
}

// tell tells of a batch that is durable, and whose last row is numbered. It is
// called in the order of the commits, and waits for nobody.
func (a *audience) tell(b *storage.Batch, last storage.Seq) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if len(a.of) == 0 || len(b.Appends) == 0 {
		return
	}
	first := uint64(last) - uint64(len(b.Appends)) + 1
	for i := range b.Appends {
		w := &b.Appends[i]
		tag, ok := w.Document.Tag()
		if !ok {
			continue
		}
		for who := range a.of[tag] {
			who.push(replica.Row{
				Sequence: first + uint64(i), Document: w.Document,
				First: w.Base, Count: len(w.Changes), Origin: w.Origin,
			})
		}
	}
	if first/passRows != (uint64(last)+1)/passRows {
		a.pass(uint64(last))
	}
}

func (a *audience) pass(last uint64) {
	for _, listeners := range a.of {
		for who := range listeners {
			who.pass(last)
		}
	}
}

// submit is [Store.Submit] for what has appends, and tells those who listen.
func (h *Hub) submit(b *storage.Batch, done func(storage.Seq, error)) {
	tags := h.names.register(b)
	h.Store.Submit(b, func(last storage.Seq, err error) {
		h.names.registered(tags, err)
		if err == nil {
			h.audience.tell(b, last)
		}
		done(last, err)
	})
}
