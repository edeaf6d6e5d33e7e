package replica

import (
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
)

// ReasonMissing is why a document is not taken whose announcer names heads, and
// brings nothing that leads to them.
const ReasonMissing = "missing"

// Listener is the side of a subscription that takes a store's documents. Its owner
// gives it the pages that come, does what [Heard] says, and tells how that went.
// What is answered, and the cursor, never run ahead of what is durable. It belongs
// to one goroutine at a time.
type Listener struct {
	tag    docid.Tag
	number uint64 // of the newest page
	pages  map[uint64]*heardPage
	lanes  [2]heardPages
	wants  map[docid.ID]*want
	cursor wire.Cursor
	hashes int // that all wants remember
}

// heardPage is a page of which not all is durable yet.
type heardPage struct {
	number  uint64
	to      wire.Cursor
	last    bool
	open    int // its documents that are neither durable nor refused
	refused []wire.NotTaken
}

// heardPages are the pages of one lane, from the first on that is not done.
type heardPages struct {
	list    []*heardPage
	open    int // those that are not done
	settled wire.Cursor
	last    bool
}

// want is a document of which something is missing.
type want struct {
	heads   []change.Hash
	pages   []uint64 // that wait for it
	asked   bool     // something of it is on its way
	checked int      // how many of the heads are being looked for in what came
	again   bool     // nothing has come that was asked for with these heads in mind
	refused *wire.NotTaken
	roots   []change.Hash // of what was refused; nothing that builds on them is wanted
}

// Heard is what the owner of a [Listener] has to do.
type Heard struct {
	Apply  []Apply       // and answer each with [Listener.Applied]
	Want   []wire.Wanted // to be sent
	Answer []wire.Answer // to be sent; Subscription is left open
	// Cursor is to be stored under the announcer's name; it need not be waited for.
	// nil = it is as it was.
	Cursor *wire.Cursor
}

// Apply is a document whose changes are to be taken.
type Apply struct {
	Page     uint64 // zero: it was wanted
	Document docid.ID
	Heads    []change.Hash // which it should have then
	Changes  []byte
}

// Applied says what became of it, after everything is durable.
type Applied struct {
	Page     uint64
	Document docid.ID
	Lacking  []change.Hash // those of the heads that are neither there nor refused
	Refused  []change.Hash // changes, or heads, that were refused
	Roots    []change.Hash // those of the changes that build on no others of them
	Reason   string        // why, in one word
	Taken    int           // how many of the changes that came are there now, or were there
	// Have says, if anything is lacking or refused, how to get the rest: the newest
	// of the changes that came and are there, heads, and older changes.
	Have []change.Hash
}

// NewListener begins a subscription to the collection of a tag.
func NewListener(tag docid.Tag) *Listener {
	return &Listener{tag: tag, pages: map[uint64]*heardPage{}, wants: map[docid.ID]*want{}}
}

// CaughtUp reports whether all is here that there was when the subscription began.
func (l *Listener) CaughtUp() bool { return l.lanes[CatchUp].last }

// Held is how many bytes of memory the pages and wants take.
func (l *Listener) Held() int {
	return l.hashes*hashSize + (len(l.lanes[CatchUp].list)+len(l.lanes[Live].list)+len(l.wants))*perTopic
}

// Page takes in a page. An error is the announcer's fault.
func (l *Listener) Page(m wire.Page, h *Heard) error {
	for i := range m.Documents {
		if tag, ok := m.Documents[i].Document.Tag(); !ok || tag != l.tag {
			return fmt.Errorf("%w: %s is announced in another collection", ErrUnexpected, m.Documents[i].Document)
		}
	}
	if m.Number == 0 {
		return l.brought(m, h)
	}
	if err := distinct(m.Documents); err != nil {
		return err
	}
	lane, window := &l.lanes[CatchUp], CatchUpWindow
	if m.Live {
		lane, window = &l.lanes[Live], LiveWindow
	}
	if m.Number != l.number+1 || lane.open >= window || len(lane.list) >= maxGap*window {
		return fmt.Errorf("%w: page %d after page %d, %d are open", ErrUnexpected, m.Number, l.number, lane.open)
	}
	l.number = m.Number
	page := &heardPage{number: m.Number, to: m.To, last: !m.Live && m.Left == 0, open: len(m.Documents)}
	l.pages[m.Number] = page
	lane.list = append(lane.list, page)
	lane.open++
	for _, d := range m.Documents {
		if len(d.Heads) == 0 {
			return fmt.Errorf("%w: %s is announced without heads", ErrUnexpected, d.Document)
		}
		h.Apply = append(h.Apply, Apply{m.Number, d.Document, d.Heads, d.Changes})
	}
	if page.open == 0 {
		l.finish(page, h)
	}
	return nil
}

// distinct checks that a page names no document twice: to find out what one lacks
// may take reading all of it.
func distinct(documents []wire.Announced) error {
	named := make(map[docid.ID]struct{}, len(documents))
	for i := range documents {
		named[documents[i].Document] = struct{}{}
	}
	if len(named) < len(documents) {
		return fmt.Errorf("%w: a page of %d documents names only %d", ErrUnexpected, len(documents), len(named))
	}
	return nil
}

// brought takes in a page of what was wanted.
func (l *Listener) brought(m wire.Page, h *Heard) error {
	for _, d := range m.Documents {
		w := l.wants[d.Document]
		if w == nil || !w.asked {
			return fmt.Errorf("%w: %s is brought, and was not wanted", ErrUnexpected, d.Document)
		}
		if len(d.Heads) == 0 { // it is there no more, nor will it come
			l.resolve(d.Document, h)
			continue
		}
		w.asked, w.checked = false, len(w.heads)
		h.Apply = append(h.Apply, Apply{0, d.Document, slices.Clone(w.heads), d.Changes})
	}
	return nil
}

// Applied takes in what became of a document.
func (l *Listener) Applied(r Applied, h *Heard) {
	switch {
	case r.Page == 0:
		l.checked(r, h)
	case len(r.Lacking) > 0 || len(r.Refused) > 0:
		l.want(r, h)
	default:
		l.done(r.Page, nil, h)
	}
}

// want notes what a page's document lacks, and asks for it unless something of it
// is on its way. If a change was refused, others beside it may be lacking that are
// good.
func (l *Listener) want(r Applied, h *Heard) {
	w, known := l.wants[r.Document]
	if !known {
		w = &want{}
		l.wants[r.Document] = w
	}
	w.heads = append(w.heads, r.Lacking...)
	w.pages = append(w.pages, r.Page)
	l.hashes += len(r.Lacking)
	l.refuse(w, r)
	if !known {
		w.ask(r, h)
	}
}

func (w *want) ask(r Applied, h *Heard) {
	w.asked, w.again = true, false
	h.Want = append(h.Want, wire.Wanted{Document: r.Document, Have: r.Have, Refused: w.roots})
}

// checked looks at what was brought. What is still lacking is wanted again, as long
// as that is of use.
func (l *Listener) checked(r Applied, h *Heard) {
	w := l.wants[r.Document]
	learned := l.refuse(w, r)
	grown := w.heads[w.checked:]
	lacking := slices.Concat(r.Lacking, grown)
	l.hashes += len(lacking) - len(w.heads)
	w.heads = lacking
	more := len(r.Lacking) > 0 || w.refused != nil
	switch {
	case more && (r.Taken > 0 || learned || len(grown) > 0 || w.again):
		w.ask(r, h)
	case len(grown) > 0: // what came may hold that as well
		w.checked, w.again = len(grown), true
		h.Apply = append(h.Apply, Apply{0, r.Document, slices.Clone(grown), nil})
	default:
		if len(lacking) > 0 && w.refused == nil {
			l.refuse(w, Applied{Document: r.Document, Refused: lacking, Reason: ReasonMissing})
		}
		l.resolve(r.Document, h)
	}
}

// refuse notes what was refused, and reports whether that is reason to ask for what
// lies beside it.
func (l *Listener) refuse(w *want, r Applied) (learned bool) {
	if len(r.Refused) == 0 {
		return false
	}
	if w.refused == nil {
		w.refused = &wire.NotTaken{Document: r.Document, Reason: r.Reason}
	}
	remember(&w.refused.Hashes, r.Refused, wire.MaxRefused)
	n := remember(&w.roots, r.Roots, wire.MaxRoots)
	l.hashes += n
	return n > 0
}

// remember adds hashes to some, up to a number of them, and returns how many were
// added.
func remember(to *[]change.Hash, hashes []change.Hash, most int) (added int) {
	for _, hash := range hashes {
		if len(*to) < most && !slices.Contains(*to, hash) {
			*to = append(*to, hash)
			added++
		}
	}
	return added
}

// resolve ends a want: the document has all that was announced, or will not have
// it.
func (l *Listener) resolve(id docid.ID, h *Heard) {
	w := l.wants[id]
	delete(l.wants, id)
	l.hashes -= len(w.heads) + len(w.roots)
	for _, page := range w.pages {
		l.done(page, w.refused, h)
	}
}

// done counts one of a page's documents as durable or refused.
func (l *Listener) done(number uint64, refused *wire.NotTaken, h *Heard) {
	page := l.pages[number]
	if refused != nil {
		page.refused = append(page.refused, *refused)
	}
	if page.open--; page.open == 0 {
		l.finish(page, h)
	}
}

// finish answers a page, and moves the cursor if none before it is open.
func (l *Listener) finish(page *heardPage, h *Heard) {
	delete(l.pages, page.number)
	h.Answer = append(h.Answer, wire.Answer{Page: page.number, Refused: page.refused})
	page.refused = nil
	for i := range l.lanes {
		l.lanes[i].settle(l.pages)
	}
	c, v := &l.lanes[CatchUp], &l.lanes[Live]
	cursor := c.settled
	if c.last && v.settled.Sequence > cursor.Sequence {
		cursor = v.settled
	}
	if cursor != l.cursor {
		l.cursor, h.Cursor = cursor, &cursor
	}
}

// settle lets go of the pages before which all are done.
func (p *heardPages) settle(open map[uint64]*heardPage) {
	p.open = 0
	for _, page := range p.list {
		if open[page.number] != nil {
			p.open++
		}
	}
	for len(p.list) > 0 && open[p.list[0].number] == nil {
		if to := p.list[0].to; to != (wire.Cursor{}) {
			p.settled = to
		}
		p.last = p.last || p.list[0].last
		p.list = p.list[1:]
	}
}
