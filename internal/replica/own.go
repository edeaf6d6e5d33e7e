package replica

import (
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// own is what this store's own application wants done, in its order.
type own struct {
	waiting []*errand
	decided []*errand // that are being appended
}

// errand is one [Made], [Joint] or [Purge].
type errand struct {
	changes []*change.Change // none: purge
	joint   *Joint           // nil: no other document takes part
	done    func(error)
	err     error // why not all were taken
}

func (e *errand) isPurge() bool { return len(e.changes) == 0 }

// isAlone reports whether nothing else may be appended with it.
func (e *errand) isAlone() bool { return e.isPurge() || e.joint != nil }

// isReady reports whether something can be done with a graph, or without.
func (o *own) isReady(loaded bool) bool {
	return len(o.waiting) > 0 && (loaded || o.waiting[0].isPurge())
}

// finish ends the errands that were appended, or should have been.
func (o *own) finish(err error) {
	for _, e := range o.decided {
		e.done(errors.Join(err, e.err))
	}
	clear(o.decided)
	o.decided = o.decided[:0]
}

// fail ends all errands but purges: what is made may stand on what was lost.
func (o *own) fail(err error) {
	o.finish(err)
	var purges []*errand
	for _, e := range o.waiting {
		if e.isPurge() {
			purges = append(purges, e)
		} else {
			e.done(err)
		}
	}
	o.waiting = purges
}

// stepPeer takes the events that only peers know.
func (d *Document) stepPeer(ev Event, fx *Effects) {
	switch ev := ev.(type) {
	case *Made:
		d.run(&errand{changes: ev.Changes, done: ev.Done}, fx)
	case Needed:
		d.load(fx)
	case *Joint:
		d.run(&errand{changes: ev.Changes, joint: ev, done: ev.Joiner.Done}, fx)
	case Withdrawn:
		d.withdraw(ev, fx)
	case *Purge:
		d.run(&errand{done: ev.Done}, fx)
	case Purged:
		d.purged(ev, fx)
	case *Engaged:
		d.engage(ev, fx)
	case Unavailable:
		d.unavailableThere(ev, fx)
	}
}

func (d *Document) run(e *errand, fx *Effects) {
	d.own.waiting = append(d.own.waiting, e)
	if !e.isPurge() {
		d.load(fx)
	}
	d.advance(fx)
}

// isOwnTurn reports whether it is the turn of what is wanted here.
func (d *Document) isOwnTurn() bool {
	return d.own.isReady(d.intake != nil) && (!d.ownLast || d.intake == nil || len(d.inbox) == 0)
}

// advanceOwn takes in what was made here, up to a slice, or begins to purge.
func (d *Document) advanceOwn(fx *Effects) {
	d.ownLast = true
	switch next := d.own.waiting[0]; {
	case next.isPurge():
		d.beginPurge(fx)
		return
	case next.joint != nil:
		d.join(fx)
		return
	}
	s := slice{base: d.intake.Graph().Len()}
	for len(d.own.waiting) > 0 && !d.own.waiting[0].isAlone() && !s.full() {
		d.add(d.nextErrand(), &s)
	}
	s.own = len(s.staged)
	d.note(d.intake.LetGo(s.staged), nil, &s, fx)
	if len(s.staged) > 0 {
		d.store(&s, fx)
		return
	}
	d.own.finish(nil)
	fx.Again = d.hasWork()
}

// nextErrand moves the next of those that wait to those that are decided.
func (d *Document) nextErrand() *errand {
	e := d.own.waiting[0]
	d.own.waiting[0] = nil
	if d.own.waiting = d.own.waiting[1:]; len(d.own.waiting) == 0 {
		d.own.waiting = nil
	}
	d.own.decided = append(d.own.decided, e)
	return e
}

// add takes an errand's changes in, up to one that can't be.
func (d *Document) add(e *errand, s *slice) {
	for _, c := range e.changes {
		s.seen++
		switch err := d.intake.Add(c); {
		case err == nil:
			s.bytes += len(c.Bytes())
			s.take(c, [16]byte{})
		case errors.Is(err, graph.ErrKnown):
		default:
			e.err = &RefusedError{Change: c.Hash, Reason: reason(err), Err: err}
			return
		}
	}
}

// RefusedError is why a change that was made here was not taken.
type RefusedError struct {
	Change change.Hash
	Reason string // one stable word
	Err    error
}

// Error says which change was refused and why.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("change %s is refused (%s): %v", e.Change, e.Reason, e.Err)
}

// Unwrap returns the breach.
func (e *RefusedError) Unwrap() error { return e.Err }

// beginPurge ends all conversations and has the document removed.
func (d *Document) beginPurge(fx *Effects) {
	d.nextErrand()
	for len(d.talks.list) > 0 {
		d.left(d.talks.list[0].neighbour)
	}
	d.discard(ErrPurged, fx, func(*talk) {})
	d.forget()
	d.appending, fx.Purge = true, true
}

func (d *Document) purged(ev Purged, fx *Effects) {
	d.appending = false
	d.version++
	d.own.finish(ev.Err)
	if len(d.own.waiting) > 0 || len(d.inbox) > 0 {
		d.load(fx)
	}
	d.oweAll(fx) // who has come meanwhile
	fx.Again = d.hasWork()
}
