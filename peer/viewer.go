package peer

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/record"
	"github.com/godwit-sync/godwit/storage"
)

// viewer has the views of records become durable with the changes that they
// follow from.
type viewer Peer

// Viewed implements [hub.Viewer].
func (v *viewer) Viewed(id docid.ID, base int, changes []*change.Change, own int) (hub.Entries, func(storage.Seq, error)) {
	p := (*Peer)(v)
	c, passed := p.collections.pass(id)
	if c == nil {
		return hub.Entries{}, func(storage.Seq, error) { passed() }
	}
	return c.viewed(id, base, changes, own)
}

// viewed is Viewed for a record of the collection.
func (c *collection) viewed(id docid.ID, base int, changes []*change.Change, own int) (hub.Entries, func(storage.Seq, error)) {
	row, before, end := c.begin(id, base)
	owed := func(storage.Seq, error) {}
	if own > 0 {
		owed = c.owing(id, base)
	}
	var from []crdt.Hash
	if base > 0 {
		from = c.peer.headsOf(id)
	}
	after, release := c.peer.viewAt(row, id, base, changes)
	done := func(seq storage.Seq, err error) {
		release(err)
		owed(seq, err)
		if err == nil {
			h := happeningOf(id, before, after, changes, own)
			h.from = from
			c.changed(h)
		}
		end()
	}
	return entriesOf(c.tag, row, id, before, after), done
}

// headsOf returns a document's heads; none if it isn't here.
func (p *Peer) headsOf(id docid.ID) []crdt.Hash {
	info, err := p.store.Document(id)
	if err != nil {
		return nil
	}
	return info.Heads
}

// begin sees to it that nobody else writes the record's view before end is called,
// and returns the present one, and the collection's row that is to be followed.
func (c *collection) begin(id docid.ID, base int) (row collectionRow, before *view, end func()) {
	c.views.lock(id)
	row, heeded := c.heed()
	if base > 0 {
		before = c.stored(row, id, base)
	}
	c.counter.started(id, before.isLive())
	return row, before, func() {
		heeded()
		c.counter.ended(id)
		c.views.unlock(id)
	}
}

// stored returns a record's view as it is kept; nil if there is none, or none that
// can be read. Then its entries in indexes aren't known, and all are built anew.
func (c *collection) stored(row collectionRow, id docid.ID, base int) *view {
	v, err := c.peer.storedView(id)
	hasEntries := len(row.Indexes) > 0 || v.is(viewConflicted)
	switch {
	case err == nil && v.is(viewLarge) && len(v.keys) == 0 && hasEntries:
		return c.peer.viewByLog(row, id, base, nil) // they were too many
	case err != nil:
		c.peer.config.Logger.Warn("a view can't be read, so the collection's views are built anew", "document", id, "error", err)
		c.rebuildSoon()
		return nil
	}
	return v
}

// viewAt returns the view of a document whose log will hold some changes more.
// Release is to be called when they do, or don't.
func (p *Peer) viewAt(row collectionRow, id docid.ID, base int, changes []*change.Change) (v *view, release func(error)) {
	if v := p.forecasts.of(row, id, base, changes); v != nil {
		return v, func(error) {}
	}
	if base > 0 {
		if v, release := p.viewByEngine(row, id, base, changes); v != nil {
			return v, release
		}
	}
	return p.viewByLog(row, id, base, changes), func(error) {}
}

// viewByEngine has the document's engine take the changes in: so somebody else's
// edits, of which there may be more, don't cost a look at the whole log each. The
// engine stays locked until release, lest somebody sees what isn't durable. While
// somebody uses it, a spare one does it, which nobody else sees.
func (p *Peer) viewByEngine(row collectionRow, id docid.ID, base int, changes []*change.Change) (v *view, release func(error)) {
	e := p.engines.tryLock(id)
	if e == nil {
		e = p.spares.tryLock(id)
	}
	if e == nil {
		return nil, nil
	}
	if err := e.takeIn(base, changes); err != nil {
		e.close()
		e.table.unlockQuietly(e)
		return nil, nil
	}
	v = p.viewOf(row, id, e.doc, base+len(changes), &e.beaten)
	return v, func(err error) {
		if err != nil {
			e.close() // it holds what isn't there
		} else {
			e.grew(changes)
		}
		e.table.unlock(e)
	}
}

// takeIn has the document hold changes that are about to come to its log.
func (e *engine) takeIn(base int, changes []*change.Change) error {
	if err := e.open(context.Background()); err != nil {
		return err
	}
	if e.applied != base {
		return fmt.Errorf("%w: the log of %s has %d changes, not %d", storage.ErrConflict, e.id, e.applied, base)
	}
	return e.guard(func() error { return e.doc.ApplyChanges(changes...) })
}

// viewByLog reads the document for this view alone.
func (p *Peer) viewByLog(row collectionRow, id docid.ID, base int, changes []*change.Change) *view {
	length := base + len(changes)
	doc, err := p.readTo(id, base, changes)
	if err != nil {
		p.warnUnreadable(id, err)
		return &view{length: length, flags: viewUnreadable}
	}
	defer doc.Close()
	return p.viewOf(row, id, doc, length, new(record.Beaten))
}

func (p *Peer) warnUnreadable(id docid.ID, why error) {
	p.config.Logger.Warn("a record can't be read", "document", id, "error", why)
}

// readTo reads a document of which base changes are in the log, and some more
// aren't yet.
func (p *Peer) readTo(id docid.ID, base int, changes []*change.Change) (*crdt.Doc, error) {
	now, err := p.store.Snapshot()
	if err != nil {
		return nil, err
	}
	defer now.Close()
	r := &reading{peer: p, from: now, info: storage.Info{Document: id}, more: changes}
	if base > 0 {
		if r.info, err = now.Document(id); err != nil {
			return nil, err
		}
	}
	return r.load(context.Background())
}

// forecasts are the records to which changes are about to be appended here: whoever
// has made them has the document at hand as it will be, and waits.
type forecasts struct {
	mu  sync.Mutex
	all map[crdt.DocumentID]*draft
}

func (f *forecasts) announce(drafts []*draft) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range drafts {
		f.all[d.id] = d
	}
}

func (f *forecasts) withdraw(drafts []*draft) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range drafts {
		delete(f.all, d.id)
	}
}

// of returns the view that changes lead to, if somebody has the document at hand.
func (f *forecasts) of(row collectionRow, id crdt.DocumentID, base int, changes []*change.Change) *view {
	f.mu.Lock()
	d := f.all[id]
	f.mu.Unlock()
	if d == nil || d.base != base || !slices.Equal(d.changes, changes) {
		return nil
	}
	return d.peer.viewOf(row, id, d.doc, base+len(changes), d.known())
}
