package peer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// identity is who makes this peer's changes: in each document another actor,
// which follows from the seed of this life of the directory. So what was made in
// a document is never continued in another that came of it, at another peer
// even, and no number of an actor is used twice.
type identity struct {
	renewing sync.Mutex // held while a new life begins, or a document gets another actor

	mu   sync.Mutex
	seed [seedSize]byte
	// of has the actors of documents that were forgotten: their former ones may
	// have made changes that this peer doesn't know of any more.
	of map[crdt.DocumentID]crdt.ActorID
}

const seedSize = 16

func (i *identity) actorOf(id crdt.DocumentID) crdt.ActorID {
	i.mu.Lock()
	defer i.mu.Unlock()
	if actor, ok := i.of[id]; ok {
		return actor
	}
	sum := sha256.Sum256(slices.Concat([]byte("godwit actor\x00"), i.seed[:], id[:]))
	sum[0] |= 0x80 // so it isn't a reserved one
	return crdt.ActorID(sum[:16])
}

// hasForgotten reports whether a document was forgotten in this life, be it here
// again or not.
func (i *identity) hasForgotten(id crdt.DocumentID) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, ok := i.of[id]
	return ok
}

// storageID is how the directory's life is called in the protocol.
func (p *Peer) storageID() string { return uuid.UUID(p.store.Incarnation()).String() }

// settleIdentity reads the seed of this life of the directory, or chooses one if
// the life is a new one.
func (p *Peer) settleIdentity() error {
	life := p.store.Incarnation()
	row, err := p.store.Get([]byte(keyIdentity))
	switch {
	case err == nil && len(row) == len(life)+seedSize && storage.Incarnation(row[:len(life)]) == life:
		p.identity.seed = [seedSize]byte(row[len(life):])
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

// newIdentity chooses a seed for the store's present life.
func (p *Peer) newIdentity(ctx context.Context) error {
	// A copy has these rows too: they must be gone before the seed says that
	// they belong to this life.
	if err := p.store.DeletePrefix(ctx, []byte(keyActor)); err != nil {
		return err
	}
	life := p.store.Incarnation()
	var seed [seedSize]byte
	_, _ = rand.Read(seed[:]) // never fails
	row := slices.Concat(life[:], seed[:])
	batch := &storage.Batch{Puts: []storage.Entry{{Key: []byte(keyIdentity), Value: row}}}
	if _, err := p.store.Commit(ctx, batch); err != nil {
		return err
	}
	p.identity.mu.Lock()
	defer p.identity.mu.Unlock()
	p.identity.seed, p.identity.of = seed, map[crdt.DocumentID]crdt.ActorID{}
	return nil
}

// newActor gives a document another actor.
func (p *Peer) newActor(ctx context.Context, id crdt.DocumentID) error {
	p.identity.renewing.Lock()
	defer p.identity.renewing.Unlock()
	actor := crdt.NewActorID()
	batch := &storage.Batch{Puts: []storage.Entry{{Key: documentKey(keyActor, id), Value: []byte(actor)}}}
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
	p.link.restart(errNewLife)
	return nil
}
