package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// Forget removes a document from this peer: its changes, synced or not, are
// deleted here, and it is no longer looked for. Others keep theirs. It stays away
// until it is found again; a record also comes back with [Records.Resync], and when
// its collection, having been evicted, is subscribed again. If Forget fails,
// everything is as it was, but that the document may take longer to open once, and
// that the relay may have to say again what it has of it. The context is looked at
// until the removal begins.
//
// It works on a disk that is nearly full, too, as evicting does: down to a quarter of
// [Config.Reserve]. Most of the room is there when the peer is opened again, if not earlier.
func (p *Peer) Forget(ctx context.Context, id crdt.DocumentID) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.running.Done()
	if err := p.forget(ctx, id, nil); err != nil {
		return fmt.Errorf("peer: forget %s: %w", id, err)
	}
	return nil
}

// forget is Forget, if a look at the document says so when nobody can change it.
func (p *Peer) forget(ctx context.Context, id crdt.DocumentID, look func(crdt.DocumentID) error) error {
	e, err := p.engines.lock(ctx, id)
	if err != nil {
		return err
	}
	defer p.engines.unlock(e)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !p.isKnown(id):
		return ErrUnknown
	}
	if look != nil {
		if err := look(id); err != nil {
			return err
		}
	}
	ctx = context.WithoutCancel(ctx)
	e.close()
	// What is saved may be much, and can be dropped at any time.
	if err := p.store.DeletePrefix(ctx, documentKey(keySaved, id)); err != nil {
		return err
	}
	p.leave(id)
	if err := p.remove(ctx, id); err != nil {
		p.note(id, func(s *standing) { s.leaving = false })
		p.engage(id)
		return err
	}
	if spare := p.spares.tryLock(id); spare != nil {
		spare.close() // nor is it kept in memory
		p.spares.unlockQuietly(spare)
	}
	if p.known(id).refused != "" {
		p.hub.Forgive(p.link.relay(), id)
	}
	p.drop(id)
	if c := p.collections.owner(id); c != nil && c.outbox.drop(id) {
		c.retell()
	}
	return nil
}

// leave sees to it that nobody begins to talk about a document any more. Whoever
// was about to has done so when it returns, and the removal ends that.
func (p *Peer) leave(id crdt.DocumentID) {
	p.engaging.Lock()
	defer p.engaging.Unlock()
	p.note(id, func(s *standing) { s.leaving, s.engaged = true, false })
}

// remove deletes a document and all else that is kept of it, in one commit.
func (p *Peer) remove(ctx context.Context, id crdt.DocumentID) error {
	switch err := p.hub.Purge(ctx, id); {
	case errors.Is(err, hub.ErrClosed):
		return ErrClosed
	case !errors.Is(err, storage.ErrNotFound):
		return err
	}
	// It was only looked for.
	rows, done := p.leavings(id)
	_, err := p.store.Commit(ctx, &storage.Batch{Puts: rows.Puts, Deletes: rows.Deletes, MakesRoom: true})
	done(err)
	return err
}

// leavings returns the rows that go with a document about which nobody talks any
// more, and the one that comes: if it is found again it gets another actor, since
// what was never synced may still have reached somebody. Done is to be called after
// the commit.
func (p *Peer) leavings(id crdt.DocumentID) (rows hub.Entries, done func(error)) {
	rows.Deletes = [][]byte{
		documentKey(keyWant, id), documentKey(keyRefused, id), documentKey(keyAside, id),
		sharedKey(p.link.relay(), id), viewKey(id),
	}
	p.scribe.forget(rows.Deletes...)
	salt, row := newSalt(id)
	rows.Puts = []storage.Entry{row}
	return rows, func(err error) {
		if err == nil {
			p.identity.salted(id, salt)
		}
	}
}

// Purging implements [hub.Viewer].
func (v *viewer) Purging(id docid.ID) (hub.Entries, func(error)) {
	p := (*Peer)(v)
	rows, left := p.leavings(id)
	c, passed := p.collections.pass(id)
	removed := func(error) { passed() }
	if c != nil {
		var keys [][]byte
		keys, removed = c.removing(id)
		rows.Deletes = append(rows.Deletes, keys...)
	}
	return rows, func(err error) {
		left(err)
		removed(err)
	}
}

// removing returns a record's entries in indexes, which go with its view, and what
// is to be called after the commit.
func (c *collection) removing(id docid.ID) (keys [][]byte, done func(error)) {
	info, _ := c.peer.store.Document(id) // what can't be looked at can't be purged either
	row, before, end := c.begin(id, info.Changes)
	for _, key := range keysOf(row, id, before) {
		keys = append(keys, indexKey(c.tag, key))
	}
	return keys, func(err error) {
		if err == nil {
			h := happeningOf(id, before, nil, nil, 0)
			h.local, h.from = true, info.Heads
			c.changed(h)
		}
		end()
	}
}

// drop forgets what is known of a document.
func (p *Peer) drop(id crdt.DocumentID) {
	p.mu.Lock()
	if s := p.docs[id]; s != nil {
		p.link.count(*s, standing{})
		delete(p.docs, id)
	}
	p.mu.Unlock()
	p.watchers.tell(Event{Document: id, peer: p})
}
