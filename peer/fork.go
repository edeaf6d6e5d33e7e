package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// Fork makes a new document with the same history. What either becomes can be
// merged into the other.
func (d *Document) Fork(ctx context.Context) (*Document, error) {
	p := d.peer
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.running.Done()
	id := crdt.NewDocumentID()
	_, err := p.tryUse(ctx, id, func(*engine) error { return p.copyTo(ctx, id, d) })
	if err != nil {
		if p.isHere(id) { // half of it
			err = errors.Join(err, p.forget(context.WithoutCancel(ctx), id, nil))
		}
		return nil, fmt.Errorf("peer: fork %s: %w", d.id, err)
	}
	p.engage(id)
	return &Document{peer: p, id: id}, nil
}

// Merge takes in all changes of another document of the same peer that share
// their history with this one's, as after a Fork. It is done when it returns nil;
// otherwise some of them may have been taken in, and Merge can be called again.
func (d *Document) Merge(ctx context.Context, other *Document) error {
	p := d.peer
	if err := p.enter(); err != nil {
		return err
	}
	defer p.running.Done()
	_, err := p.tryUse(ctx, d.id, func(*engine) error {
		switch {
		case other.peer != p:
			return errors.New("peer: they belong to different peers; find it here first")
		case !p.isHere(d.id):
			return p.absence(d.id)
		case other.id == d.id:
			return nil
		}
		return p.copyTo(ctx, d.id, other)
	})
	if err != nil {
		return fmt.Errorf("peer: merge %s into %s: %w", other.id, d.id, err)
	}
	return nil
}

// copyChanges is how many changes are copied at once.
const copyChanges = 512

// copyTo appends the changes of a document that another one lacks, whose engine
// is locked: it can't be forgotten meanwhile. Whatever is wrong with the changes is
// wrong there too, so none are copied from one that is set aside.
func (p *Peer) copyTo(ctx context.Context, to crdt.DocumentID, from *Document) error {
	if err := p.asideError(from.id); err != nil {
		return err
	}
	if !p.isHere(from.id) {
		return p.absence(from.id)
	}
	var batch []*change.Change
	for chunk, err := range p.store.Changes(ctx, from.id, 0) {
		if err != nil {
			return err
		}
		c, err := change.Parse(chunk)
		if err != nil {
			return err
		}
		if batch = append(batch, c); len(batch) < copyChanges {
			continue
		}
		if err := p.append(to, batch...); err != nil {
			return err
		}
		batch = nil
	}
	return p.append(to, batch...)
}
