package peer

import (
	"context"
	"errors"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// Subscribe has a collection that was unsubscribed follow the relay again: all that
// has been missed comes, and what was evicted. A new collection is subscribed. If ctx
// has ended, nothing is different.
func (r *Records[T]) Subscribe(ctx context.Context) error {
	return r.c.follows(ctx, storage.Batch{}, func(row *collectionRow) { row.Left = false })
}

// Unsubscribe stops following the relay, until [Records.Subscribe]: what others write
// comes no more, whoever asks for it: [Records.Pull] is [ErrUnsubscribed], and
// [Records.Sync], [Records.Resync] and [Peer.Sync] bring nothing. What is written here
// still goes to the relay. (A server that doesn't speak of collections still answers
// about each record that is here.)
//
// With evict, it also forgets, like [Peer.Forget], all records that the relay holds
// durably, those that are deleted too. Those that it doesn't hold, or of which that
// isn't known, are kept and returned: all of them, if the relay has not greeted since
// the peer was opened, since it may be another one than before. If ctx ends first, the
// rest is kept for now; if it has ended before, nothing is different.
func (r *Records[T]) Unsubscribe(ctx context.Context, evict bool) (kept []crdt.DocumentID, err error) {
	err = r.c.follows(ctx, storage.Batch{MakesRoom: evict}, func(row *collectionRow) {
		row.Left = true
		if evict {
			r.c.listAfresh()
			row.Afresh = true
		}
	})
	if err != nil || !evict {
		return nil, err
	}
	if err = r.c.peer.enter(); err != nil {
		return nil, err
	}
	defer r.c.peer.running.Done()
	if kept, err = r.c.evict(ctx); err != nil {
		err = during(err, "evict %q", r.c.name)
	}
	return kept, err
}

// follows changes durably, with a batch, whether the relay is followed.
func (c *collection) follows(ctx context.Context, batch storage.Batch, change func(row *collectionRow)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.peer.enter(); err != nil {
		return err
	}
	defer c.peer.running.Done()
	err := c.update(func(row *collectionRow) bool {
		change(row)
		return true
	}, batch)
	if err != nil {
		return during(err, "subscription of %q", c.name)
	}
	c.align()
	c.retell()
	return nil
}

// evictors is how many records are forgotten at the same time, so that the store can
// make several durable at once.
const evictors = 16

// evict forgets the records that the relay has.
func (c *collection) evict(ctx context.Context) (kept []crdt.DocumentID, err error) {
	if err := c.owe(ctx); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var evicting sync.WaitGroup
	ids := make(chan crdt.DocumentID)
	for range evictors {
		evicting.Go(func() {
			for id := range ids {
				failure := c.peer.forget(ctx, id, c.isSynced)
				mu.Lock()
				if failure != nil {
					kept = append(kept, id)
				}
				if failure != nil && !errors.Is(failure, errOwed) {
					err = failure
				}
				mu.Unlock()
			}
		})
	}
	var listing error
	for info, failure := range c.peer.store.Documents(ctx, c.tag[:], crdt.DocumentID{}) {
		if failure != nil {
			listing = failure
			break
		}
		if c.check(info.Document) == nil {
			ids <- info.Document
		}
	}
	close(ids)
	evicting.Wait()
	return kept, errors.Join(err, listing)
}

var errOwed = errors.New("peer: the relay doesn't have the record")

// isSynced returns why a record must be kept; nil if the present relay has it.
func (c *collection) isSynced(id crdt.DocumentID) error {
	if !c.peer.link.keeps() || c.stateOf(id, c.peer.known(id)) != Synced {
		return errOwed
	}
	return nil
}
