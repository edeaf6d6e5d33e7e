package peer

import (
	"errors"
	"reflect"

	"github.com/godwit-sync/godwit/crdt"
)

// What values are in Go, and what they would be in a record, is found out by
// writing them into a document that nobody sees.

// inDraft calls fn with a record that says what is given.
func inDraft(value any, fn func(root crdt.Map) error) error {
	doc, err := crdt.New(crdt.NewActorID())
	if err != nil {
		return err
	}
	defer doc.Close()
	if _, err := doc.Change(func(root crdt.Map) error { return root.Reconcile(value) }); err != nil {
		return misfit(err)
	}
	return doc.View(fn)
}

const draftKey = "value"

// typed returns a value of a record as one of some type; as it is, if it is none.
func typed(t reflect.Type, value any) (any, error) {
	if t == reflect.TypeFor[any]() {
		return value, nil
	}
	holder, err := hydrated(t, value)
	switch {
	case errors.Is(err, crdt.ErrMismatch):
		return value, nil
	case err != nil:
		return nil, err
	}
	return holder.Elem().MapIndex(reflect.ValueOf(draftKey)).Interface(), nil
}

// mismatch returns why a value of a record isn't one of some type; nil if it is one.
// What can't be written at all is told by who writes it.
func mismatch(t reflect.Type, value any) error {
	if _, err := hydrated(t, value); errors.Is(err, crdt.ErrMismatch) {
		return err
	}
	return nil
}

// hydrated returns a pointer to a map that has a value, read as one of some type.
func hydrated(t reflect.Type, value any) (reflect.Value, error) {
	holder := reflect.New(reflect.MapOf(reflect.TypeFor[string](), t))
	return holder, inDraft(map[string]any{draftKey: value}, func(root crdt.Map) error { return root.Hydrate(holder.Interface()) })
}
