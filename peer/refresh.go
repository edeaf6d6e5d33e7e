package peer

import (
	"context"
	"errors"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// refreshView makes a document's view anew, if it is a record.
func (p *Peer) refreshView(ctx context.Context, id crdt.DocumentID) error {
	c := p.collections.owner(id)
	if c == nil {
		return nil
	}
	c.views.lock(id)
	defer c.views.unlock(id)
	info, err := p.store.Document(id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	row, heeded := c.heed()
	defer heeded()
	before := c.stored(row, id, info.Changes)
	c.counter.started(id, before.isLive())
	defer c.counter.ended(id)
	after := p.viewByLog(row, id, info.Changes, nil)
	e := entriesOf(c.tag, row, id, before, after)
	if _, err := p.store.Commit(ctx, &storage.Batch{Puts: e.Puts, Deletes: e.Deletes}); err != nil {
		return err
	}
	h := happeningOf(id, before, after, nil, 0)
	h.local, h.from = true, info.Heads
	c.changed(h)
	return nil
}

// refreshLeaving makes views anew of records that an earlier version began to forget,
// and did not: their views were gone before their changes.
func (p *Peer) refreshLeaving() error {
	err := p.eachRow(keyLeaving, func(id crdt.DocumentID, _ string, _ bool) error {
		return p.refreshView(context.Background(), id)
	})
	if err != nil {
		return err
	}
	return p.store.DeletePrefix(context.Background(), []byte(keyLeaving))
}
