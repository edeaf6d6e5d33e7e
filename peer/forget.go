package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// Forget removes a document from this peer: its changes, synced or not, are
// deleted here, and it is no longer looked for. Others keep theirs. It can be
// found again; a record also comes back with [Records.Resync]. The context is looked at until the removal begins.
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
	// If it is found again, it gets another actor: what was never synced may
	// still have reached somebody.
	if err := p.newActor(ctx, id); err != nil {
		return err
	}
	p.leave(id)
	e.close()
	err = p.removeView(ctx, id)
	if err == nil {
		err = p.remove(ctx, id)
	}
	if err != nil {
		p.note(id, func(s *standing) { s.leaving = false })
		p.engage(id)
		return errors.Join(err, p.refreshView(ctx, id))
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

// remove deletes all that is kept of a document but its actor.
func (p *Peer) remove(ctx context.Context, id crdt.DocumentID) error {
	switch err := p.hub.Purge(ctx, id); {
	case errors.Is(err, hub.ErrClosed):
		return ErrClosed
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	}
	keys := [][]byte{
		documentKey(keyWant, id), documentKey(keyRefused, id), documentKey(keyAside, id), sharedKey(p.link.relay(), id),
		documentKey(keyLeaving, id),
	}
	p.scribe.forget(keys...)
	if _, err := p.store.Commit(ctx, &storage.Batch{Deletes: keys}); err != nil {
		return err
	}
	return p.store.DeletePrefix(ctx, documentKey(keySaved, id))
}

// removeLeaving ends what a crash has interrupted: the views of these documents
// are gone already.
func (p *Peer) removeLeaving() error {
	for entry, err := range p.store.Scan(context.Background(), []byte(keyLeaving)) {
		if err == nil {
			err = p.remove(context.Background(), documentOf(entry.Key))
		}
		if err != nil {
			return err
		}
	}
	return nil
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
