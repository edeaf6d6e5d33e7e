package peer

import (
	"context"
	"slices"

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
	all       audience[struct{}, *feed[crdt.DocumentID, Event]]
	of        audience[crdt.DocumentID, *feed[crdt.DocumentID, Event]]
	listeners audience[crdt.DocumentID, *listener]
}

func (w *watchers) tell(ev Event) {
	for _, f := range w.all.of(everything) {
		f.put(ev.Document, ev)
	}
	for _, f := range w.of.of(ev.Document) {
		f.put(ev.Document, ev)
	}
}

func (w *watchers) add(f *feed[crdt.DocumentID, Event], id *crdt.DocumentID) (remove func()) {
	if id == nil {
		return w.all.add(everything, f)
	}
	return w.of.add(*id, f)
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
	f := newFeed[crdt.DocumentID](Event.merge)
	return stream(ctx, p, f.wake, f.next, func() func() { return p.watchers.add(f, id) })
}
