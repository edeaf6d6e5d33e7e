package peer

import (
	"context"
	"errors"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// resolving has the conflicts of a collection's records resolved, in the background,
// one record after the other. What is left to do follows from the index of records
// with conflicts, so it goes on after a crash as soon as there are resolvers.
type resolving struct {
	mu        sync.Mutex
	resolvers resolvers
	waiting   map[crdt.DocumentID]struct{} // records to be looked at
	all       bool                         // every record is to be looked at
	working   bool
	idle      chan struct{} // closed when there is nothing to do any more
	err       error         // why it gave up
}

// maxWaiting is how many records wait before all are looked at instead.
const maxWaiting = 4096

func (w *resolving) adopt(more resolvers) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resolvers = w.resolvers.with(more)
}

func (w *resolving) who() resolvers {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.resolvers
}

// resolveSoon has a record looked at that has, or had, conflicts.
func (c *collection) resolveSoon(id crdt.DocumentID) {
	w := &c.resolving
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.resolvers.isEmpty() {
		return
	}
	if w.waiting == nil {
		w.waiting = map[crdt.DocumentID]struct{}{}
	}
	if w.waiting[id] = struct{}{}; len(w.waiting) > maxWaiting {
		w.all, w.waiting = true, nil
	}
	c.startResolving()
}

// resolveAll has all records looked at that have conflicts.
func (c *collection) resolveAll() {
	c.resolving.mu.Lock()
	defer c.resolving.mu.Unlock()
	c.resolving.all = true
	c.startResolving()
}

// startResolving starts a worker, if there is none; its lock is held.
func (c *collection) startResolving() {
	w := &c.resolving
	if w.working || c.peer.enter() != nil {
		return
	}
	w.working, w.err, w.idle = true, nil, make(chan struct{})
	go func() {
		defer c.peer.running.Done()
		ctx, cancel := c.peer.untilClosing()
		defer cancel()
		for {
			ids, all, more := w.next()
			if !more {
				return
			}
			if err := c.resolveThese(ctx, ids, all); err != nil {
				c.stopResolving(err)
				return
			}
		}
	}()
}

// next returns what is to be looked at: some records, or all. There is nothing more
// to do if neither is, and then there is no worker any more.
func (w *resolving) next() (ids map[crdt.DocumentID]struct{}, all, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids, all = w.waiting, w.all
	w.waiting, w.all = nil, false
	if len(ids) == 0 && !all {
		w.working = false
		close(w.idle)
		return nil, false, false
	}
	return ids, all, true
}

// stopResolving ends the worker with an error that isn't the resolvers': the disk may
// be full. Another one looks at all records, as soon as something happens to one, or somebody
// waits.
func (c *collection) stopResolving(err error) {
	if !errors.Is(err, ErrClosed) && !errors.Is(err, context.Canceled) {
		c.peer.config.Logger.Error("could not resolve conflicts; it is tried again with the next one, or by Sync", "collection", c.name, "error", err)
	}
	w := &c.resolving
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all, w.working, w.err = true, false, err
	close(w.idle)
}

// resolved returns when there is nothing to do any more, or why there still is. What
// was given up before is tried again.
func (c *collection) resolved(ctx context.Context) error {
	w := &c.resolving
	w.mu.Lock()
	if w.err != nil {
		c.startResolving()
	}
	idle := w.idle
	w.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// resolveThese looks at some records, or at all.
func (c *collection) resolveThese(ctx context.Context, ids map[crdt.DocumentID]struct{}, all bool) error {
	for id := range ids {
		if err := c.resolve(ctx, id); err != nil {
			return err
		}
	}
	if !all {
		return nil
	}
	var err error
	return errors.Join(c.conflicted(ctx, func(id crdt.DocumentID) bool {
		err = c.resolve(ctx, id)
		return err == nil
	}), err)
}

// resolve has the conflicts of one record resolved.
func (c *collection) resolve(ctx context.Context, id crdt.DocumentID) error {
	for more := true; more; {
		r, err := c.round(ctx, id)
		if err != nil || r == nil {
			return passable(err)
		}
		r.ask()
		if more, err = r.conclude(ctx); err != nil {
			return passable(err)
		}
	}
	return nil
}

// passable returns nil for errors that are a record's own: it isn't there any more,
// or can't be read, or is another by now and comes again.
func passable(err error) error {
	for _, own := range []error{
		ErrNoRecord, ErrDeleted, ErrStale, ErrSetAside, ErrUnavailable, ErrNotHere, ErrUnknown, ErrRefused,
		crdt.ErrNewerFormat, crdt.ErrEngine, storage.ErrDamaged,
	} {
		if errors.Is(err, own) {
			return nil
		}
	}
	return err
}
