package peer

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/record"
)

// reconcile makes a record be what is given, without the keys that are ours.
func reconcile(root crdt.Map, value any) error {
	if err := checkNames(value); err != nil {
		return err
	}
	return misfit(root.Reconcile(value))
}

// checkNames reports whether a map has a key that is ours.
func checkNames(value any) error {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Map || v.Type().Key().Kind() != reflect.String {
		return nil
	}
	for _, key := range v.MapKeys() {
		if record.Reserved(key.String()) {
			return fmt.Errorf("%w: %s: such a key is godwit's own", ErrInvalid, key)
		}
	}
	return nil
}

// put makes the record be what is given, whether it is here, deleted or neither: then
// there is a change even if it writes nothing, since that makes it a record.
func (d *draft) put(value any) error {
	state, err := d.state()
	switch {
	case err != nil:
		return err
	case state == record.Present:
		return d.change(func(root crdt.Map) error { return reconcile(root, value) }, record.Tidily())
	case d.doc == nil:
		if err := d.begin(); err != nil {
			return err
		}
	}
	return d.change(func(root crdt.Map) error {
		return errors.Join(record.Restore(root), reconcile(root, value))
	}, crdt.AllowEmpty())
}

// edit has fn change what is read from the record. What it can't read since
// others have written something else stays, unless fn makes it something.
func edit[T any](root crdt.Map, fn func(*T) error) error {
	var value T
	if err := root.Hydrate(&value); err != nil && !errors.Is(err, crdt.ErrMismatch) {
		return misfit(err)
	}
	if err := fn(&value); err != nil {
		return err
	}
	return reconcile(root, &value)
}

// delete writes a tombstone.
func (d *draft) delete() error {
	policy := d.collection.now().Deletes
	return d.change(func(root crdt.Map) error { return record.Delete(root, policy) })
}

// restore takes the tombstones away, if one stands.
func (d *draft) restore() error {
	if err := d.absence(); !errors.Is(err, ErrDeleted) {
		return err
	}
	return d.change(record.Restore)
}

// validated returns a validator of records of one type.
func validated[T any](check func(ctx context.Context, id crdt.DocumentID, record T) error) validator {
	return validator{reflect.TypeFor[T](), func(ctx context.Context, id crdt.DocumentID, root crdt.Map) error {
		var value T
		if err := root.Hydrate(&value); err != nil && !errors.Is(err, crdt.ErrMismatch) {
			return err
		}
		return checked(func() error { return check(ctx, id, value) })
	}}
}
