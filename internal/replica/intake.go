package replica

import (
	"errors"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// What one step takes in, and so what one append holds, but for the last change
// and the held ones that it lets go.
const (
	stepChanges = 4096
	stepBytes   = 1 << 20
)

// slice is the work of one step.
type slice struct {
	base   int
	staged []*change.Change
	own    int // how many of the first were made here
	origin [16]byte
	seen   int
	bytes  int
}

func (s *slice) full() bool { return s.seen >= stepChanges || s.bytes >= stepBytes }

func (s *slice) take(c *change.Change, origin [16]byte) {
	if len(s.staged) > 0 && s.origin != origin {
		origin = SeveralOrigins
	}
	s.origin = origin
	s.staged = append(s.staged, c)
}

// advance does the next piece of work, if nothing is under way. What is made here
// and what comes from elsewhere take turns.
func (d *Document) advance(fx *Effects) {
	switch {
	case d.appending, d.loading:
	case d.isOwnTurn():
		d.advanceOwn(fx)
	case d.intake != nil:
		d.advanceInbox(fx)
	}
}

// advanceInbox decides about the changes of the messages in the inbox, up to a
// slice, and sends what was taken to the store.
func (d *Document) advanceInbox(fx *Effects) {
	d.ownLast = false
	s := slice{base: d.intake.Graph().Len()}
	n := 0
	for n < len(d.inbox) && !s.full() {
		m := &d.inbox[n]
		d.offer(m, &s, fx)
		if m.isDecided() {
			n++
		}
	}
	d.decided = append(d.decided, d.inbox[:n]...)
	d.inbox = slices.Delete(d.inbox, 0, n)
	if len(s.staged) > 0 {
		d.store(&s, fx)
		return
	}
	d.hearDecided(fx)
	fx.Again = d.hasWork()
}

func (d *Document) store(s *slice, fx *Effects) {
	d.appending = true
	fx.Append = &Append{Base: s.base, Changes: s.staged, Origin: s.origin, Own: s.own}
}

func (d *Document) hasWork() bool {
	return d.intake != nil && len(d.inbox) > 0 || d.own.isReady(d.intake != nil)
}

// offer decides about a message's changes until the slice is full. They are as
// good as ever if their sender has left.
func (d *Document) offer(m *delivery, s *slice, fx *Effects) {
	for m.invalid < len(m.Invalid) && !s.full() {
		invalid := m.Invalid[m.invalid]
		m.invalid++
		s.seen++
		d.refuse(m.talk, Refusal{Hash: invalid.Hash, Err: invalid}, fx)
		d.note(d.intake.Refuse(invalid.Hash), m.talk, s, fx)
	}
	for m.next < len(m.Changes) && !s.full() {
		c := m.Changes[m.next]
		m.next++
		d.note(d.intake.Offer(c), m.talk, s, fx)
	}
}

// note records what became of changes that a neighbour brought, or let go that
// another had brought.
func (d *Document) note(outcomes []graph.Outcome, by *talk, s *slice, fx *Effects) {
	for _, o := range outcomes {
		s.seen++
		s.bytes += len(o.Change.Bytes())
		t := by
		if bringer, held := d.bringers[o.Change.Hash]; held {
			t = bringer
		}
		switch o.Fate {
		case graph.Staged:
			s.take(o.Change, t.origin)
		case graph.Refused:
			d.refuse(t, Refusal{
				Hash: o.Change.Hash, Err: o.Err,
				Twin: errors.Is(o.Err, graph.ErrTwin), Actor: o.Change.Actor, Seq: o.Change.Seq,
			}, fx)
		case graph.Held:
			d.hold(o.Change.Hash, t)
			continue
		case graph.Dropped:
			t.dropped = true
		case graph.Known:
		}
		delete(d.bringers, o.Change.Hash)
	}
}

func (d *Document) hold(h change.Hash, t *talk) {
	if d.bringers == nil {
		d.bringers = map[change.Hash]*talk{}
	}
	d.bringers[h] = t
}

func (d *Document) refuse(t *talk, r Refusal, fx *Effects) {
	r.From, r.Reason = t.neighbour, reason(r.Err)
	fx.Refusals = append(fx.Refusals, r)
	if t.offer != nil {
		t.offer.refused = append(t.offer.refused, r)
	}
	if t.neighbour != nil && t.neighbour.Refusals {
		t.refuse(r)
		t.owe(fx) // it needn't be the one who is heard
	}
}
