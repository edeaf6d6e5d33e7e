package crdt

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// structCodec is of structs: the fields ascending by their names.
type structCodec struct{ fields []structField }

type structField struct {
	name  string
	index []int // the way to it through embedded structs
	codec codec
	omit  bool // if it is empty
}

// ReservedPrefix begins keys of a document's root that are no fields of a record:
// they say what becomes of it. Hydrate passes over them, Reconcile leaves them
// where they are, and no field can have such a name.
const ReservedPrefix = "godwit:"

func reserved(key string) bool { return strings.HasPrefix(key, ReservedPrefix) }

func (p planner) structCodec(of planned) (codec, error) {
	if of.immutable || of.itemKey != "" {
		return nil, fmt.Errorf("%w: immutable and key don't suit %s", ErrInvalid, of.t)
	}
	found, err := fieldsOf(of.t)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && of.t.NumField() > 0 && of.id == "" {
		return nil, fmt.Errorf("%w: a %s, of which no field is exported", ErrInvalid, of.t)
	}
	c := &structCodec{}
	hasID := of.id == ""
	for _, f := range found {
		if f.name == of.id {
			hasID = true
			f.immutable = f.immutable || f.typ.Kind() == reflect.String
		}
		made, err := p.codec(planned{t: f.typ, immutable: f.immutable, itemKey: f.itemKey})
		if err != nil {
			return nil, at(f.name, err)
		}
		c.fields = append(c.fields, structField{f.name, f.index, made, f.omit})
	}
	if !hasID {
		return nil, fmt.Errorf("%w: key=%s, but %s has no field of that name", ErrInvalid, of.id, of.t)
	}
	return c, nil
}

func (c *structCodec) prepare(p *preparer, v reflect.Value) (node, error) {
	if !p.enter() {
		return node{}, ErrTooDeep
	}
	defer p.leave()
	n := node{item: item{kind: KindMap}, fields: make([]field, 0, len(c.fields))}
	for i := range c.fields {
		f := &c.fields[i]
		there, ok := f.in(v)
		empty := ok && f.omit && isEmpty(there)
		if !ok || empty && !isCollection(there) {
			continue
		}
		child, err := p.child(f.codec, there)
		if err != nil {
			return node{}, at(f.name, err)
		}
		n.fields = append(n.fields, field{key: f.name, node: child, omit: empty})
	}
	return n, nil
}

// in returns the field of a struct, if the pointers on the way lead anywhere.
func (f *structField) in(v reflect.Value) (reflect.Value, bool) {
	for i, step := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(step)
	}
	return v, true
}

// isEmpty is what omitempty means in encoding/json.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// isCollection reports whether others may add to what is empty here. It is then
// left where it is: who takes it out takes out what they add.
func isCollection(v reflect.Value) bool {
	return v.Kind() == reflect.String || v.Kind() == reflect.Slice || v.Kind() == reflect.Map
}

// hydrate makes a struct what a map says. Both ascend by name.
func (c *structCodec) hydrate(h *hydrator, t token, v reflect.Value) bool {
	if t.kind != KindMap {
		return false
	}
	if !h.enter() {
		return true
	}
	defer h.leave()
	fields := c.fields
	var key []byte
	for i := uint64(0); i < t.n && h.err == nil; i++ {
		var child token
		key, child = h.pair(key)
		for len(fields) > 0 && fields[0].name < string(key) {
			fields[0].clear(v)
			fields = fields[1:]
		}
		if len(fields) == 0 || fields[0].name != string(key) {
			h.skip(child)
			continue
		}
		h.step(step{key: fields[0].name})
		h.into(fields[0].codec, child, fields[0].make(v))
		h.unstep()
		fields = fields[1:]
	}
	for i := range fields {
		fields[i].clear(v)
	}
	return true
}

func (f *structField) clear(v reflect.Value) {
	if v, ok := f.in(v); ok {
		v.SetZero()
	}
}

// make returns the field, and allocates the embedded structs that it lies in.
func (f *structField) make(v reflect.Value) reflect.Value {
	for i, step := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(step)
	}
	return v
}

// foundField is a field of a struct as its tag describes it.
type foundField struct {
	name      string
	typ       reflect.Type
	index     []int
	tagged    bool
	omit      bool
	immutable bool
	itemKey   string
}

// fieldsOf returns a struct's fields, and those of embedded structs by Go's
// rules, ascending by name. Unlike encoding/json it refuses two of one name,
// neither of which is to be preferred: a value would be lost.
func fieldsOf(t reflect.Type) ([]foundField, error) {
	var all []foundField
	seen := map[reflect.Type]bool{t: true}
	for level := []foundField{{typ: t}}; len(level) > 0; {
		var next []foundField
		for _, outer := range level {
			fields, embedded, err := fieldsIn(outer)
			if err != nil {
				return nil, err
			}
			all = append(all, fields...)
			for _, e := range embedded {
				if !seen[e.typ] {
					next = append(next, e)
				}
			}
		}
		for _, e := range next {
			seen[e.typ] = true
		}
		level = next
	}
	return preferred(all)
}

// fieldsIn returns the fields of one struct, and the structs that are embedded.
func fieldsIn(outer foundField) (fields, embedded []foundField, err error) {
	for i := range outer.typ.NumField() {
		sf := outer.typ.Field(i)
		tag, has := sf.Tag.Lookup("crdt")
		if tag == "-" || !sf.IsExported() && !sf.Anonymous {
			continue
		}
		f := foundField{name: sf.Name, typ: sf.Type, index: append(slices.Clip(outer.index), i)}
		if err := f.read(tag); err != nil {
			return nil, nil, at(sf.Name, err)
		}
		inner := sf.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case sf.Anonymous && !f.tagged && isPlainStruct(inner):
			if has {
				return nil, nil, at(sf.Name, fmt.Errorf("%w: options of an embedded struct", ErrInvalid))
			}
			if !sf.IsExported() && sf.Type.Kind() == reflect.Pointer {
				return nil, nil, at(sf.Name, fmt.Errorf("%w: an embedded pointer to a type that is not exported", ErrInvalid))
			}
			f.typ = inner
			embedded = append(embedded, f)
		case sf.IsExported():
			fields = append(fields, f)
		}
	}
	return fields, embedded, nil
}

// isPlainStruct reports whether a type is a struct that is written field by
// field.
func isPlainStruct(t reflect.Type) bool {
	c, err := custom(t)
	return t.Kind() == reflect.Struct && special(t) == nil && c == nil && err == nil
}

// read reads a field's tag.
func (f *foundField) read(tag string) error {
	name, rest, _ := strings.Cut(tag, ",")
	if name != "" {
		f.name, f.tagged = name, true
	}
	if err := checkKey(f.name); err != nil {
		return err
	}
	if reserved(f.name) {
		return fmt.Errorf("%w: names that begin with %q are godwit's own", ErrInvalid, ReservedPrefix)
	}
	for len(rest) > 0 {
		var option string
		option, rest, _ = strings.Cut(rest, ",")
		key, isKey := strings.CutPrefix(option, "key=")
		switch {
		case option == "omitempty":
			f.omit = true
		case option == "immutable":
			f.immutable = true
		case isKey && key != "":
			f.itemKey = key
		default:
			return fmt.Errorf("%w: the tag %q has the unknown option %q", ErrInvalid, tag, option)
		}
	}
	return nil
}

// preferred leaves of the fields of one name the one that Go would take, or that
// has the name from its tag.
func preferred(all []foundField) ([]foundField, error) {
	rank := func(f foundField) int {
		if f.tagged {
			return 2 * len(f.index)
		}
		return 2*len(f.index) + 1
	}
	slices.SortStableFunc(all, func(a, b foundField) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return rank(a) - rank(b)
	})
	out := all[:0]
	last := math.MinInt
	for _, f := range all {
		switch {
		case len(out) == 0 || out[len(out)-1].name != f.name:
			out = append(out, f)
			last = rank(f)
		case rank(f) == last:
			return nil, at(f.name, fmt.Errorf("%w: two fields of one name", ErrInvalid))
		}
	}
	return out, nil
}
