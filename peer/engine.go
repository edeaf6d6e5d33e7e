package peer

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// engine is a document that somebody uses. Its document, if it is open, holds
// a prefix of the log, and perhaps changes of our own that come after it; what
// others bring is taken in when somebody looks.
type engine struct {
	peer  *Peer
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

// load reads the document: the saved one and the log's tail after it, or else
// all of the log.
func (e *engine) load(ctx context.Context) error {
	if err := e.peer.asideError(e.id); err != nil {
		return err
	}
	info, err := e.peer.store.Document(e.id)
	if errors.Is(err, storage.ErrNotFound) {
		return e.peer.absence(e.id)
	}
	if err != nil {
		return fmt.Errorf("peer: open %s: %w", e.id, err)
	}
	data, index := e.peer.readSaved(e.id, info)
	if index.length > 0 {
		err := e.loadFrom(ctx, info, data, index)
		if err == nil || ctx.Err() != nil {
			return err
		}
		e.peer.config.Logger.Warn("a saved document is of no use, so its history is replayed", "document", e.id, "error", err)
	}
	if err := e.loadFrom(ctx, info, nil, savedIndex{}); err != nil {
		return e.unreadable(err)
	}
	return nil
}

// unreadable says why a document can't be opened, and notes it if its log is
// damaged.
func (e *engine) unreadable(err error) error {
	if !errors.Is(err, storage.ErrDamaged) {
		return fmt.Errorf("peer: open %s: %w", e.id, err)
	}
	err = fmt.Errorf("peer: open %s: %w; or forget it here and find it again, if the relay has it", e.id, err)
	e.peer.note(e.id, func(s *standing) { s.failure = &failure{err} })
	return err
}

func (e *engine) loadFrom(ctx context.Context, info storage.Info, data []byte, index savedIndex) error {
	tail := bytes.NewBuffer(data)
	n, size := index.length, index.logBytes
	for chunk, err := range e.peer.store.Changes(ctx, e.id, n) {
		if err != nil {
			return err
		}
		if n == info.Changes {
			break // younger than what we know of it
		}
		tail.Write(chunk)
		n++
		size += int64(len(chunk))
	}
	actor := e.peer.identity.actorOf(e.id)
	var doc *crdt.Doc
	err := e.guard(func() (err error) {
		doc, err = crdt.Load(actor, tail.Bytes(), e.peer.config.documents()...)
		return err
	})
	if err != nil {
		return err
	}
	if !slices.Equal(doc.Heads(), info.Heads) {
		doc.Close()
		return fmt.Errorf("%w: %s does not lead to its heads", storage.ErrDamaged, e.id)
	}
	e.doc, e.actor, e.applied, e.bytes, e.saved = doc, actor, n, size, index
	return nil
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
	if e.doc, err = crdt.New(e.actor, e.peer.config.documents()...); err != nil {
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
	err := e.guard(func() (err error) {
		c, err = e.doc.Change(fn, opts...)
		return err
	})
	if err != nil || c == nil {
		return err
	}
	e.made.Store(-1)
	if err := e.peer.append(e.id, c); err != nil {
		if e.guard(func() error { return e.doc.Revert(before) }) != nil {
			e.close()
		}
		return err
	}
	if int(e.made.Load()) == e.applied {
		e.applied++
		e.bytes += int64(len(c.Bytes()))
	} // else it comes again with the others' changes before it, which does no harm
	return nil
}

// append makes changes of this peer's own durable. Once submitted they may
// become so whatever the caller wants, so no context ends the waiting.
func (p *Peer) append(id crdt.DocumentID, changes ...*change.Change) error {
	err := p.hub.Append(context.Background(), id, changes...)
	switch {
	case errors.Is(err, hub.ErrRefused):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case errors.Is(err, hub.ErrClosed):
		return ErrClosed
	default:
		return err
	}
}
