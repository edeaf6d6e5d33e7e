package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// Document is one document of a peer. It may be kept as long as the peer, and
// costs nothing.
type Document struct {
	peer *Peer
	id   crdt.DocumentID
}

// ID returns the document's id.
func (d *Document) ID() crdt.DocumentID { return d.id }

// URL returns the document's URL, "automerge:…", by which others find it.
func (d *Document) URL() string { return d.id.URL() }

// View shows the document as it is now. What fn is given is valid until it
// returns.
func (d *Document) View(ctx context.Context, fn func(root crdt.Map) error) error {
	return d.open(ctx, func(doc *crdt.Doc) error { return doc.View(fn) })
}

// open calls fn with the document for reading.
func (d *Document) open(ctx context.Context, fn func(*crdt.Doc) error) error {
	return d.peer.use(ctx, d.id, func(e *engine) error {
		if err := e.open(ctx); err != nil {
			return err
		}
		return e.guard(func() error { return fn(e.doc) })
	})
}

// Change changes the document: all that fn does is one change, which is on
// disk when Change returns. If fn fails, or panics, nothing of it remains. It
// may be called a second time if the peer had to begin a new life meanwhile.
//
// The context is looked at until fn is called; then the change goes its way.
// An error means that there is no change: storage.ErrDiskFull if there is no
// room for it, ErrClosed, ErrNotHere, ErrSetAside,
// crdt.ErrNewerFormat, or what fn returned. Only with
// storage.ErrFailed it isn't known; then the peer is to be opened again.
func (d *Document) Change(ctx context.Context, fn func(root crdt.Map) error, opts ...crdt.ChangeOption) error {
	return d.peer.use(ctx, d.id, func(e *engine) error {
		if err := e.open(ctx); err != nil {
			return err
		}
		return e.change(fn, opts...)
	})
}

// NewerFormat reports whether the document holds something that a newer version
// has made and this one doesn't know. Then View shows what is known, Change
// fails with crdt.ErrNewerFormat, and the rest goes on: it is kept and synced,
// and what others change arrives. [Document.ChangeAt] can still change what it
// was before that.
func (d *Document) NewerFormat(ctx context.Context) (newer bool, err error) {
	err = d.peer.use(ctx, d.id, func(e *engine) error {
		err := e.open(ctx)
		newer = err == nil && e.doc.NewerFormat()
		return err
	})
	return newer, err
}

// Heads returns the hashes that stand for the document's present state,
// ascending; none if it isn't here.
func (d *Document) Heads() ([]crdt.Hash, error) {
	if err := d.peer.enter(); err != nil {
		return nil, err
	}
	defer d.peer.running.Done()
	info, err := d.peer.store.Document(d.id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	return info.Heads, err
}

// Ready returns when the document is here; ErrNotHere and the context's error
// if ctx ends first.
func (d *Document) Ready(ctx context.Context) error {
	if err := d.peer.enter(); err != nil {
		return err
	}
	defer d.peer.running.Done()
	return d.await(ctx, false)
}

// await waits until the document is here, or, if that is enough, until it is
// known to be unavailable.
func (d *Document) await(ctx context.Context, orUnavailable bool) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	events := d.watch(waiting)
	for {
		status, err := d.status()
		switch {
		case err != nil:
			return err
		case status.State == Unavailable && orUnavailable:
			return fmt.Errorf("%w: %s", ErrUnavailable, d.id)
		case status.State != NotHere && status.State != Unavailable:
			return nil
		}
		if _, more := <-events; !more {
			if ctx.Err() == nil {
				return ErrClosed
			}
			return fmt.Errorf("%w: %s: %w", ErrNotHere, d.id, ctx.Err())
		}
	}
}
