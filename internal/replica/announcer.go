package replica

import (
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
)

// How many pages of one subscription may be unanswered.
const (
	CatchUpWindow = 4
	LiveWindow    = 16
)

const (
	// maxAsked is how many wants may wait: one for each document of the pages that
	// may be unanswered.
	maxAsked = (CatchUpWindow + LiveWindow) * wire.MaxDocuments
	// maxFresh is how many new rows wait to be announced. Beyond that they are read
	// from the journal, when the listener is ready for them.
	maxFresh = 1024
	// maxSilent is how many rows that don't concern a listener may pass before it is
	// told. It would have them read again at the next meeting.
	maxSilent = 64
)

// Lane is one of the ways that pages take beside each other, so that none waits
// for another.
type Lane uint8

// The lanes of a subscription.
const (
	CatchUp Lane = iota // what there was when it began
	Live                // what has happened since
	Asked               // what was wanted
)

// MayPass reports whether a document that was refused for some reason may be taken
// another time.
func MayPass(reason string) bool {
	switch reason {
	case ReasonMissing, "access", "quota", "disk", "damaged":
		return true
	default:
		return false
	}
}

// Announcer is the side of a subscription that tells of a store's documents. Its
// owner asks it what to read for the next page of a lane ([Announcer.Next]), reads
// that, and gives it back; see [Task]. It belongs to one goroutine at a time.
type Announcer struct {
	terms   Terms
	number  uint64 // of the last page
	shared  bool   // somebody else may have brought rows of the listener's name
	pages   [2]sentPages
	batches [2]batch

	catchUp struct {
		listing bool
		began   docid.ID // the listing was begun after that
		after   docid.ID // and has come to
		listed  int
		at      uint64 // the journal is read up to, or the listing stands for what there was then
		aside   []docid.ID
		done    bool // its last page is sent
	}
	live struct {
		rows   []Row
		at     uint64 // what was announced came up to
		newest uint64
		behind bool // rows are missing between at and newest
		told   uint64
	}
	asked []Topic
	held  int // bytes of them
	acked wire.Cursor
}

// Terms are what a subscription begins with.
type Terms struct {
	Subscription uint64
	Tag          docid.Tag
	Listener     [16]byte     // the origin of what the listener brings
	Cursor       *wire.Cursor // that the listener quotes; nil = none
	Empty        bool         // it has nothing of what a listing names
	// End is the newest row of the journal. Rows after it come with
	// [Announcer.Push].
	End uint64
	// Keeps: the announcer remembers what the listener has answered, and that was
	// Acked when they last met; nil = nothing. Then a cursor is not trusted beyond
	// that: at a server anybody could have moved it under another's name.
	Keeps bool
	Acked *wire.Cursor
	// Aside are documents that the listener refused for a while.
	Aside []docid.ID
}

// batch are topics that have not all found their way into a page.
type batch struct {
	ready  bool
	topics []Topic
	to     wire.Cursor // what is covered after it
	last   bool
}

// NewAnnouncer begins a subscription.
func NewAnnouncer(terms Terms) *Announcer {
	a := &Announcer{terms: terms}
	a.live.at, a.live.told = terms.End, terms.End
	c := &a.catchUp
	c.aside, a.terms.Aside = terms.Aside, nil
	from := terms.Cursor
	if terms.Keeps {
		from = older(from, terms.Acked)
	}
	if from != nil && from.Sequence > terms.End {
		from = nil // this store has lost what it once announced
	}
	if (from == nil) != (terms.Cursor == nil) || from != nil && from.After != terms.Cursor.After {
		a.terms.Empty = false // it was said of another listing
	}
	if from == nil {
		c.listing, c.at = true, terms.End
		return a
	}
	c.listing, c.began, c.after, c.at = from.After != (docid.ID{}), from.After, from.After, from.Sequence
	a.acked = *from
	return a
}

// older returns a place before which both are.
func older(a, b *wire.Cursor) *wire.Cursor {
	if a == nil || b == nil {
		return nil
	}
	c := wire.Cursor{Sequence: min(a.Sequence, b.Sequence), After: a.After}
	if a.After == (docid.ID{}) || b.After != (docid.ID{}) && slices.Compare(b.After[:], a.After[:]) < 0 {
		c.After = b.After
	}
	return &c
}

// Share says that somebody else has greeted with the listener's name. From then on
// it is told even of what seems to come from it.
func (a *Announcer) Share() { a.shared = true }

// Acked returns the place up to which the listener has everything, or has refused
// it, and whether it has caught up.
func (a *Announcer) Acked() (to wire.Cursor, caughtUp bool) { return a.acked, a.pages[CatchUp].last }

// Held is how many bytes of memory the listener's wants take.
func (a *Announcer) Held() int { return a.held }

// Unanswered is how many pages were sent and not answered.
func (a *Announcer) Unanswered() int {
	return a.pages[CatchUp].unanswered() + a.pages[Live].unanswered()
}

// Push tells of a new row of the collection. Rows come in order.
func (a *Announcer) Push(row Row) {
	l := &a.live
	if row.Sequence <= a.terms.End {
		return
	}
	l.newest = row.Sequence
	if l.behind {
		return
	}
	if len(l.rows) == maxFresh {
		l.behind, l.rows = true, nil
		return
	}
	l.rows = append(l.rows, row)
}

// Pass says that up to a row there were none of the collection but those that were
// pushed.
func (a *Announcer) Pass(sequence uint64) { a.live.newest = max(a.live.newest, sequence) }

func (a *Announcer) judge(row *Row) fate {
	switch {
	case row.Origin != a.terms.Listener:
		return news
	case row.Sequence > a.terms.End && !a.shared:
		return echo
	default:
		return mention
	}
}

// Answered takes in an answer, and returns which documents of the page were taken,
// and which refused, if the announcer keeps what was answered. What the answer says
// of other documents means nothing; nor does a page whose answer comes late say
// anything about a document of which a later page was refused.
func (a *Announcer) Answered(m wire.Answer) (taken []docid.ID, refused []wire.NotTaken, err error) {
	for lane := range a.pages {
		if page, ok := a.pages[lane].answer(m.Page); ok {
			taken, refused = page.outcome(m.Refused)
			a.strike(m.Page, documentsOf(refused))
			a.advance()
			return taken, refused, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: an answer to page %d, which isn't open", ErrUnexpected, m.Page)
}

func documentsOf(refused []wire.NotTaken) (ids []docid.ID) {
	for _, r := range refused {
		ids = append(ids, r.Document)
	}
	return ids
}

// Withheld says that documents can't be read: the listener may be told of what they
// hold, but doesn't get it, so no answer to a page that is sent means them.
func (a *Announcer) Withheld(ids []docid.ID) { a.strike(a.number, ids) }

// strike takes documents from the pages up to one whose answers are still to come.
func (a *Announcer) strike(last uint64, ids []docid.ID) {
	if len(ids) == 0 {
		return
	}
	struck := make(map[docid.ID]bool, len(ids))
	for _, id := range ids {
		struck[id] = true
	}
	for lane := range a.pages {
		for i := range a.pages[lane].open {
			if page := &a.pages[lane].open[i]; page.number <= last {
				page.documents = slices.DeleteFunc(page.documents, func(id docid.ID) bool { return struck[id] })
			}
		}
	}
}

// advance finds out how far the answers go without a gap. It never goes back: what
// is live counts only once the catch-up is over.
func (a *Announcer) advance() {
	c, l := &a.pages[CatchUp], &a.pages[Live]
	if c.settle() {
		a.acked = c.settled
	}
	l.settle()
	if c.last {
		a.acked.Sequence = max(a.acked.Sequence, l.settled.Sequence)
		if len(l.open) == 0 && !a.batches[Live].ready { // the rest came from the listener
			a.acked.Sequence = max(a.acked.Sequence, a.live.at)
		}
	}
}

// Wanted takes in a want.
func (a *Announcer) Wanted(m wire.Want) error {
	if len(a.asked)+len(m.Documents) > maxAsked {
		return fmt.Errorf("%w: more than %d documents are wanted", ErrUnexpected, maxAsked)
	}
	for _, w := range m.Documents {
		if tag, ok := w.Document.Tag(); !ok || tag != a.terms.Tag {
			return fmt.Errorf("%w: %s, of another collection, is wanted", ErrUnexpected, w.Document)
		}
		t := Topic{Document: w.Document, Asked: true, Have: w.Have, Refused: w.Refused, Until: Nothing}
		a.asked, a.held = append(a.asked, t), a.held+t.held()
	}
	return nil
}

// sentPages are pages of one lane that were sent, and not all of them answered.
type sentPages struct {
	open    []sentPage  // ascending; the first isn't answered
	settled wire.Cursor // what is covered by those that are not open any more
	last    bool        // one of those was the last
}

type sentPage struct {
	number    uint64
	to        wire.Cursor
	last      bool
	answered  bool
	documents []docid.ID
}

// outcome says what became of the page's documents. It is asked once.
func (p *sentPage) outcome(said []wire.NotTaken) (taken []docid.ID, refused []wire.NotTaken) {
	taken, p.documents = p.documents, nil
	for _, r := range said {
		if i := slices.Index(taken, r.Document); i >= 0 {
			taken, refused = slices.Delete(taken, i, i+1), append(refused, r)
		}
	}
	return taken, refused
}

func (s *sentPages) answer(number uint64) (*sentPage, bool) {
	i, ok := slices.BinarySearchFunc(s.open, number, func(p sentPage, n uint64) int { return int(p.number) - int(n) })
	if !ok || s.open[i].answered {
		return nil, false
	}
	s.open[i].answered = true
	return &s.open[i], true
}

// settle lets go of the pages before which all are answered, and reports whether
// more is covered by them.
func (s *sentPages) settle() (more bool) {
	for len(s.open) > 0 && s.open[0].answered {
		if to := s.open[0].to; to != (wire.Cursor{}) {
			s.settled, more = to, true
		}
		s.last = s.last || s.open[0].last
		s.open = s.open[1:]
	}
	return more
}

// unanswered is how many pages the listener is at.
func (s *sentPages) unanswered() (n int) {
	for i := range s.open {
		if !s.open[i].answered {
			n++
		}
	}
	return n
}
