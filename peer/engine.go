package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/godwit-sync/godwit/crdt"
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

	// The log, as far as it is known to reach. The keeper moves them on.
	length atomic.Int64
	base   atomic.Int64 // where our last change stands

	// Guarded by the lock.
	doc     *crdt.Doc // nil = not open
	actor   crdt.ActorID
	applied int   // doc holds so many changes of the log
	bytes   int64 // of those changes
	saved   savedIndex

	// Guarded by engines.mu.
	users  int
	used   uint64
	weight int64
}

// grow notes that the log has so many changes.
func (e *engine) grow(length int) {
	for {
		known := e.length.Load()
		if int64(length) <= known || e.length.CompareAndSwap(known, int64(length)) {
			return
		}
	}
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
	} else if info, err := e.peer.store.Document(e.id); err == nil {
		// The keeper is told a moment after the log has grown. Whoever has seen
		// its heads in between must not be shown what was before them.
		e.grow(info.Changes)
	}
	return e.catchUp(ctx)
}

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
	e.grow(info.Changes)
	data, index := e.peer.readSaved(e.id, info)
	if index.length > 0 {
		err := e.loadFrom(ctx, info, data, index)
		if err == nil || ctx.Err() != nil {
			return err
		}
		e.peer.config.Logger.Warn("a saved document is of no use, so its history is replayed", "document", e.id, "error", err)
	}
	if err := e.loadFrom(ctx, info, nil, savedIndex{}); err != nil {
		return fmt.Errorf("peer: open %s: %w", e.id, err)
	}
	return nil
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
	err := e.peer.suspects.while(e.id, n > index.length, func() (err error) {
		doc, err = crdt.Load(actor, tail.Bytes())
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

// catchUp takes in what has come to the log.
func (e *engine) catchUp(ctx context.Context) error {
	for e.applied < int(e.length.Load()) {
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
	err := e.peer.suspects.while(e.id, true, func() error { return e.doc.Apply(chunks...) })
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
	if e.doc, err = crdt.New(e.actor); err != nil {
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
	c, err := e.doc.Change(fn, opts...)
	if errors.Is(err, crdt.ErrEngine) {
		e.close()
	}
	if err != nil || c == nil {
		return err
	}
	// Once submitted, a change may become durable whatever the caller wants.
	if err := e.peer.hub.Append(context.Background(), e.id, c); err != nil {
		if e.doc.Revert(before) != nil {
			e.close()
		}
		if errors.Is(err, hub.ErrRefused) {
			err = fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return err
	}
	if int(e.base.Load()) == e.applied {
		e.applied++
		e.bytes += int64(len(c.Bytes()))
	} // else it comes again with the others' changes before it, which does no harm
	return nil
}
