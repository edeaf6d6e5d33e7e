package peer

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/query"
)

// checkType returns why no record can be a T.
func checkType[T any]() error {
	empty, err := crdt.Map{}.Snapshot(nil)
	if err != nil {
		return err
	}
	err = empty.Hydrate(new(T))
	if errors.Is(err, crdt.ErrMismatch) {
		err = fmt.Errorf("a record is a struct or a map, and %s is neither", reflect.TypeFor[T]())
	}
	return err
}

// leadsInto returns an error if no T has anything at a path. What the methods of a
// type in it make of that, only these know.
func leadsInto[T any](path []string) error {
	t := reflect.TypeFor[T]()
	for _, name := range path {
		in, ok := crdt.TypeAt(t, name)
		switch {
		case ok:
			t = in
		case isMarshaler(t):
			return nil
		default:
			return lacks(t, name)
		}
	}
	return nil
}

func lacks(t reflect.Type, name string) error {
	return fmt.Errorf("no %s has %q in it, as its fields and tags are; a Collection can have any", t, name)
}

// holds reports whether there is, or may be, something in a t by these names, as
// [Conflict.Field] has them: whatever lists it lies in, and a map's keys may have dots.
func holds(t reflect.Type, names []string) bool {
	if len(names) == 0 || isMarshaler(t) {
		return true
	}
	if items, ok := crdt.TypeAt(t, 0); ok && items != t {
		return holds(items, names)
	}
	for i := range names {
		if in, ok := crdt.TypeAt(t, strings.Join(names[:i+1], ".")); ok && holds(in, names[i+1:]) {
			return true
		}
	}
	return false
}

func isMarshaler(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return reflect.PointerTo(t).Implements(reflect.TypeFor[crdt.Marshaler]())
}

// checkFields returns why a T can't have a field that an option names.
func checkFields[T any](o *collectionOptions) error {
	t := reflect.TypeFor[T]()
	for _, r := range o.resolvers.fields {
		if r.field != "" && !holds(t, strings.Split(r.field, ".")) {
			return fmt.Errorf("resolver: %w", lacks(t, r.field))
		}
	}
	for _, fields := range o.indexes {
		index := query.Index{Fields: fields}
		if index.Err() != nil {
			continue // which is known
		}
		if err := index.Check(leadsInto[T]); err != nil {
			return fmt.Errorf("index: %w", err)
		}
	}
	return nil
}
