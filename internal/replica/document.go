package replica

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// What one step takes in at most, and so what one append holds.
const (
	sliceChanges = 4096
	sliceBytes   = 1 << 20
)

// Document is the state of one document towards all neighbours. The zero value
// is a document whose graph isn't loaded and that nobody talks about.
type Document struct {
	intake    *graph.Intake // nil: not loaded
	loading   bool
	talks     talks
	inbox     []*delivery // whose changes are not all decided yet
	decided   []*delivery // whose changes are, and are being appended
	appending bool
}

// delivery is a received message and how far its changes have been decided.
type delivery struct {
	*Received
	next int // of Changes
}

// Step takes one event.
func (d *Document) Step(ev Event, fx *Effects) {
	switch ev := ev.(type) {
	case *Received:
		d.received(ev, fx)
	case Loaded:
		d.loaded(ev, fx)
	case Appended:
		d.appended(ev, fx)
	case Writable:
		d.writable(ev, fx)
	case Continued:
		d.advance(fx)
	case Left:
		d.talks.remove(ev.Neighbour)
	}
}

// Graph returns the document's graph; nil if it isn't loaded.
func (d *Document) Graph() *graph.Graph {
	if d.intake == nil {
		return nil
	}
	return d.intake.Graph()
}

// Engaged reports whether a neighbour talks about the document.
func (d *Document) Engaged(n *Neighbour) bool { return d.talks.with(n) != nil }

// Others returns the neighbours that talk about the document, but one.
func (d *Document) Others(than *Neighbour) []*Neighbour {
	others := make([]*Neighbour, 0, len(d.talks.list))
	for _, t := range d.talks.list {
		if t.neighbour != than {
			others = append(others, t.neighbour)
		}
	}
	return others
}

// Idle reports whether nothing is under way, so that no event is due.
func (d *Document) Idle() bool { return !d.appending && !d.loading && len(d.inbox) == 0 }

// Unload forgets the graph, to save memory, and reports whether it could: not
// while something is under way.
func (d *Document) Unload() bool {
	if d.intake == nil || !d.Idle() {
		return false
	}
	if held, _ := d.intake.Holding(); held > 0 {
		return false
	}
	d.intake = nil
	return true
}

func (d *Document) received(ev *Received, fx *Effects) {
	t := d.talks.with(ev.From)
	if t == nil {
		t = d.talks.add(ev.From)
	}
	m := &delivery{Received: ev}
	if d.intake != nil && t.queued == 0 && len(ev.Changes) == 0 && len(ev.Invalid) == 0 {
		d.hear(m, fx)
		return
	}
	t.queued++
	d.inbox = append(d.inbox, m)
	d.load(fx)
	d.advance(fx)
}

func (d *Document) load(fx *Effects) {
	if d.intake == nil && !d.loading {
		d.loading, fx.Load = true, true
	}
}

func (d *Document) loaded(ev Loaded, fx *Effects) {
	d.loading = false
	if ev.Err != nil {
		d.drop(fx, ev.Err)
		return
	}
	d.intake = graph.NewIntake(ev.Graph)
	d.advance(fx)
	d.oweAll(fx) // some may have been writable in vain
}

// advance decides about the changes of the messages in the inbox, up to a
// slice, and sends what was taken to the store.
func (d *Document) advance(fx *Effects) {
	if d.intake == nil || d.appending {
		return
	}
	s := slice{base: d.intake.Graph().Len()}
	for len(d.inbox) > 0 && !s.full() {
		m := d.inbox[0]
		d.offer(m, &s, fx)
		if m.next == len(m.Changes) {
			d.inbox = d.inbox[1:]
			d.decided = append(d.decided, m)
		}
	}
	if len(s.staged) > 0 {
		d.appending = true
		fx.Append = &Append{Base: s.base, Changes: s.staged, Origin: s.origin}
		return
	}
	d.hearDecided(fx)
	fx.Again = len(d.inbox) > 0
}

// slice is the work of one step.
type slice struct {
	base   int
	staged []*change.Change
	origin [16]byte
	seen   int
	bytes  int
}

func (s *slice) full() bool { return s.seen >= sliceChanges || s.bytes >= sliceBytes }

func (s *slice) take(c *change.Change, origin [16]byte) {
	if len(s.staged) > 0 && s.origin != origin {
		origin = SeveralOrigins
	}
	s.origin = origin
	s.staged = append(s.staged, c)
}

func (d *Document) offer(m *delivery, s *slice, fx *Effects) {
	t := d.talks.with(m.From) // nil if it has left; its changes are as good as ever
	for _, invalid := range m.Invalid {
		d.refuse(m.From, t, invalid.Hash, invalid, fx)
		d.note(d.intake.Refuse(invalid.Hash), m, t, s, fx)
	}
	m.Invalid = nil
	for m.next < len(m.Changes) && !s.full() {
		c := m.Changes[m.next]
		m.next++
		s.seen++
		s.bytes += len(c.Bytes())
		d.note(d.intake.Offer(c), m, t, s, fx)
	}
}

// note records what became of changes.
func (d *Document) note(outcomes []graph.Outcome, m *delivery, t *talk, s *slice, fx *Effects) {
	for _, o := range outcomes {
		switch o.Fate {
		case graph.Staged:
			s.take(o.Change, m.From.Origin)
		case graph.Refused:
			d.refuse(m.From, t, o.Change.Hash, o.Err, fx)
		case graph.Dropped:
			if t != nil {
				t.dropped = true
			}
		case graph.Known, graph.Held:
		}
	}
}

func (d *Document) refuse(from *Neighbour, t *talk, h change.Hash, err error, fx *Effects) {
	r := Refusal{From: from, Hash: h, Reason: reason(err), Err: err}
	fx.Refusals = append(fx.Refusals, r)
	if t != nil && from.Refusals {
		t.refuse(r)
	}
}

func (d *Document) appended(ev Appended, fx *Effects) {
	d.appending = false
	if ev.Err != nil {
		// What is staged and what waits can't be relied on any more.
		d.intake = nil
		d.drop(fx, ev.Err)
		return
	}
	d.intake.Graph().Commit()
	d.hearDecided(fx)
	held, _ := d.intake.Holding()
	for _, t := range d.talks.list {
		if t.dropped && held == 0 { // there is room again
			t.dropped = false
			t.state.AskAgain()
		}
	}
	d.oweAll(fx)
	fx.Again = len(d.inbox) > 0
}

func (d *Document) oweAll(fx *Effects) {
	for _, t := range d.talks.list {
		fx.Owed = append(fx.Owed, t.neighbour)
	}
}

// drop gives up all messages that have not been dealt with.
func (d *Document) drop(fx *Effects, err error) {
	fx.Failure = err
	for _, m := range append(d.decided, d.inbox...) {
		fx.Failed = append(fx.Failed, m.From)
		if t := d.talks.with(m.From); t != nil {
			t.queued--
		}
		m.Finished()
	}
	d.decided, d.inbox = nil, nil
}

func (d *Document) hearDecided(fx *Effects) {
	for _, m := range d.decided {
		if t := d.talks.with(m.From); t != nil {
			t.queued--
		}
		d.hear(m, fx)
	}
	d.decided = d.decided[:0]
}

// hear takes in a message whose changes are durable or refused.
func (d *Document) hear(m *delivery, fx *Effects) {
	if t := d.talks.with(m.From); t != nil && m.Message != nil {
		t.hear(d.intake.Graph(), m.Received)
		fx.Owed = append(fx.Owed, m.From)
	}
	m.Finished()
}

func (d *Document) writable(ev Writable, fx *Effects) {
	t := d.talks.with(ev.To)
	if t == nil {
		return
	}
	if t.refused != nil {
		fx.Send = t.takeRefusals()
		return
	}
	if d.intake == nil {
		d.load(fx)
		return
	}
	fx.Send = t.next(d.intake, ev.MaxBytes)
}
