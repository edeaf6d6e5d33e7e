package replica

import "github.com/godwit-sync/godwit/crdt/graph"

// A document that nobody has may be about to turn up: its creator has named its
// heads, or its changes are on their way into the store. Whoever asks for it at
// that moment is not told that it is unavailable, since clients take that for
// the last word, until it is known that it doesn't turn up. It doesn't wait for
// ever: heads can be named by anybody, and made up.

// promisedHeads is how many of a neighbour's heads are looked at.
const promisedHeads = 16

// weighPromise finds out whether the neighbour has something that we lack and
// would take.
func (t *talk) weighPromise(in *graph.Intake) {
	heads, _ := t.state.Theirs()
	heads = heads[:min(len(heads), promisedHeads)]
	t.promises = false
	for _, h := range heads {
		t.promises = t.promises || !in.Graph().Has(h) && !in.IsRefused(h)
	}
}

// patience is that of somebody who waits for a document to turn up.
type patience uint8

const (
	untried patience = iota
	tried            // an [Expired] is due
	lost
)

// wait has the owner say when the neighbour has waited long enough.
func (t *talk) wait(fx *Effects) {
	if t.patience == untried {
		t.patience, fx.Expect = tried, t.neighbour
	}
}

// expired has a neighbour told that the document is unavailable if it still
// waits to hear.
func (d *Document) expired(ev Expired, fx *Effects) {
	t := d.talks.with(ev.Neighbour)
	if t == nil {
		return
	}
	t.patience = untried
	if t.unavailable {
		t.patience = lost
		t.owe(fx)
	}
}

// tell says that the document is unavailable, once for each time that the
// neighbour asked.
func (t *talk) tell() *Send {
	if !t.unavailable {
		return nil
	}
	t.unavailable = false
	if t.patience == lost {
		t.patience = untried // for when it asks again
	}
	return &Send{Unavailable: true}
}

// isExpected reports whether the document may be about to turn up.
func (d *Document) isExpected() bool {
	if d.intake == nil || d.intake.Graph().Len() > 0 {
		return false
	}
	for _, t := range d.talks.list {
		if t.promises {
			return true
		}
	}
	return !d.Idle()
}

// settle has those told that the document is unavailable who waited to see
// whether it turns up, if it doesn't.
func (d *Document) settle(fx *Effects) {
	if d.intake != nil && d.intake.Graph().Len() > 0 || d.loading {
		return
	}
	if len(fx.Refusals) > 0 && d.intake != nil {
		for _, t := range d.talks.list {
			t.weighPromise(d.intake)
		}
	}
	if d.isExpected() {
		return
	}
	for _, t := range d.talks.list {
		if t.unavailable {
			t.owe(fx)
		}
	}
}
