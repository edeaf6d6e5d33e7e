package crdt

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// anyCodec is of values whose type is told by themselves.
type anyCodec struct{}

func (anyCodec) prepare(p *preparer, v reflect.Value) (node, error) { return p.any(v.Interface()) }

func (anyCodec) hydrate(h *hydrator, t token, v reflect.Value) bool {
	v.Set(reflect.ValueOf(h.any(t)))
	return true
}

// pointerCodec is of pointers: nil is null.
type pointerCodec struct{ elem codec }

func (c pointerCodec) prepare(p *preparer, v reflect.Value) (node, error) {
	if v.IsNil() {
		return node{item: item{kind: KindNull}}, nil
	}
	if p.pointers++; p.pointers > 2*MaxDepth { // they lead to each other
		return node{}, ErrTooDeep
	}
	n, err := c.elem.prepare(p, v.Elem())
	p.pointers--
	return n, err
}

func (c pointerCodec) hydrate(h *hydrator, t token, v reflect.Value) bool {
	fresh := reflect.New(v.Type().Elem())
	if !c.elem.hydrate(h, t, fresh.Elem()) {
		return false
	}
	v.Set(fresh)
	return true
}

// listCodec is of slices and arrays.
type listCodec struct {
	elem codec
	key  string // of the items, if a field tells them apart
}

func (p planner) listCodec(of planned) (codec, error) {
	if of.id != "" {
		return nil, fmt.Errorf("%w: key=%s is for lists of structs or maps", ErrInvalid, of.id)
	}
	if of.itemKey != "" && of.t.Kind() == reflect.Array {
		return nil, fmt.Errorf("%w: key=%s is for slices", ErrInvalid, of.itemKey)
	}
	elem, err := p.codec(planned{t: of.t.Elem(), immutable: of.immutable, id: of.itemKey})
	return listCodec{elem, of.itemKey}, err
}

func (c listCodec) prepare(p *preparer, v reflect.Value) (node, error) {
	if !p.enter() {
		return node{}, ErrTooDeep
	}
	defer p.leave()
	n := node{item: item{kind: KindList}, items: make([]node, v.Len()), key: c.key}
	for i := range n.items {
		var err error
		if n.items[i], err = p.child(c.elem, v.Index(i)); err != nil {
			return node{}, at(i, err)
		}
	}
	if c.key == "" || p.trusted {
		return n, nil
	}
	return n, n.checkKeys()
}

// checkKeys says whether the field by which a list's items are told apart does.
func (n node) checkKeys() error {
	known := make(map[any]bool, len(n.items))
	for i, child := range n.items {
		key, ok := child.itemKey(n.key)
		if !ok {
			return at(i, at(n.key, fmt.Errorf("%w: an item that has no string or integer as its key", ErrInvalid)))
		}
		if known[key] {
			return at(i, at(n.key, fmt.Errorf("%w: a second item with the key %#v", ErrInvalid, key)))
		}
		known[key] = true
	}
	return nil
}

// itemKey returns what tells a map from others in a list.
func (n node) itemKey(name string) (any, bool) {
	i, ok := slices.BinarySearchFunc(n.fields, name, func(f field, name string) int { return strings.Compare(f.key, name) })
	if !ok {
		return nil, false
	}
	return itemKey(n.fields[i].data)
}

// itemKey makes keys of one meaning equal: a string, an int64 or a uint64.
func itemKey(data any) (any, bool) {
	switch v := data.(type) {
	case string, int64:
		return v, true
	case uint64:
		if v <= math.MaxInt64 {
			return int64(v), true
		}
		return v, true
	case float64:
		i, ok := integer(v)
		return i, ok
	}
	return nil, false
}

func (c listCodec) hydrate(h *hydrator, t token, v reflect.Value) bool {
	if t.kind != KindList || v.Kind() == reflect.Array && uint64(v.Len()) != t.n {
		return false
	}
	if !h.enter() {
		return true
	}
	defer h.leave()
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), 0, int(min(t.n, 16)))) // grows with what is really there
	}
	if c.key != "" {
		c.hydrateByKey(h, t, v)
		return true
	}
	for i := 0; uint64(i) < t.n && h.err == nil; i++ {
		if v.Kind() == reflect.Slice {
			grow(v)
		}
		h.step(step{index: i})
		h.into(c.elem, h.next(), v.Index(i))
		h.unstep()
	}
	return true
}

func grow(v reflect.Value) {
	v.Grow(1)
	v.SetLen(v.Len() + 1)
	v.Index(v.Len() - 1).SetZero()
}

// hydrateByKey leaves out items without a key, and all of one key but the first:
// two people may have inserted, or moved, the same one.
func (c listCodec) hydrateByKey(h *hydrator, t token, v reflect.Value) {
	known := map[any]bool{}
	for i := 0; uint64(i) < t.n && h.err == nil; i++ {
		item := h.next()
		ahead := h.decoder
		key, ok := itemKey(ahead.scalar(ahead.find(item, c.key)))
		h.step(step{index: i})
		if before := h.mismatches; !ok {
			h.step(step{key: c.key})
			h.mismatch(item, reflect.TypeFor[string]())
			h.unstep()
		} else if known[key] {
			h.skip(item)
		} else {
			known[key] = true
			grow(v)
			last := v.Index(v.Len() - 1)
			h.into(c.elem, item, last)
			if h.mismatches != before && !c.is(last, key) {
				v.SetLen(v.Len() - 1)
				delete(known, key)
			}
		}
		h.unstep()
	}
}

// is reports whether an item has a key: that may be what couldn't be read.
func (c listCodec) is(v reflect.Value, key any) bool {
	n, err := c.elem.prepare(&preparer{trusted: true}, v)
	is, ok := n.itemKey(c.key)
	return err == nil && ok && is == key
}

// mapCodec is of maps whose keys are strings, or make a text of themselves.
type mapCodec struct {
	elem codec
	text bool
}

func (p planner) mapCodec(of planned) (codec, error) {
	key := of.t.Key()
	c := mapCodec{text: key.Kind() != reflect.String}
	if c.text && !isText(key) {
		return nil, fmt.Errorf("%w: a map with keys of %s, want strings", ErrInvalid, key)
	}
	if of.itemKey != "" {
		return nil, fmt.Errorf("%w: key=%s is for slices", ErrInvalid, of.itemKey)
	}
	var err error
	c.elem, err = p.codec(planned{t: of.t.Elem(), immutable: of.immutable})
	return c, err
}

func (c mapCodec) prepare(p *preparer, v reflect.Value) (node, error) {
	if !p.enter() {
		return node{}, ErrTooDeep
	}
	defer p.leave()
	n := node{item: item{kind: KindMap}, fields: make([]field, 0, v.Len())}
	for entries := v.MapRange(); entries.Next(); {
		key, err := c.key(p, entries.Key())
		if err != nil {
			return node{}, at(key, err)
		}
		child, err := p.child(c.elem, entries.Value())
		if err != nil {
			return node{}, at(key, err)
		}
		n.fields = append(n.fields, field{key: key, node: child})
	}
	slices.SortFunc(n.fields, func(a, b field) int { return strings.Compare(a.key, b.key) })
	for i := 1; i < len(n.fields); i++ {
		if key := n.fields[i].key; key == n.fields[i-1].key {
			return node{}, at(key, fmt.Errorf("%w: two keys of a map make the same text", ErrInvalid))
		}
	}
	return n, nil
}

func (c mapCodec) key(p *preparer, v reflect.Value) (string, error) {
	key := v.String()
	if c.text {
		text, err := addressable(v).Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			return v.Type().String(), fmt.Errorf("%w: a key: %w", ErrInvalid, err)
		}
		key = string(text)
	}
	if p.trusted {
		return key, nil
	}
	return key, checkKey(key)
}

func (c mapCodec) hydrate(h *hydrator, t token, v reflect.Value) bool {
	if t.kind != KindMap {
		return false
	}
	if !h.enter() {
		return true
	}
	defer h.leave()
	v.Set(reflect.MakeMap(v.Type()))
	var name []byte
	for i := uint64(0); i < t.n && h.err == nil; i++ {
		var child token
		name, child = h.pair(name)
		text := h.string(name)
		key := reflect.New(v.Type().Key()).Elem()
		value := reflect.New(v.Type().Elem()).Elem()
		h.step(step{key: text})
		before := h.mismatches
		if !c.setKey(key, text) {
			h.mismatch(child, v.Type().Key())
		} else if h.into(c.elem, child, value); before == h.mismatches || child.kind == KindMap || child.kind == KindList {
			v.SetMapIndex(key, value)
		}
		h.unstep()
	}
	return true
}

func (c mapCodec) setKey(key reflect.Value, text string) bool {
	if !c.text {
		key.SetString(text)
		return true
	}
	return key.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) == nil
}
