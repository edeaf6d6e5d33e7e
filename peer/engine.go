package peer

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/record"
	"github.com/godwit-sync/godwit/storage"
)

// engine is a document that somebody uses. Its document, if it is open, holds
// a prefix of the log, and perhaps changes of our own that come after it; what
// others bring is taken in when somebody looks.
type engine struct {
	peer  *Peer
	table *engines // that it belongs to
	id    crdt.DocumentID
	token chan struct{} // of size one; whoever took it has the lock

	made atomic.Int64 // where in the log our last change stands, says the keeper

	// Guarded by the lock.
	doc     *crdt.Doc // nil = not open
	actor   crdt.ActorID
	applied int   // doc holds so many changes of the log
	bytes   int64 // of those changes
	saved   savedIndex
	failed  int64 // bytes when it could last not be saved
	beaten  record.Beaten

	// Guarded by engines.mu.
	users  int
	weight int64
	place  *list.Element // among those that nobody uses
}

// open opens the document and brings it up to date.
func (e *engine) open(ctx context.Context) error {
	if e.doc != nil && e.actor != e.peer.identity.actorOf(e.id) {
		e.close()
	}
	if e.doc == nil {
		if err := e.load(ctx); err != nil {
			return err
		}
	}
	return e.catchUp(ctx)
}

// guard runs do, which uses the document's engine.
func (e *engine) guard(do func() error) error { return e.peer.suspects.while(e.id, do) }

func (e *engine) close() {
	if e.doc != nil {
		e.doc.Close()
		e.doc = nil
	}
}

// load reads the document.
func (e *engine) load(ctx context.Context) error {
	now, err := e.peer.store.Snapshot()
	if err != nil {
		return fmt.Errorf("peer: open %s: %w", e.id, err)
	}
	defer now.Close()
	info, err := now.Document(e.id)
	if errors.Is(err, storage.ErrNotFound) {
		return e.peer.absence(e.id)
	}
	if err != nil {
		return fmt.Errorf("peer: open %s: %w", e.id, err)
	}
	r := &reading{peer: e.peer, from: now, info: info}
	doc, err := r.load(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		return e.peer.unreadable(e.id, err)
	}
	e.doc, e.actor, e.applied, e.bytes, e.saved = doc, doc.Actor(), info.Changes, r.size, r.saved
	return nil
}

// unreadable says why a document can't be opened, and notes it if its log is
// damaged.
func (p *Peer) unreadable(id crdt.DocumentID, err error) error {
	if !errors.Is(err, storage.ErrDamaged) {
		return fmt.Errorf("peer: open %s: %w", id, err)
	}
	err = fmt.Errorf("peer: open %s: %w; or forget it here and find it again, if the relay has it", id, err)
	p.note(id, func(s *standing) { s.failure = &failure{err} })
	return err
}

// applyBytes is how many bytes of changes are taken in at once.
const applyBytes = 4 << 20

// catchUp takes in what has come to the log. It asks the log itself: whoever has
// seen its heads must not be shown what was before them.
func (e *engine) catchUp(ctx context.Context) error {
	info, err := e.peer.store.Document(e.id)
	if err != nil {
		return fmt.Errorf("peer: open %s: %w", e.id, err)
	}
	for e.applied < info.Changes {
		if err := e.applyNext(ctx); err != nil {
			if ctx.Err() == nil {
				e.close() // nobody knows what it holds
			}
			return fmt.Errorf("peer: take in the changes of %s: %w", e.id, err)
		}
	}
	return nil
}

func (e *engine) applyNext(ctx context.Context) error {
	var chunks [][]byte
	size := 0
	for chunk, err := range e.peer.store.Changes(ctx, e.id, e.applied) {
		if err != nil {
			return err
		}
		chunks = append(chunks, chunk)
		if size += len(chunk); size >= applyBytes {
			break
		}
	}
	if len(chunks) == 0 {
		return fmt.Errorf("%w: the log of %s ends at change %d", storage.ErrDamaged, e.id, e.applied)
	}
	err := e.guard(func() error { return e.doc.Apply(chunks...) })
	if err != nil {
		return err
	}
	e.applied += len(chunks)
	e.bytes += int64(size)
	return nil
}

// create makes the first change of a document, which may be an empty one.
func (e *engine) create(init func(crdt.Map) error) (err error) {
	e.actor = e.peer.identity.actorOf(e.id)
	if e.doc, err = crdt.New(e.actor, e.peer.config.document(e.id)...); err != nil {
		return err
	}
	if err := e.change(init, crdt.AllowEmpty()); err != nil {
		e.close()
		return err
	}
	e.peer.engage(e.id)
	return nil
}

// change makes one change and returns when it is durable.
func (e *engine) change(fn func(crdt.Map) error, opts ...crdt.ChangeOption) error {
	before := e.doc.Heads()
	var c *change.Change
	owner := e.peer.collections.owner(e.id) // nil: it is no record
	err := e.guard(func() (err error) {
		if owner != nil {
			opts, err = e.tidily(opts)
		}
		if err == nil {
			c, err = e.doc.Change(fn, opts...)
		}
		return err
	})
	if err != nil || c == nil {
		return err
	}
	e.made.Store(-1)
	if owner != nil {
		made := []*draft{{
			peer: e.peer, id: e.id, engine: e, doc: e.doc, base: e.applied, changes: []*change.Change{c},
		}}
		e.peer.forecasts.announce(made)
		defer e.peer.forecasts.withdraw(made)
	}
	if err := e.peer.append(e.id, c); err != nil {
		if e.guard(func() error { return e.doc.Revert(before) }) != nil {
			e.close()
		}
		return err
	}
	e.took(c)
	return nil
}

// tidily adds to the options of a change that it leaves no beaten tombstone in a
// record.
func (e *engine) tidily(opts []crdt.ChangeOption) ([]crdt.ChangeOption, error) {
	state, err := e.beaten.StateOf(e.doc)
	if state != record.Present || err != nil {
		return opts, err
	}
	return append(slices.Clip(opts), record.Tidily()), nil
}

// took notes that changes are durable which the document holds already, if they
// stand in the log where it ends. Else they come again with the others' changes
// before them, which does no harm.
func (e *engine) took(changes ...*change.Change) {
	if int(e.made.Load()) != e.applied+len(changes)-1 {
		return
	}
	e.grew(changes)
}

// grew notes that the document holds changes that the log now ends with.
func (e *engine) grew(changes []*change.Change) {
	e.applied += len(changes)
	for _, c := range changes {
		e.bytes += int64(len(c.Bytes()))
	}
}

// append makes changes of this peer's own durable. Once submitted they may
// become so whatever the caller wants, so no context ends the waiting.
func (p *Peer) append(id crdt.DocumentID, changes ...*change.Change) error {
	return appendError(p.hub.Append(context.Background(), id, changes...))
}

// appendError says in this package's words why something was not appended.
func appendError(err error) error {
	switch {
	case errors.Is(err, hub.ErrRefused):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case errors.Is(err, hub.ErrClosed):
		return ErrClosed
	default:
		return err
	}
}
