package replica

import (
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
)

// Task is what an [Announcer] needs to have read for its next page: a stretch of
// the journal, answered with [Announcer.Scanned], a stretch of the list of
// documents, answered with [Announcer.Listed], or documents, answered with
// [Announcer.Page].
type Task struct {
	Scan   *Scan
	List   *List
	Topics []Topic // none: there is nothing to read for the page
}

// Scan asks for the collection's rows after After and not after To: the first
// [wire.MaxDocuments] of them, or fewer if there are many others in between.
type Scan struct{ After, To uint64 }

// List asks for the collection's documents after After, ascending: the first
// [wire.MaxDocuments] of them.
type List struct{ After docid.ID }

// perTopic estimates the memory of a topic, in bytes.
const perTopic = 128

const hashSize = 32

// maxGap is how many windows of pages may follow the first that isn't done.
const maxGap = 16

// Next returns what is to be read for the next page of a lane; nil if there is
// nothing to say, or the listener has to answer first. Until the task is answered
// there is no other for this lane.
func (a *Announcer) Next(lane Lane) *Task {
	switch {
	case lane == Asked:
		if len(a.asked) == 0 {
			return nil
		}
		return &Task{Topics: a.asked[:min(len(a.asked), wire.MaxDocuments)]}
	case a.pages[lane].full(lane):
		return nil
	case a.batches[lane].ready:
		return &Task{Topics: a.batches[lane].topics}
	case lane == Live:
		return a.nextLive()
	default:
		return a.nextCatchUp()
	}
}

func (a *Announcer) nextLive() *Task {
	l := &a.live
	switch {
	case l.behind:
		return &Task{Scan: &Scan{l.at, l.newest}}
	case len(l.rows) > 0:
		topics, taken := gather(l.rows, wire.MaxDocuments, a.judge)
		l.at = l.rows[taken-1].Sequence
		if l.rows = l.rows[taken:]; len(l.rows) == 0 {
			l.rows = nil
		}
		return a.batched(Live, topics, wire.Cursor{Sequence: l.at}, false)
	default:
		l.at = max(l.at, l.newest)
		return a.batched(Live, nil, wire.Cursor{Sequence: l.at}, false)
	}
}

func (a *Announcer) nextCatchUp() *Task {
	c := &a.catchUp
	switch {
	case c.done:
		return nil
	case len(c.aside) > 0:
		n := min(len(c.aside), wire.MaxDocuments)
		topics := make([]Topic, n)
		for i, id := range c.aside[:n] {
			topics[i] = Topic{Document: id, Until: Nothing}
		}
		c.aside = c.aside[n:]
		return a.batched(CatchUp, topics, wire.Cursor{}, false)
	case c.listing:
		return &Task{List: &List{c.after}}
	case c.at < a.terms.End:
		return &Task{Scan: &Scan{c.at, a.terms.End}}
	default:
		return a.batched(CatchUp, nil, wire.Cursor{Sequence: a.terms.End}, true)
	}
}

// batched makes pages due. One that announces nothing is sent if it is the last of
// the catch-up, or if the listener would otherwise stay far behind.
func (a *Announcer) batched(lane Lane, topics []Topic, to wire.Cursor, last bool) *Task {
	isSilent := lane == CatchUp || to.Sequence-a.live.told < maxSilent
	if len(topics) == 0 && !last && isSilent {
		a.advance()
		return nil
	}
	a.batches[lane] = batch{ready: true, topics: topics, to: to, last: last}
	return &Task{Topics: topics}
}

// Scanned answers [Task.Scan]: rows are all of the collection up to seen.
func (a *Announcer) Scanned(lane Lane, rows []Row, seen uint64) {
	topics, taken := gather(rows, wire.MaxDocuments, a.judge)
	if taken < len(rows) {
		seen = rows[taken-1].Sequence
	}
	to, last := wire.Cursor{Sequence: seen}, false
	if lane == Live {
		a.live.at = seen
		a.live.behind = seen < a.live.newest
	} else {
		a.catchUp.at = seen
		last = seen >= a.terms.End
	}
	a.batched(lane, topics, to, last)
}

// Listed answers [Task.List].
func (a *Announcer) Listed(ids []docid.ID) {
	c := &a.catchUp
	topics := make([]Topic, len(ids))
	for i, id := range ids {
		topics[i] = Topic{Document: id, Until: Nothing}
		if a.terms.Empty {
			topics[i].Until = 0
		}
	}
	to := wire.Cursor{Sequence: c.at}
	if len(ids) == wire.MaxDocuments {
		c.after, c.listed = ids[len(ids)-1], c.listed+len(ids)
		to.After = c.after
	} else {
		c.listing = false
	}
	a.batched(CatchUp, topics, to, !c.listing && c.at >= a.terms.End)
}

// Page answers [Task.Topics]: as many of the topics as were read, at least one if
// there are any, and what is to be said of them. A document that can't be given any
// more is left out, but for those that were asked for, which are named without
// heads. It returns the page to send; false if there is nothing in it.
func (a *Announcer) Page(lane Lane, read int, documents []wire.Announced) (wire.Page, bool) {
	page := wire.Page{Subscription: a.terms.Subscription, Live: lane == Live, Documents: documents}
	if lane == Asked {
		for i := range a.asked[:read] {
			a.held -= a.asked[i].held()
		}
		if a.asked = a.asked[read:]; len(a.asked) == 0 {
			a.asked = nil
		}
		return page, true
	}
	b := &a.batches[lane]
	b.topics = b.topics[read:]
	sent := sentPage{documents: a.remember(documents)}
	if len(b.topics) == 0 {
		sent.to, sent.last = b.to, b.last
		*b = batch{}
	}
	if len(documents) == 0 && sent.to == (wire.Cursor{}) && !sent.last {
		return page, false
	}
	if lane == CatchUp {
		a.catchUp.done = sent.last
		page.Left = a.left(sent.last)
	} else if sent.to != (wire.Cursor{}) {
		a.live.told = sent.to.Sequence
	}
	a.number++
	sent.number, page.Number, page.To = a.number, a.number, sent.to
	a.pages[lane].open = append(a.pages[lane].open, sent)
	return page, true
}

func (a *Announcer) remember(documents []wire.Announced) (ids []docid.ID) {
	if !a.terms.Keeps {
		return nil
	}
	for i := range documents {
		ids = append(ids, documents[i].Document)
	}
	return ids
}

// full reports whether the listener must answer before it gets another page. It
// may leave one unanswered for long, but not go on for ever beyond that.
func (s *sentPages) full(lane Lane) bool {
	window := LiveWindow
	if lane == CatchUp {
		window = CatchUpWindow
	}
	return s.unanswered() >= window || len(s.open) >= maxGap*window
}
