package crdt

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"time"
)

// Marshaler is a value that says itself what it is in a document: any value that
// [Map.Set] takes. Its type, or a pointer to it, must be an [Unmarshaler] too.
//
// Without these, a type that is an [encoding.TextMarshaler] and
// [encoding.TextUnmarshaler] is an [ImmutableString]: letters of two ids, or of
// two addresses, make no third one.
type Marshaler interface {
	MarshalCRDT() (any, error)
}

// Unmarshaler reads what [Value.Any] returns of the value that a [Marshaler] has
// become, or that somebody else has written in its place. It must not keep what
// it doesn't own: it is called on a fresh value, and not for null.
type Unmarshaler interface {
	UnmarshalCRDT(value any) error
}

// codec turns values of one Go type into nodes, and what stands in a document
// into such values. It is made once for each type and used by many goroutines.
type codec interface {
	prepare(p *preparer, v reflect.Value) (node, error)
	// hydrate sets v, which can be set, to what a token says, which is not null.
	// If that doesn't fit it returns false, and leaves the token's content.
	hydrate(h *hydrator, t token, v reflect.Value) bool
}

// planned names a codec: a type, and what a field's tag says about it.
type planned struct {
	t         reflect.Type
	immutable bool   // strings in it are chosen, not written
	itemKey   string // of a list: the field that tells its items apart
	id        string // of an item of such a list: that field
}

// plans remembers the codec, or the error, of each type that was seen.
var plans sync.Map // planned → codec or error

func codecOf(t reflect.Type) (codec, error) {
	of := planned{t: t}
	known, ok := plans.Load(of)
	if !ok {
		p := planner{making: map[planned]*recursion{}}
		if c, err := p.codec(of); err != nil {
			known = err
		} else {
			known = c
		}
		plans.Store(of, known)
	}
	if err, failed := known.(error); failed {
		return nil, err
	}
	return known.(codec), nil
}

// planner makes the codecs of a type and of all that it consists of.
type planner struct{ making map[planned]*recursion }

// recursion is the codec of a type that contains itself.
type recursion struct{ codec }

func (p planner) codec(of planned) (codec, error) {
	c, err := leaf(of)
	if err != nil {
		return nil, err
	}
	if c != nil {
		return c, of.suits(c)
	}
	if r := p.making[of]; r != nil {
		return r, nil
	}
	r := &recursion{}
	p.making[of] = r
	r.codec, err = p.composite(of)
	return r.codec, err
}

// leaf returns the codec of a type that needs no others, nil if there is none.
func leaf(of planned) (codec, error) {
	if c := special(of.t); c != nil {
		return c, nil
	}
	if c, err := custom(of.t); c != nil || err != nil {
		return c, err
	}
	return scalarCodec(of), nil
}

// suits says whether what a tag says of a type makes sense.
func (of planned) suits(c codec) error {
	switch c.(type) {
	case stringCodec, textCodec:
		of.immutable = false
	case anyCodec, marshalerCodec: // nobody knows yet
		of.id = ""
	}
	switch {
	case of.immutable:
		return fmt.Errorf("%w: immutable is for strings, not for %s", ErrInvalid, of.t)
	case of.itemKey != "" || of.id != "":
		return fmt.Errorf("%w: key=%s is for lists of structs or maps, not for %s", ErrInvalid, of.itemKey+of.id, of.t)
	}
	return nil
}

func (p planner) composite(of planned) (codec, error) {
	switch of.t.Kind() {
	case reflect.Struct:
		return p.structCodec(of)
	case reflect.Pointer:
		of.t = of.t.Elem()
		elem, err := p.codec(of)
		return pointerCodec{elem}, err
	case reflect.Slice, reflect.Array:
		return p.listCodec(of)
	case reflect.Map:
		return p.mapCodec(of)
	}
	return nil, unsupported(of.t)
}

func unsupported(t reflect.Type) error {
	return fmt.Errorf("%w: a %s", ErrInvalid, t)
}

// special returns the codecs of types that mean more here than in Go.
func special(t reflect.Type) codec {
	switch t {
	case reflect.TypeFor[any]():
		return anyCodec{}
	case reflect.TypeFor[time.Time]():
		return timeCodec{}
	case reflect.TypeFor[Counter]():
		return intCodec{kind: KindCounter}
	case reflect.TypeFor[Int64]():
		return intCodec{kind: KindInt, exact: true}
	case reflect.TypeFor[Uint64]():
		return uintCodec{exact: true}
	case reflect.TypeFor[ImmutableString]():
		return stringCodec{KindString}
	case reflect.TypeFor[json.Number]():
		return numberCodec{}
	}
	return nil
}

// custom returns the codec of a type that is converted by methods of its own.
func custom(t reflect.Type) (codec, error) {
	switch pointer := reflect.PointerTo(t); {
	case t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer: // what it leads to has them
		return nil, nil
	case pointer.Implements(reflect.TypeFor[Marshaler]()) != pointer.Implements(reflect.TypeFor[Unmarshaler]()):
		return nil, fmt.Errorf("%w: %s has one of MarshalCRDT and UnmarshalCRDT, not both", ErrInvalid, t)
	case pointer.Implements(reflect.TypeFor[Marshaler]()):
		return marshalerCodec{}, nil
	case isText(t):
		return textCodec{}, nil
	}
	return nil, nil
}

// isText reports whether a type is written and read as a text of its own making.
func isText(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return pointer.Implements(reflect.TypeFor[encoding.TextMarshaler]()) &&
		pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// scalarCodec returns the codec of a type by its kind, nil if it is no scalar.
func scalarCodec(of planned) codec {
	switch of.t.Kind() {
	case reflect.Bool:
		return boolCodec{}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intCodec{kind: KindInt}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return uintCodec{}
	case reflect.Float32, reflect.Float64:
		return floatCodec{}
	case reflect.String:
		if of.immutable {
			return stringCodec{KindString}
		}
		return stringCodec{KindText}
	case reflect.Slice, reflect.Array:
		if of.t.Elem().Kind() == reflect.Uint8 {
			return bytesCodec{}
		}
	}
	return nil
}
