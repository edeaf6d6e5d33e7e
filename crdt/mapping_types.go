package crdt

import "reflect"

// TypeAt returns the Go type of what a path leads to in values of some type, which
// [Map.Hydrate] reads: a string is a field or a map's key, an int a list's index.
// It reports false if the path leads nowhere, or into what a type's own methods
// read. What lies in an any is an any.
func TypeAt(t reflect.Type, path ...any) (reflect.Type, bool) {
	for _, step := range path {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t == reflect.TypeFor[any]() {
			return t, true
		}
		if c, err := leaf(planned{t: t}); c != nil || err != nil {
			return nil, false
		}
		var ok bool
		if t, ok = typeIn(t, step); !ok {
			return nil, false
		}
	}
	return t, true
}

// typeIn returns the type of one field, or of the items.
func typeIn(t reflect.Type, step any) (reflect.Type, bool) {
	name, isName := step.(string)
	switch t.Kind() {
	case reflect.Map:
		return t.Elem(), isName
	case reflect.Slice, reflect.Array:
		return t.Elem(), !isName
	case reflect.Struct:
		fields, err := fieldsOf(t)
		for _, f := range fields {
			if isName && err == nil && f.name == name {
				return f.typ, true
			}
		}
	}
	return nil, false
}
