package peer

import (
	"fmt"
	"reflect"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/query"
)

// checkType returns why no record can be a T.
func checkType[T any]() error {
	empty, err := crdt.Map{}.Snapshot(nil)
	if err != nil {
		return err
	}
	return empty.Hydrate(new(T))
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
			return fmt.Errorf("no %s has %q in it, as its fields and tags are; a Collection can have any", t, name)
		}
	}
	return nil
}

func isMarshaler(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return reflect.PointerTo(t).Implements(reflect.TypeFor[crdt.Marshaler]())
}

// checkFields returns an error if check has one for a field that an option names.
func (o *collectionOptions) checkFields(check func(path []string) error) error {
	for _, fields := range o.indexes {
		index := query.Index{Fields: fields}
		if index.Err() != nil {
			continue // which is known
		}
		if err := index.Check(check); err != nil {
			return fmt.Errorf("index: %w", err)
		}
	}
	return nil
}
