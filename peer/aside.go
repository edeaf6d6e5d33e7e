package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// setAside notes durably that some documents must not be opened.
func (p *Peer) setAside(ids []crdt.DocumentID) error {
	const why = "what it holds has ended the process"
	batch := &storage.Batch{}
	for _, id := range ids {
		batch.Puts = append(batch.Puts, storage.Entry{Key: documentKey(keyAside, id), Value: []byte(why)})
		p.standing(id).aside = why
		p.config.Logger.Warn("a document is set aside", "document", id, "why", why)
	}
	if len(ids) == 0 {
		return p.suspects.clear()
	}
	_, err := p.store.Commit(context.Background(), batch)
	switch {
	case errors.Is(err, storage.ErrDiskFull):
		return nil // what is there can be read, and the file goes on to name them
	case err != nil:
		return err
	default:
		return p.suspects.clear()
	}
}

func asideError(id crdt.DocumentID, why string) error {
	return fmt.Errorf("%w: %s: %s; it is kept and synced, and Retry opens it again", ErrSetAside, id, why)
}

func (p *Peer) asideError(id crdt.DocumentID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.docs[id]; s != nil && s.aside != "" {
		return asideError(id, s.aside)
	}
	return nil
}

// Retry opens a document that was set aside. As long as the engine is the same,
// the process is likely to end again.
func (d *Document) Retry(ctx context.Context) error {
	p := d.peer
	if err := p.enter(); err != nil {
		return err
	}
	defer p.running.Done()
	batch := &storage.Batch{Deletes: [][]byte{documentKey(keyAside, d.id)}}
	if _, err := p.store.Commit(ctx, batch); err != nil {
		return fmt.Errorf("peer: retry %s: %w", d.id, err)
	}
	p.note(d.id, func(s *standing) { s.aside = "" })
	if err := d.View(ctx, func(crdt.Map) error { return nil }); err != nil {
		return err
	}
	return p.refreshView(ctx, d.id)
}
