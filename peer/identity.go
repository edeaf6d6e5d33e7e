package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// identity is who makes this peer's changes: one actor for a life of the
// directory, and another for documents whose history may hold changes of that
// actor which this peer doesn't know of.
type identity struct {
	renewing sync.Mutex // held while a new life begins

	mu    sync.Mutex
	actor crdt.ActorID
	of    map[crdt.DocumentID]crdt.ActorID
}

func (i *identity) actorOf(id crdt.DocumentID) crdt.ActorID {
	i.mu.Lock()
	defer i.mu.Unlock()
	if actor, ok := i.of[id]; ok {
		return actor
	}
	return i.actor
}

// storageID is how the directory's life is called in the protocol.
func (p *Peer) storageID() string { return uuid.UUID(p.store.Incarnation()).String() }

// settleIdentity reads the actor of this life of the directory, or chooses one
// if the life is a new one.
func (p *Peer) settleIdentity() error {
	life := p.store.Incarnation()
	row, err := p.store.Get([]byte(keyIdentity))
	switch {
	case err == nil && len(row) == 2*len(life) && storage.Incarnation(row[:len(life)]) == life:
		p.identity.actor = crdt.ActorID(row[len(life):])
		p.identity.of, err = p.readActors()
		return err
	case err == nil, errors.Is(err, storage.ErrNotFound):
		return p.newIdentity(context.Background())
	default:
		return err
	}
}

func (p *Peer) readActors() (map[crdt.DocumentID]crdt.ActorID, error) {
	of := map[crdt.DocumentID]crdt.ActorID{}
	for entry, err := range p.store.Scan(context.Background(), []byte(keyActor)) {
		if err != nil {
			return nil, err
		}
		of[documentOf(entry.Key)] = crdt.ActorID(entry.Value)
	}
	return of, nil
}

// newIdentity chooses an actor for the store's present life.
func (p *Peer) newIdentity(ctx context.Context) error {
	life, actor := p.store.Incarnation(), crdt.NewActorID()
	row := append(life[:], actor...)
	batch := &storage.Batch{Puts: []storage.Entry{{Key: []byte(keyIdentity), Value: row}}}
	if _, err := p.store.Commit(ctx, batch); err != nil {
		return err
	}
	p.identity.mu.Lock()
	p.identity.actor, p.identity.of = actor, map[crdt.DocumentID]crdt.ActorID{}
	p.identity.mu.Unlock()
	// What was learned about other lives' actors means nothing in this one.
	return p.deletePrefix(ctx, keyActor)
}

// disown gives a document an actor of its own, and stops looking for it.
func (p *Peer) disown(ctx context.Context, id crdt.DocumentID) error {
	actor := crdt.NewActorID()
	batch := &storage.Batch{
		Puts:    []storage.Entry{{Key: documentKey(keyActor, id), Value: []byte(actor)}},
		Deletes: [][]byte{documentKey(keyWant, id)},
	}
	if _, err := p.store.Commit(ctx, batch); err != nil {
		return err
	}
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	p.identity.of[id] = actor
	return nil
}

// renew begins a new life of the directory, unless that has happened since
// somebody saw the actor that calls for it.
func (p *Peer) renew(seen crdt.ActorID, id crdt.DocumentID) error {
	p.identity.renewing.Lock()
	defer p.identity.renewing.Unlock()
	if p.identity.actorOf(id) != seen {
		return nil
	}
	p.config.Logger.Warn("others have changes by this directory's actor that it lacks: it was copied, restored or has lost data, and begins a new life",
		"path", p.config.Path, "document", id)
	if _, err := p.store.Renew(context.Background()); err != nil {
		return fmt.Errorf("peer: begin a new life of %s: %w", p.config.Path, err)
	}
	if err := p.newIdentity(context.Background()); err != nil {
		return fmt.Errorf("peer: begin a new life of %s: %w", p.config.Path, err)
	}
	p.hub.SetStorageID(p.storageID())
	p.link.restart()
	return nil
}

// deletePrefix deletes all of this peer's own rows under a prefix.
func (p *Peer) deletePrefix(ctx context.Context, prefix string) error {
	for {
		batch := &storage.Batch{}
		for entry, err := range p.store.Scan(ctx, []byte(prefix)) {
			if err != nil {
				return err
			}
			if batch.Deletes = append(batch.Deletes, entry.Key); len(batch.Deletes) == storage.MaxEntries/2 {
				break
			}
		}
		if len(batch.Deletes) == 0 {
			return nil
		}
		if _, err := p.store.Commit(ctx, batch); err != nil {
			return err
		}
	}
}
