package hub

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/storage"
)

// ErrRefused is wrapped by the error of [Hub.Append] for a change that breaks a
// rule, or that stands on one that is not here.
var ErrRefused = errors.New("hub: change refused")

// Append makes changes of this store's own durable, in their order, after
// whatever is under way for the document, and returns when they are, or why one
// of them isn't; those before it may be then. The context bounds the waiting
// only: if it ends first, they may become durable all the same.
func (h *Hub) Append(ctx context.Context, id docid.ID, changes ...*change.Change) error {
	if len(changes) == 0 {
		return nil
	}
	err := h.run(ctx, id, func(done func(error)) replica.Event {
		return &replica.Made{Changes: changes, Done: done}
	})
	if err != nil {
		return appendError(id.String(), err)
	}
	return nil
}

func appendError(what string, err error) error {
	var refused *replica.RefusedError
	if errors.As(err, &refused) {
		return fmt.Errorf("append to %s: %w: %w", what, ErrRefused, err)
	}
	return fmt.Errorf("append to %s: %w", what, err)
}

// Purger is a [Store] that can forget documents.
type Purger interface {
	Purge(ctx context.Context, id docid.ID, beside *storage.Batch) error
}

var errKeeps = errors.New("hub: this store can't forget documents")

// Purge removes a document from the store, which must be a [Purger], after what
// was appended before, and with it what the [Viewer] keeps beside it. Nobody is
// talked to about it any more, and what is offered is taken only if the [Follower]
// wants it. The context bounds the waiting only.
func (h *Hub) Purge(ctx context.Context, id docid.ID) error {
	if _, ok := h.Store.(Purger); !ok {
		return errKeeps
	}
	if l := h.joinedLink(); l != nil {
		l.Release(id)
	}
	err := h.run(ctx, id, func(done func(error)) replica.Event { return &replica.Purge{Done: done} })
	if err != nil {
		return fmt.Errorf("purge %s: %w", id, err)
	}
	return nil
}

// run has a document do something, and waits until it is done.
func (h *Hub) run(ctx context.Context, id docid.ID, event func(done func(error)) replica.Event) error {
	if !h.enter() {
		return ErrClosed
	}
	defer h.running.Done()
	d := h.acquire(id)
	defer h.release(d)
	result := make(chan error, 1)
	d.step(event(func(err error) { result <- err }))
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return undecided(ctx)
	}
}

func undecided(ctx context.Context) error {
	return fmt.Errorf("%w; it may be done all the same", context.Cause(ctx))
}

// purge removes the document from the store.
func (d *document) purge() replica.Event {
	d.mu.Lock()
	d.tail = tail{}
	d.weigh()
	d.mu.Unlock()
	batch, done := &storage.Batch{}, func(error) {}
	if d.hub.Viewer != nil {
		var entries Entries
		entries, done = d.hub.Viewer.Purging(d.id)
		entries.addTo(batch)
	}
	err := d.hub.Store.(Purger).Purge(context.Background(), d.id, batch)
	done(err)
	return replica.Purged{Err: err}
}
