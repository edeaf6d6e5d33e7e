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
	renewing sync.Mutex // held while a new life begins

	mu   sync.Mutex
	seed [seedSize]byte
	// salts has a salt for each document that was forgotten, another one each time:
	// its former actor may have made changes that this peer doesn't know of any more.
	salts map[crdt.DocumentID]string
}

const seedSize, saltSize = 16, 16

func (i *identity) actorOf(id crdt.DocumentID) crdt.ActorID {
	i.mu.Lock()
	defer i.mu.Unlock()
	sum := sha256.Sum256(slices.Concat([]byte("godwit actor\x00"), i.seed[:], id[:], []byte(i.salts[id])))
	sum[0] |= 0x80 // so it isn't a reserved one
	return crdt.ActorID(sum[:16])
}

// hasForgotten reports whether a document was ever forgotten, be it here again or
// not.
func (i *identity) hasForgotten(id crdt.DocumentID) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, ok := i.salts[id]
	return ok
}

// newSalt returns a salt for a document that is being forgotten, and its row. It
// counts when it is durable.
func newSalt(id crdt.DocumentID) (salt string, row storage.Entry) {
	value := make([]byte, saltSize)
	_, _ = rand.Read(value) // never fails
	return string(value), storage.Entry{Key: documentKey(keyForgotten, id), Value: value}
}

// salted notes that a document has another salt now.
func (i *identity) salted(id crdt.DocumentID, salt string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.salts[id] = salt
}

// storageID is how the directory's life is called in the protocol.
func (p *Peer) storageID() string { return uuid.UUID(p.store.Incarnation()).String() }

// settleIdentity reads the seed of this life of the directory, or chooses one if
// the life is a new one.
func (p *Peer) settleIdentity() error {
	if err := p.readSalts(); err != nil {
		return err
	}
	life := p.store.Incarnation()
	row, err := p.store.Get([]byte(keyIdentity))
	switch {
	case err == nil && len(row) == len(life)+seedSize && storage.Incarnation(row[:len(life)]) == life:
		p.identity.seed = [seedSize]byte(row[len(life):])
		return nil
	case errors.Is(err, storage.ErrDamaged):
		p.warnDamaged(err)
		return p.newIdentity(context.Background())
	case err == nil, errors.Is(err, storage.ErrNotFound):
		return p.newIdentity(context.Background())
	default:
		return err
	}
}

// readSalts reads the salts. Where one is damaged another one does as well, since no
// actor follows from it yet.
func (p *Peer) readSalts() error {
	p.identity.salts = map[crdt.DocumentID]string{}
	return p.eachRow(keyForgotten, func(id crdt.DocumentID, salt string, damaged bool) error {
		if damaged {
			var row storage.Entry
			salt, row = newSalt(id)
			_, err := p.store.Commit(context.Background(), &storage.Batch{Puts: []storage.Entry{row}})
			if err != nil && !errors.Is(err, storage.ErrDiskFull) { // then the next opening chooses
				return err
			}
		}
		p.identity.salts[id] = salt
		return nil
	})
}

// newIdentity chooses a seed for the store's present life. With it all actors are
// others, also those of documents that were forgotten.
func (p *Peer) newIdentity(ctx context.Context) error {
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
	p.identity.seed = seed
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
