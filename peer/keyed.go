package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/record"
)

// IDFor returns the id of the record that has a natural key, such as an e-mail
// address: the same everywhere. The key has up to 1024 bytes.
func (r *Records[T]) IDFor(key string) crdt.DocumentID { return docid.RecordFor(r.c.name, key) }

// CreateWithKey makes the record that has a natural key. It fails with ErrExists
// if that is here; if it is deleted, it is restored with what is given. If
// somebody else makes the same key before either knows of the other, there is one
// record in the end, in which both's fields and those of maps in it are merged;
// where they differ, one value is shown, and the other is a conflict.
//
// Counters add up, also what they begin with: let them begin with 0. That takes a
// counter that is in the value, so not one that omitempty leaves out. A counter that
// comes into being otherwise, as a field that a newer version of the program has
// added, is another one for each who begins it without knowing of the others: that is
// a conflict, also if both show the same, which is to be resolved by their sum.
//
// ErrKey says that another key has the same id, or that somebody has written
// another key into the record, and ErrInvalid that this can't be a key.
func (r *Records[T]) CreateWithKey(ctx context.Context, key string, value T) (crdt.DocumentID, error) {
	return r.withKey(ctx, "create", key, value, func(d *draft) error {
		switch state, err := d.state(); {
		case err != nil:
			return err
		case state == record.Present:
			return fmt.Errorf("%w: %s", ErrExists, d.id)
		}
		return nil
	})
}

// PutWithKey is [Records.CreateWithKey], and if the record is here it makes it be
// what is given, like [Records.Put].
func (r *Records[T]) PutWithKey(ctx context.Context, key string, value T) (crdt.DocumentID, error) {
	return r.withKey(ctx, "put", key, value, func(*draft) error { return nil })
}

func (r *Records[T]) withKey(ctx context.Context, what, key string, value T, allowed func(*draft) error) (crdt.DocumentID, error) {
	id := r.IDFor(key)
	err := r.do(ctx, fmt.Sprintf("%s %q", what, key), func(tx *Tx) error {
		d, err := tx.open(ctx, r.c, id)
		if err != nil {
			return err
		}
		if err := d.checkKey(key); err != nil {
			return err
		}
		if err := allowed(d); err != nil {
			return err
		}
		return d.putWithKey(key, &value)
	})
	if err != nil {
		return crdt.DocumentID{}, err
	}
	return id, nil
}

// checkKey returns ErrKey if the record has another key.
func (d *draft) checkKey(key string) error {
	if err := record.ValidKey(key); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if d.doc == nil {
		return nil
	}
	return ofKey(d.look(func(root crdt.Map) error { return record.CheckKey(root, key) }))
}

// putWithKey makes the record be what is given, with a natural key.
func (d *draft) putWithKey(key string, value any) error {
	if err := checkNames(value); err != nil {
		return err
	}
	if d.doc == nil {
		if err := d.begin(); err != nil {
			return err
		}
	}
	return d.guard(func() error {
		changes, err := record.Put(d.doc, key, value)
		d.changes = append(d.changes, changes...)
		d.broken = d.broken || errors.Is(err, crdt.ErrEngine)
		return misfit(ofKey(err))
	})
}

// ofKey says in this package's words that a key is wrong.
func ofKey(err error) error {
	if errors.Is(err, record.ErrKey) {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	return err
}
