package crdt

import (
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Event is that a document says something else now, or the same with another
// history.
type Event struct {
	// Before and After are the heads, ascending. An event begins where the one
	// before it has ended.
	Before, After []Hash
	// Changes are those that came, in causal order: they say who made them. There
	// are none if the document was reverted, nor in an event that [Doc.Observe]
	// makes to catch up.
	Changes []*change.Change
	// Local is set if the change was made by [Doc.Change] here.
	Local bool
	// Patches are what has changed. They may be read at any time, and again.
	Patches iter.Seq[Patch]
}

// Observe calls fn with whatever happens to the document from some heads on,
// until stop is called. Where the document has other heads, fn is called for the
// difference first: without heads that is all that the document says; with
// [Doc.Heads] nothing. That is before Observe returns, when fn has no stop to
// call yet, unless another event is being told just then.
//
// Events come one at a time, in order, without a gap, after the document's lock
// was released: fn may call the document's methods, and reads there what has
// happened since, too. It runs in the goroutine of a call that changes the
// document, mostly of the one that the event is of, before that returns; what
// happens while fn runs, also by itself, is told after it has returned. A
// transaction that fails makes no event. fn must not modify the event. If it
// panics, that reaches the call in which it runs, whose change is made all the
// same; it goes on being called, unless it was Observe that panicked.
//
// A document that nobody observes pays nothing for it. It returns
// [ErrNotNative] if the document is open in another engine, and
// [ErrUnknownHeads] for heads that are not here.
func (d *Doc) Observe(since []Hash, fn func(Event)) (stop func(), err error) {
	o, err := d.observe(since, fn)
	if err != nil {
		return nil, err
	}
	stop = func() { d.unobserve(o) }
	caughtUp := false
	defer func() {
		if !caughtUp { // by a panic: nobody else could stop it
			stop()
		}
	}()
	d.tell()
	caughtUp = true
	return stop, nil
}

func (d *Doc) observe(since []Hash, fn func(Event)) (*observer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	e, ok := d.engine.(patcher)
	if !ok {
		return nil, ErrNotNative
	}
	o := &observer{fn: fn}
	if since = sorted(since); !slices.Equal(since, d.heads) {
		patches, err := d.diff(since, d.heads)
		if err != nil {
			return nil, err
		}
		d.events.add(Event{Before: since, After: slices.Clone(d.heads), Patches: patches}, []*observer{o})
	}
	if d.observers = append(d.observers, o); len(d.observers) == 1 {
		e.observe(true)
	}
	return o, nil
}

// observer is somebody who wants to know.
type observer struct {
	fn      func(Event)
	stopped atomic.Bool
}

func (d *Doc) unobserve(o *observer) {
	o.stopped.Store(true)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.observers = slices.DeleteFunc(slices.Clone(d.observers), func(other *observer) bool { return other == o })
	if e, ok := d.engine.(patcher); ok && len(d.observers) == 0 {
		e.observe(false)
	}
}

// headsBefore returns the heads that those who observe know, if there are any.
func (d *Doc) headsBefore() []Hash {
	if len(d.observers) == 0 {
		return nil
	}
	return slices.Clone(d.heads)
}

// happened notes, for those who observe, what has led to other heads.
func (d *Doc) happened(before []Hash, local bool, changes ...*change.Change) {
	if len(d.observers) == 0 {
		return
	}
	e := Event{Before: before, After: slices.Clone(d.heads), Changes: distinct(changes), Local: local}
	found, err := d.engine.(patcher).patches(d.engines.unit)
	if d.noted(err) != nil { // the engine has panicked, and the document can only be closed
		return
	}
	e.Patches = patches(found)
	d.events.add(e, d.observers)
}

// distinct returns changes, each once: a batch may have held one twice.
func distinct(changes []*change.Change) []*change.Change {
	if len(changes) == 1 {
		return []*change.Change{changes[0]}
	}
	seen := make(map[Hash]bool, len(changes))
	return slices.DeleteFunc(slices.Clone(changes), func(c *change.Change) bool {
		again := seen[c.Hash]
		seen[c.Hash] = true
		return again
	})
}

// events are on their way to observers.
type events struct {
	mu      sync.Mutex
	queue   []told
	telling bool
}

// told is an event and those whom it concerns.
type told struct {
	event     Event
	observers []*observer
}

func (q *events) add(e Event, to []*observer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue = append(q.queue, told{e, to})
}

// next takes the first event out of the queue, if nobody else is telling one.
func (q *events) next() (t told, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.telling || len(q.queue) == 0 {
		return told{}, false
	}
	t, q.queue[0] = q.queue[0], told{}
	if q.queue = q.queue[1:]; len(q.queue) == 0 {
		q.queue = nil
	}
	q.telling = true
	return t, true
}

func (q *events) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.telling = false
}

// tell tells observers what has happened, unless somebody is about it already,
// who will then tell this as well. The document's lock must not be held.
func (d *Doc) tell() {
	for {
		t, ok := d.events.next()
		if !ok {
			return
		}
		d.tellOne(&t)
	}
}

func (d *Doc) tellOne(t *told) {
	defer d.events.done() // also if an observer panics
	tellAll(t.event, t.observers)
}

func tellAll(e Event, observers []*observer) {
	for i, o := range observers {
		if !o.stopped.Load() {
			o.tell(e, observers[i+1:])
			return
		}
	}
}

// tell tells one, and then the others, also if it panics.
func (o *observer) tell(e Event, others []*observer) {
	defer tellAll(e, others)
	o.fn(e)
}
