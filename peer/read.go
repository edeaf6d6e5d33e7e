package peer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// misfit says of an error of a mapping that it is the record's.
func misfit(err error) error {
	if err == nil || errors.Is(err, crdt.ErrEngine) || errors.Is(err, ErrKey) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}

// read reads a record as it is now, in a transaction or outside; into nil it looks
// whether there is one.
func (c *collection) read(ctx context.Context, tx *Tx, id crdt.DocumentID, into any) error {
	if err := c.peer.enter(); err != nil {
		return err
	}
	defer c.peer.running.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.check(id); err != nil {
		return err
	}
	switch d, err := tx.draft(id); {
	case err != nil:
		return err
	case d != nil:
		return d.read(into)
	}
	err := c.peer.store.Read(viewKey(id), func(row []byte) error { return readView(id, row, into) })
	switch {
	case errors.Is(err, errNoCopy), errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrDamaged):
		return c.readDocument(ctx, tx, id, into)
	case errors.Is(err, storage.ErrClosed):
		return ErrClosed
	}
	return err
}

// errNoCopy says of a view that the record has to be read from its document.
var errNoCopy = errors.New("the view holds no copy")

// readView reads a record from its view's row, which is only lent.
func readView(id crdt.DocumentID, row []byte, into any) error {
	v, err := decodeView(row)
	switch {
	case err != nil:
		return err
	case v.is(viewDeleted):
		return deleted(id)
	case v.is(viewAbsent):
		return noRecord(id)
	case into == nil:
		return nil
	case v.is(viewUnreadable | viewLarge):
		return errNoCopy
	}
	return misfit(v.data.Hydrate(into))
}

// readDocument reads a record from its document: it is large, or can't be read,
// which that tells, or there is no view.
func (c *collection) readDocument(ctx context.Context, tx *Tx, id crdt.DocumentID, into any) error {
	return c.glanceNow(ctx, tx, id, func(doc *crdt.Doc) error {
		d := &draft{peer: c.peer, id: id, doc: doc}
		return d.read(into)
	})
}

// glanceNow is glance at the record as it is now.
func (c *collection) glanceNow(ctx context.Context, tx *Tx, id crdt.DocumentID, fn func(doc *crdt.Doc) error) error {
	now, err := c.peer.store.Snapshot()
	if err != nil {
		return err
	}
	defer now.Close()
	return c.glance(ctx, now, tx, id, fn)
}

// glance calls fn with a record's document as it is in a snapshot, for reading: with
// the transaction's, if that uses it; with the one that is open, if nobody does; with
// one read from the log if there is none, or these are others by now. So nobody is
// waited for, there is no order in which to read, and what is forgotten meanwhile is
// read to its end.
func (c *collection) glance(ctx context.Context, from *storage.Snapshot, tx *Tx, id crdt.DocumentID, fn func(doc *crdt.Doc) error) error {
	info, err := from.Document(id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return noRecord(id)
	case err != nil:
		return err
	}
	doc, done := c.atHand(ctx, tx, id)
	defer done()
	if doc != nil && slices.Equal(doc.Heads(), info.Heads) {
		return fn(doc)
	}
	r := &reading{peer: c.peer, from: from, info: info}
	if doc, err = r.load(ctx); err != nil {
		return c.peer.unreadable(id, err)
	}
	defer doc.Close()
	return fn(doc)
}

// atHand returns a record's document without waiting for anybody, until done is
// called; nil if somebody uses it, or it can't be opened.
func (c *collection) atHand(ctx context.Context, tx *Tx, id crdt.DocumentID) (doc *crdt.Doc, done func()) {
	if d := tx.held(id); d != nil {
		if d.open(ctx, c) != nil {
			return nil, func() {}
		}
		return d.doc, func() {}
	}
	e := c.peer.engines.tryLock(id)
	if e == nil {
		return nil, func() {}
	}
	done = func() { c.peer.engines.unlock(e) }
	if e.open(ctx) != nil {
		return nil, done
	}
	return e.doc, done
}

// read reads the record as the transaction leaves it.
func (d *draft) read(into any) error {
	if d.doc != nil && d.doc.NewerFormat() {
		return crdt.ErrNewerFormat
	}
	if err := d.absence(); err != nil || into == nil {
		return err
	}
	return d.look(func(root crdt.Map) error { return misfit(root.Hydrate(into)) })
}

// held returns the draft of a record that nobody else uses because the transaction
// does; nil if there is none.
func (tx *Tx) held(id crdt.DocumentID) *draft {
	if tx == nil || tx.drafts[id] == nil || tx.drafts[id].engine == nil {
		return nil
	}
	return tx.drafts[id]
}

// draft returns the draft of a record that the transaction has written; nil if it
// hasn't, or there is no transaction.
func (tx *Tx) draft(id crdt.DocumentID) (*draft, error) {
	if tx == nil {
		return nil, nil
	}
	if err := tx.usable(); err != nil {
		return nil, err
	}
	if d := tx.drafts[id]; d != nil && len(d.changes) > 0 {
		return d, nil
	}
	return nil, nil
}

// exists reports whether there is a record that isn't deleted.
func (c *collection) exists(ctx context.Context, tx *Tx, id crdt.DocumentID) (bool, error) {
	err := c.read(ctx, tx, id, nil)
	switch {
	case err == nil, errors.Is(err, ErrSetAside), errors.Is(err, crdt.ErrNewerFormat):
		return true, nil
	case errors.Is(err, ErrNoRecord), errors.Is(err, ErrDeleted):
		return false, nil
	}
	return false, err
}

func noRecord(id crdt.DocumentID) error { return fmt.Errorf("%w: %s", ErrNoRecord, id) }

func deleted(id crdt.DocumentID) error { return fmt.Errorf("%w: %s", ErrDeleted, id) }
