package peer

import (
	"context"
	"errors"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// removeView removes a document's view, if it is a record, and notes in the same
// commit that the document is to go as well.
func (p *Peer) removeView(ctx context.Context, id crdt.DocumentID) error {
	c := p.collections.owner(id)
	if c == nil {
		return nil
	}
	return c.rewrite(ctx, id, func(int) *view { return nil }, storage.Batch{
		Puts: []storage.Entry{{Key: documentKey(keyLeaving, id)}},
	})
}

// refreshView makes a document's view anew, if it is a record.
func (p *Peer) refreshView(ctx context.Context, id crdt.DocumentID) error {
	c := p.collections.owner(id)
	if c == nil || !p.isHere(id) {
		return nil
	}
	return c.rewrite(ctx, id, func(length int) *view { return p.viewByLog(id, length, nil) }, storage.Batch{
		Deletes: [][]byte{documentKey(keyLeaving, id)},
	})
}

// rewrite makes a record's view, now that its log has some length, another one.
func (c *collection) rewrite(ctx context.Context, id crdt.DocumentID, to func(length int) *view, batch storage.Batch) error {
	c.views.lock(id)
	defer c.views.unlock(id)
	info, err := c.peer.store.Document(id)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	before := c.stored(id, info.Changes)
	c.counter.started(id, before.isLive())
	defer c.counter.ended(id)
	after := to(info.Changes)
	e := entriesOf(c.tag, c.now(), id, before, after)
	batch.Puts, batch.Deletes = append(batch.Puts, e.Puts...), append(batch.Deletes, e.Deletes...)
	if _, err := c.peer.store.Commit(ctx, &batch); err != nil {
		return err
	}
	h := happeningOf(id, before, after, nil, 0)
	h.local, h.from = true, info.Heads
	c.changed(h)
	return nil
}
