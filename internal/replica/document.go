package replica

import (
	"errors"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// Document is the state of one document towards all neighbours. The zero value
// is a document whose graph isn't loaded and that nobody talks about.
type Document struct {
	intake    *graph.Intake // nil: not loaded
	loading   bool
	talks     talks
	inbox     []delivery       // whose changes are not all decided yet
	decided   []delivery       // whose changes are, and are being appended
	own       own              // what was made here and isn't durable yet
	ownLast   bool             // the last turn was its
	appending bool             // or purging
	joint     []*change.Change // those being appended that go with other documents'
	joined    *talk            // with the neighbour that we joined
	accord    accord           // with it
	version   int
	bringers  map[change.Hash]*talk // of the changes that the intake holds
}

// delivery is a received message and how far its changes have been decided.
type delivery struct {
	*Received
	talk    *talk
	next    int // of Changes
	invalid int // the next of Invalid
}

func (m *delivery) isDecided() bool {
	return m.next == len(m.Changes) && m.invalid == len(m.Invalid)
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
	case Expired:
		d.expired(ev, fx)
	case Left:
		d.left(ev.Neighbour)
	case *Offered:
		d.offered(ev, fx)
	default:
		d.stepPeer(ev, fx)
	}
	d.settle(fx)
}

// Graph returns the document's graph; nil if it isn't loaded.
func (d *Document) Graph() *graph.Graph {
	if d.intake == nil {
		return nil
	}
	return d.intake.Graph()
}

// Intake returns what stands before the document's graph; nil if that isn't loaded.
func (d *Document) Intake() *graph.Intake { return d.intake }

// Version changes whenever the log has changed.
func (d *Document) Version() int { return d.version }

// IsTalkedAbout reports whether there is a conversation with anybody.
func (d *Document) IsTalkedAbout() bool { return len(d.talks.list) > 0 }

// Talks reports whether there is a conversation with a neighbour.
func (d *Document) Talks(n *Neighbour) bool { return d.talks.with(n) != nil }

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
func (d *Document) Idle() bool {
	return !d.appending && !d.loading && len(d.inbox) == 0 && len(d.own.waiting) == 0
}

// Unload forgets the graph, and the changes that are held, to save memory. It
// reports whether it could: not while something is under way. Whoever brought
// what was held is asked for it again when the graph is next loaded.
func (d *Document) Unload() bool {
	if d.intake == nil || !d.Idle() {
		return false
	}
	d.forget()
	d.inbox, d.decided = nil, nil
	return true
}

// Footprint estimates the memory, in bytes, that [Document.Unload] gives back.
func (d *Document) Footprint() int64 {
	if d.intake == nil {
		return 0
	}
	const perHeld = 256 // for being found when what it waits for comes
	held, bytes := d.intake.Holding()
	return d.intake.Graph().Footprint() + int64(bytes+held*perHeld)
}

// Overhead estimates the memory, in bytes, that the document takes as long as
// neighbours talk about it, without that of messages under way.
func (d *Document) Overhead() int64 { return int64(len(d.talks.list)) * perTalk }

func (d *Document) received(ev *Received, fx *Effects) {
	t := d.talks.with(ev.From)
	switch {
	case t == nil && ev.From.Joined:
		ev.Finished() // we have just let go of the document there
		return
	case t == nil:
		t = d.talks.add(ev.From)
	}
	m := delivery{Received: ev, talk: t}
	if d.agrees(&m, fx) {
		return
	}
	if d.intake != nil && t.queued == 0 && m.isDecided() {
		d.hear(&m, fx)
		return
	}
	t.queued++
	d.inbox = append(d.inbox, m)
	d.load(fx)
	d.advance(fx)
}

func (d *Document) load(fx *Effects) {
	if d.intake == nil && !d.loading && !d.appending {
		d.loading, fx.Load = true, true
	}
}

func (d *Document) loaded(ev Loaded, fx *Effects) {
	d.loading, d.accord = false, apart
	switch {
	case errors.Is(ev.Err, ErrDamaged):
		d.deny(ev.Err, fx)
		fx.Again = d.hasWork()
	case ev.Err != nil:
		d.giveUp(ev.Err, fx)
		for _, t := range d.talks.list { // any of them may be owed something
			fx.Failed = append(fx.Failed, t.neighbour)
		}
		fx.Again = d.hasWork()
	default:
		d.intake = graph.NewIntake(ev.Graph)
		d.askAgain(fx)
		d.advance(fx)
		d.oweDue(fx)
	}
}

func (d *Document) appended(ev Appended, fx *Effects) {
	d.appending = false
	d.version++
	if ev.Err != nil {
		// Neither what is staged nor what stands on it can be relied on, nor
		// that the log is as long as we think.
		d.forget()
		d.giveUp(ev.Err, fx)
		d.oweDue(fx)           // who was to hear of these changes first
		fx.Again = d.hasWork() // a purge may have waited for them
		return
	}
	d.intake.Graph().Commit()
	d.hearDecided(fx)
	d.own.finish(nil)
	d.letGo(fx)
	d.askAgain(fx)
	d.oweAll(fx)
	d.tellStanding(fx)
	fx.Again = !d.appending && d.hasWork()
}

// hearDecided takes in the messages whose changes are durable or refused.
func (d *Document) hearDecided(fx *Effects) {
	for i := range d.decided {
		m := &d.decided[i]
		m.talk.queued--
		d.hear(m, fx)
	}
	clear(d.decided)
	d.decided = d.decided[:0]
}

func (d *Document) hear(m *delivery, fx *Effects) {
	if t := m.talk; t.neighbour != nil && m.Message != nil {
		t.hear(d.intake, m.Received)
		t.owe(fx)
		if t == d.joined {
			d.tellStanding(fx)
		}
	}
	d.finish(m, nil, fx)
}

// finish ends a message, or an offer.
func (d *Document) finish(m *delivery, err error, fx *Effects) {
	if m.talk.offer != nil {
		d.answer(m, err, fx)
		return
	}
	m.Finished()
}

func (d *Document) oweAll(fx *Effects) {
	for _, t := range d.talks.list {
		t.owe(fx)
	}
}

// oweDue has those tried again whose sockets were free in vain. Others are not:
// while memory is short, a graph may be gone again before they have their turn,
// and loading it for them would go on for ever.
func (d *Document) oweDue(fx *Effects) {
	for _, t := range d.talks.list {
		if t.due {
			t.owe(fx)
		}
	}
}

// askAgain asks for what found no room, if there is some now.
func (d *Document) askAgain(fx *Effects) {
	if held, _ := d.intake.Holding(); held > 0 {
		return
	}
	for _, t := range d.talks.list {
		if t.dropped {
			t.owe(fx)
		}
		t.roomAgain()
	}
}

// forget drops the graph and all that stands on it.
func (d *Document) forget() {
	d.intake, d.joint = nil, nil
	for _, t := range d.bringers {
		t.dropped = true
	}
	d.bringers = nil
}

// giveUp fails all messages that have not been heard.
func (d *Document) giveUp(err error, fx *Effects) {
	fx.Failure = err
	d.own.fail(err)
	d.discard(err, fx, func(t *talk) { fx.Failed = append(fx.Failed, t.neighbour) })
}

// deny answers all messages that have not been heard as if there were no such
// document: the neighbours' other documents are not to suffer.
func (d *Document) deny(err error, fx *Effects) {
	fx.Failure = err
	d.own.fail(err)
	d.discard(err, fx, (*talk).deny)
	for _, t := range d.talks.list {
		if t.unavailable {
			t.deny()
		}
		if t.denied {
			t.owe(fx)
		}
	}
}

// discard finishes all messages that have not been heard, and tells whose they
// were, if they are still there.
func (d *Document) discard(err error, fx *Effects, tell func(*talk)) {
	for _, m := range append(d.decided, d.inbox...) {
		m.talk.queued--
		if m.talk.neighbour != nil {
			tell(m.talk)
		}
		d.finish(&m, err, fx)
	}
	d.decided, d.inbox = nil, nil
}

func (d *Document) writable(ev Writable, fx *Effects) {
	t := d.talks.with(ev.To)
	if t == nil || !t.due {
		return
	}
	if fx.Send = t.notice(); fx.Send != nil {
		if !fx.Send.Unavailable { // there may be more, and a message, too
			t.owe(fx)
		}
		return
	}
	if d.accord == hoped && t == d.joined {
		d.greet(fx)
		return
	}
	if d.intake == nil {
		d.load(fx)
		return
	}
	if t == d.joined && d.appending && d.intake.Graph().Len() == 0 {
		return // to say now that we have nothing would be to ask for what we have; it is owed after the append
	}
	t.due = false
	if t.unavailable && d.isExpected() && t.patience != lost {
		t.wait(fx)
		return
	}
	fx.Send = t.next(d.intake, ev.MaxBytes)
}
