package peer

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// RecordChange is what has happened to a record.
type RecordChange uint8

// What can happen. A record that is restored, or arrives, is created; one that is
// forgotten here is deleted.
const (
	Created RecordChange = iota + 1
	Updated
	Deleted
)

var changeNames = [...]string{Created: "created", Updated: "updated", Deleted: "deleted"}

// String returns the change's name in lower case.
func (c RecordChange) String() string { return changeNames[c] }

// RecordEvent says what has happened to a record. What happens to one while nobody
// reads is told in one event.
type RecordEvent[T any] struct {
	ID     crdt.DocumentID
	Change RecordChange
	Local  bool // changes were made here
	Remote bool // changes came from others
	// Before and After are the record as it was and as it is; nil where there was
	// none, or it can't be read. Of a large record Before is nil, and After may be
	// newer than the event.
	Before, After *T
	// Err says which fields others have written as something else than a T has.
	Err error
	// Conflicts says that the record has conflicts; see [Records.Conflicts].
	Conflicts bool
	// Unresolved is why a resolver has failed; see [Resolve]. It comes in an event
	// that says that the record is updated.
	Unresolved error
	// Actors are who made the changes, each once, in their order.
	Actors []crdt.ActorID
	// Missed is how many events before this one were dropped, because nobody has
	// read for so long: look at the collection anew.
	Missed int

	document    *Document
	from, until []crdt.Hash
}

// Patches returns what is different in the record's document, in the steps in
// which a screen can follow; see [Document.Diff].
func (e RecordEvent[T]) Patches(ctx context.Context) (iter.Seq[crdt.Patch], error) {
	return e.document.Diff(ctx, e.from, e.until)
}

// Watch tells what happens to the collection's records from now on, or only to
// those that are named: whatever is committed here, and whatever others bring.
// The channel is closed when ctx ends, or the peer is closed. Whoever doesn't
// read holds up nobody: see [RecordEvent.Missed].
func (r *Records[T]) Watch(ctx context.Context, ids ...crdt.DocumentID) <-chan RecordEvent[T] {
	f := &recordFeed{only: slices.Clone(ids), waiting: map[crdt.DocumentID]*happening{}, wake: make(chan struct{}, 1)}
	next := func() (e RecordEvent[T], ok bool) {
		h := f.next()
		if h == nil {
			return e, false
		}
		return eventOf[T](ctx, r.c, h), true
	}
	return stream(ctx, r.c.peer, f.wake, next, func() func() { return r.c.feeds.add(everything, f) })
}

func eventOf[T any](ctx context.Context, c *collection, h *happening) RecordEvent[T] {
	e := RecordEvent[T]{
		ID: h.id, Local: h.local, Remote: h.remote, Actors: h.actors, Missed: h.missed,
		Conflicts: h.after.is(viewConflicted), Unresolved: h.unresolved,
		document: &Document{peer: c.peer, id: h.id}, from: h.from, until: h.until,
	}
	switch {
	case !h.before.isThere():
		e.Change = Created
	case !h.after.isThere():
		e.Change = Deleted
	default:
		e.Change = Updated
	}
	e.Before, _ = valueOf[T](h.before)
	e.After, e.Err = valueOf[T](h.after)
	if h.after.is(viewLarge) {
		e.After, e.Err = largeValue[T](ctx, c, h.id)
	}
	return e
}

// largeValue reads a large record from its document.
func largeValue[T any](ctx context.Context, c *collection, id crdt.DocumentID) (value *T, err error) {
	read := func(root crdt.Map) error {
		value = new(T)
		err = misfit(root.Hydrate(value))
		return nil
	}
	// Who can't read it gets none.
	_ = c.glanceNow(ctx, nil, id, func(doc *crdt.Doc) error {
		return c.peer.suspects.while(id, func() error { return doc.View(read) })
	})
	return value, err
}

func valueOf[T any](v *view) (*T, error) {
	if v == nil || v.data == nil {
		return nil, nil
	}
	value := new(T)
	return value, misfit(v.data.Hydrate(value))
}

// happening is what has happened to a record.
type happening struct {
	id            crdt.DocumentID
	before, after *view
	local, remote bool
	actors        []crdt.ActorID
	from, until   []crdt.Hash
	unresolved    error
	missed        int
}

// maxActors is how many actors an event names.
const maxActors = 64

func happeningOf(id crdt.DocumentID, before, after *view, changes []*change.Change, own int) *happening {
	h := &happening{id: id, before: before, after: after, local: own > 0, remote: own < len(changes)}
	for _, c := range changes {
		h.acted(c.Actor)
	}
	return h
}

func (h *happening) acted(actor crdt.ActorID) {
	if len(h.actors) < maxActors && !actor.ReservedForSkeletons() && !slices.Contains(h.actors, actor) {
		h.actors = append(h.actors, actor)
	}
}

// isSeen reports whether anything has happened that readers can see.
func (h *happening) isSeen() bool { return h.before.isThere() || h.after.isThere() }

// then adds what has happened to the same record later.
func (h *happening) then(later *happening) {
	h.after, h.until = later.after, later.until
	h.local, h.remote = h.local || later.local, h.remote || later.remote
	if later.unresolved != nil {
		h.unresolved = later.unresolved
	}
	for _, actor := range later.actors {
		h.acted(actor)
	}
}

func (h *happening) size() int {
	size := 256
	for _, v := range []*view{h.before, h.after} {
		if v != nil {
			size += len(v.data)
		}
	}
	return size
}

// What waits for one reader: older events are dropped beyond either.
const (
	feedEvents = 4096
	feedBytes  = 4 << 20
)

// recordFeed brings what happens to records to one reader.
type recordFeed struct {
	only []crdt.DocumentID // none = all records

	mu      sync.Mutex
	waiting map[crdt.DocumentID]*happening
	order   []crdt.DocumentID
	bytes   int
	missed  int
	wake    chan struct{} // of size one
}

// put takes in what has happened. It may be shared with other readers.
func (f *recordFeed) put(now *happening) {
	if len(f.only) > 0 && !slices.Contains(f.only, now.id) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	h := *now
	h.actors = slices.Clone(now.actors)
	if earlier := f.waiting[h.id]; earlier != nil {
		f.bytes -= earlier.size()
		earlier.then(&h)
		f.bytes += earlier.size()
	} else {
		f.waiting[h.id] = &h
		f.order = append(f.order, h.id)
		f.bytes += h.size()
	}
	for len(f.order) > feedEvents || f.bytes > feedBytes && len(f.order) > 1 {
		f.take()
		f.missed++
	}
	nudge(f.wake)
}

// take takes the oldest out; f.mu is held.
func (f *recordFeed) take() *happening {
	if len(f.order) == 0 {
		return nil
	}
	h := f.waiting[f.order[0]]
	delete(f.waiting, h.id)
	f.bytes -= h.size()
	if f.order = f.order[1:]; len(f.order) == 0 {
		f.order = nil
	}
	return h
}

func (f *recordFeed) next() *happening {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		h := f.take()
		if h == nil {
			return nil
		}
		if h.isSeen() { // it may have been created and deleted since
			h.missed, f.missed = f.missed, 0
			return h
		}
	}
}
