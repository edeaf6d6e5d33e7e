package peer

import (
	"context"
	"fmt"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/record"
)

// collection is one collection of a peer.
type collection struct {
	peer *Peer
	name string
	tag  docid.Tag

	saving    sync.Mutex // held while another row is made durable; before mu
	views     viewTable
	counter   counter
	builder   builder
	resolving resolving
	outbox    outbox
	traffic   traffic
	feeds     audience[struct{}, *recordFeed] // those who watch
	followers audience[struct{}, *follower]   // live results

	mu         sync.Mutex
	row        collectionRow
	version    int         // another one with each row
	heeding    map[int]int // by version, the writes under way that follow that row
	heeded     *sync.Cond  // some of them are done
	epoch      int         // another one when something that was built is lost
	validators []validator
}

func newCollection(p *Peer, name string, tag docid.Tag) *collection {
	c := &collection{
		peer: p, name: name, tag: tag,
		views:   viewTable{of: map[crdt.DocumentID]chan struct{}{}},
		counter: counter{underway: map[crdt.DocumentID]bool{}},
		traffic: newTraffic(),
		heeding: map[int]int{},
	}
	c.heeded = sync.NewCond(&c.mu)
	return c
}

// check reports whether an id can be one of the collection's records.
func (c *collection) check(id crdt.DocumentID) error {
	if tag, ok := id.Tag(); !ok || tag != c.tag {
		return fmt.Errorf("%w: %s is no id of a record in %q", ErrInvalid, id, c.name)
	}
	return nil
}

func (c *collection) checks() []validator {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.validators
}

// changed is told of each commit that made a record's view another; from are the
// document's heads before.
func (c *collection) changed(h *happening) {
	c.counter.changed(h.id, h.before.isLive(), h.after.isLive())
	if h.before.is(viewConflicted) || h.after.is(viewConflicted) {
		c.resolveSoon(h.id)
	}
	for _, f := range c.followers.of(everything) {
		f.put(h.id, true)
	}
	feeds := c.feeds.of(everything)
	if len(feeds) == 0 {
		return
	}
	h.until = c.peer.headsOf(h.id)
	for _, f := range feeds {
		f.put(h)
	}
}

// tellUnresolved tells those who watch that resolvers have failed at a record.
func (c *collection) tellUnresolved(id crdt.DocumentID, why error) {
	v, err := c.peer.storedView(id)
	if err != nil {
		return // the next event says what ails it
	}
	h := &happening{id: id, before: v, after: v, from: c.peer.headsOf(id), unresolved: why}
	h.until = h.from
	for _, f := range c.feeds.of(everything) {
		f.put(h)
	}
}

// count returns how many records there are, in a transaction or outside.
func (c *collection) count(ctx context.Context, tx *Tx) (int, error) {
	if err := c.peer.enter(); err != nil {
		return 0, err
	}
	defer c.peer.running.Done()
	if err := c.await(ctx, (*collectionRow).hasViews); err != nil {
		return 0, err
	}
	n, err := c.counter.count(
		func() ([]crdt.DocumentID, error) { return c.list(ctx) },
		func(id crdt.DocumentID) bool {
			v, err := c.peer.storedView(id)
			return err == nil && v.isLive()
		})
	if err != nil || tx == nil {
		return n, err
	}
	more, err := c.added(tx)
	return n + more, err
}

// added returns by how many records a transaction makes the collection larger.
func (c *collection) added(tx *Tx) (n int, err error) {
	for id := range tx.drafts {
		d, err := tx.draft(id)
		if err != nil {
			return 0, err
		}
		if d == nil || d.collection != c {
			continue
		}
		before, err := c.peer.storedView(id)
		if err != nil {
			return 0, err
		}
		state, err := d.state()
		if err != nil {
			return 0, err
		}
		if state == record.Present {
			n++
		}
		if before.isLive() {
			n--
		}
	}
	return n, nil
}

// list returns the records that can be read, ascending.
func (c *collection) list(ctx context.Context) (ids []crdt.DocumentID, err error) {
	for entry, err := range c.peer.store.Scan(ctx, append([]byte(keyView), c.tag[:]...)) {
		if err != nil {
			return nil, err
		}
		v, err := decodeView(entry.Value)
		if err != nil {
			return nil, err
		}
		if v.isLive() {
			ids = append(ids, documentOf(entry.Key))
		}
	}
	return ids, nil
}
