package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/storage"
)

// hydrater is what a record is read from: its view, or its document.
type hydrater interface{ Hydrate(v any) error }

// into returns what reads a record into a value.
func into(record any) func(hydrater) error {
	return func(from hydrater) error { return misfit(from.Hydrate(record)) }
}

// misfit says of an error of a mapping that it is the record's.
func misfit(err error) error {
	if err == nil || errors.Is(err, crdt.ErrEngine) || errors.Is(err, ErrKey) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}

// read calls fn with a record as it is now, in a transaction or outside.
func (c *collection) read(ctx context.Context, tx *Tx, id crdt.DocumentID, fn func(hydrater) error) error {
	if err := c.peer.enter(); err != nil {
		return err
	}
	defer c.peer.running.Done()
	if err := errors.Join(ctx.Err(), c.check(id)); err != nil {
		return err
	}
	switch d, err := tx.draft(id); {
	case err != nil:
		return err
	case d != nil:
		return d.read(fn)
	}
	v, err := c.peer.storedView(id)
	switch {
	case errors.Is(err, storage.ErrDamaged), err == nil && (v == nil || v.is(viewUnreadable|viewLarge)):
		return c.readDocument(ctx, id, fn)
	case err != nil:
		return err
	case v.is(viewDeleted):
		return deleted(id)
	case v.is(viewAbsent):
		return noRecord(id)
	}
	return fn(v.data)
}

// readDocument reads a record from its document: it is large, or can't be read,
// which that tells, or there is no view.
func (c *collection) readDocument(ctx context.Context, id crdt.DocumentID, fn func(hydrater) error) error {
	e, err := c.peer.engines.lock(ctx, id)
	if err != nil {
		return err
	}
	defer c.peer.engines.unlock(e)
	d := &draft{peer: c.peer, id: id, engine: e}
	if err := d.open(ctx, c); err != nil {
		return err
	}
	return d.read(fn)
}

// read calls fn with the record as the transaction leaves it.
func (d *draft) read(fn func(hydrater) error) error {
	if d.doc != nil && d.doc.NewerFormat() {
		return crdt.ErrNewerFormat
	}
	if err := d.absence(); err != nil {
		return err
	}
	return d.look(func(root crdt.Map) error { return fn(root) })
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
	err := c.read(ctx, tx, id, func(hydrater) error { return nil })
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
