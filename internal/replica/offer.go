package replica

import "github.com/godwit-sync/godwit/crdt/change"

// offer is one [Offered] until it is answered.
type offer struct {
	*Offered
	refused []Refusal
}

// offered takes in what came outside of a conversation, like a message whose
// sender has left since.
func (d *Document) offered(ev *Offered, fx *Effects) {
	if ev.Wanted != nil && !ev.Wanted() {
		fx.Answers = append(fx.Answers, Answer{To: ev, Brought: Brought{Err: ErrPurged}})
		return
	}
	m := delivery{
		Received: &Received{Changes: ev.Changes, Invalid: ev.Invalid},
		talk:     &talk{origin: ev.Origin, offer: &offer{Offered: ev}},
	}
	m.talk.queued++
	d.inbox = append(d.inbox, m)
	d.load(fx)
	d.advance(fx)
}

// answer tells what became of an offer.
func (d *Document) answer(m *delivery, err error, fx *Effects) {
	o := m.talk.offer
	m.talk.offer = nil
	b := Brought{Refused: o.refused, Err: err}
	if err == nil {
		b.Held, b.Missing = d.waiting(o.Changes)
	}
	fx.Answers = append(fx.Answers, Answer{To: o.Offered, Brought: b})
}

// waiting returns how many of the changes are neither here nor refused, and what
// to ask for so that they can be taken.
func (d *Document) waiting(changes []*change.Change) (held int, missing []change.Hash) {
	var hashes []change.Hash
	for _, c := range changes {
		if !d.intake.Graph().Has(c.Hash) && !d.intake.IsRefused(c.Hash) {
			hashes = append(hashes, c.Hash)
		}
	}
	if len(hashes) == 0 {
		return 0, nil
	}
	return len(hashes), d.intake.Need(hashes)
}
