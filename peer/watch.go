package peer

import (
	"context"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
)

// Event says that something about a document is no longer as it was. Events
// that come faster than they are read are merged, so that the last one tells
// how things are.
type Event struct {
	Document crdt.DocumentID
	Local    bool // changes were made here
	Remote   bool // changes came from others
	// Refused are changes that others brought and that break a rule, so that
	// they are not taken; Reason is the rule, in one word.
	Refused []crdt.Hash
	Reason  string

	peer *Peer
}

// Status returns the document's status at the moment of the call.
func (e Event) Status() (Status, error) {
	return (&Document{peer: e.peer, id: e.Document}).Status()
}

// maxTold is how many refused changes an event names.
const maxTold = 100

func (e Event) merge(later Event) Event {
	later.Local = later.Local || e.Local
	later.Remote = later.Remote || e.Remote
	later.Refused = append(slices.Clone(e.Refused), later.Refused...)
	later.Refused = later.Refused[:min(len(later.Refused), maxTold)]
	if later.Reason == "" {
		later.Reason = e.Reason
	}
	return later
}

// watchers are those who want to be told of events.
type watchers struct {
	mu        sync.Mutex
	all       []*feed[crdt.DocumentID, Event]
	of        map[crdt.DocumentID][]*feed[crdt.DocumentID, Event]
	listeners map[crdt.DocumentID][]*listener
}

func (w *watchers) tell(ev Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.all {
		f.put(ev.Document, ev)
	}
	for _, f := range w.of[ev.Document] {
		f.put(ev.Document, ev)
	}
}

func (w *watchers) add(f *feed[crdt.DocumentID, Event], id *crdt.DocumentID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id == nil {
		w.all = append(w.all, f)
		return
	}
	if w.of == nil {
		w.of = map[crdt.DocumentID][]*feed[crdt.DocumentID, Event]{}
	}
	w.of[*id] = append(w.of[*id], f)
}

func (w *watchers) remove(f *feed[crdt.DocumentID, Event], id *crdt.DocumentID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	is := func(other *feed[crdt.DocumentID, Event]) bool { return other == f }
	if id == nil {
		w.all = slices.DeleteFunc(w.all, is)
		return
	}
	if w.of[*id] = slices.DeleteFunc(w.of[*id], is); len(w.of[*id]) == 0 {
		delete(w.of, *id)
	}
}

// Watch tells of all documents; see [Document.Watch].
func (p *Peer) Watch(ctx context.Context) <-chan Event { return p.watch(ctx, nil) }

// Watch tells of everything that happens to the document from now on: changes
// made here, changes of others, and another status. The channel is closed when
// ctx ends, or the peer is closed. Whoever doesn't read for a while gets what
// happened in one event.
func (d *Document) Watch(ctx context.Context) <-chan Event { return d.watch(ctx) }

func (d *Document) watch(ctx context.Context) <-chan Event { return d.peer.watch(ctx, &d.id) }

func (p *Peer) watch(ctx context.Context, id *crdt.DocumentID) <-chan Event {
	out := make(chan Event)
	if p.enter() != nil {
		close(out)
		return out
	}
	f := newFeed[crdt.DocumentID](Event.merge)
	p.watchers.add(f, id)
	go func() {
		defer p.running.Done()
		defer close(out)
		defer p.watchers.remove(f, id)
		f.deliver(ctx, p.closing, out)
	}()
	return out
}
