package crdt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"
)

// Reconcile makes the map say what a value of Go does, a struct or a map with
// strings as keys, in as few operations as that takes. What [Map.Hydrate] would
// read and the value agree in is left alone. Where they differ, fields and keys
// are written one by one, lists are aligned, texts edited letter by letter,
// counters incremented. So two people who change different fields, items or
// letters both keep what they did. Read and reconcile in one Change: else what
// others did in between is taken back.
//
// Keys that a map of Go lacks are deleted; keys that a struct has no field for
// stay. Into an empty map a value is written whole, unless the change is [Sparse];
// else a field that is zero, and that the map lacks, isn't written.
//
// Maps may come from edited JSON, decoded with [encoding/json.Number] or without:
// what stands in the document says how to read a value. Where a time stands, a
// string in RFC 3339 is a time; where bytes stand, one in base64 is bytes; where a
// number of some type stands, a number is of that type, if it can be. What
// [Value.MarshalJSON] printed is the value itself. A value that is new is written
// as [Map.Set] would.
//
// An error says where in the value it occurred. It comes before anything is
// written, or the change can't be made.
func (m Map) Reconcile(want any) error {
	if err := m.s.writable(); err != nil {
		return err
	}
	v := reflect.ValueOf(want)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct && v.Kind() != reflect.Map {
		return fmt.Errorf("%w: reconcile a map with a %T", ErrInvalid, want)
	}
	c, err := codecOf(v.Type())
	if err != nil {
		return err
	}
	now, err := c.prepare(new(preparer), v)
	if err != nil {
		return err
	}
	if now.kind != KindMap {
		return fmt.Errorf("%w: reconcile a map with a %s", ErrInvalid, now.kind)
	}
	was, err := m.read(c, v.Type())
	if err == nil {
		err = m.permits(was, now)
	}
	if err != nil {
		return err
	}
	return m.s.whole(func() error { return m.reconcile(was, now) })
}

// read returns what Hydrate would read into a type; nothing if nothing is there,
// so that all is new.
func (m Map) read(c codec, t reflect.Type) (was node, err error) {
	if m.Len() == 0 && !m.s.sparse {
		return node{item: item{kind: KindMap}}, m.s.failure
	}
	v := reflect.New(t).Elem()
	err = m.borrow(math.MaxInt, m.skipped(), func(s Snapshot) error { return s.hydrate(c, v) })
	if err != nil && !errors.Is(err, ErrMismatch) {
		return node{}, err
	}
	return c.prepare(&preparer{trusted: true}, v)
}

// permits says whether what is new in a node may be written.
func (m Map) permits(was, now node) error {
	if m.depth+now.depth() > MaxDepth+1 { // the root is none
		return ErrTooDeep
	}
	if !now.unsafe() {
		return nil
	}
	known := map[any]bool{}
	_ = was.eachUnsafe(func(data any) error { known[data] = true; return nil })
	return now.eachUnsafe(func(data any) error {
		if known[data] {
			return nil
		}
		return ErrUnsafeInteger
	})
}

// eachUnsafe calls fn for the integers that JavaScript can't read, until one
// fails.
func (n node) eachUnsafe(fn func(data any) error) error {
	for i, child := range n.items {
		if err := child.eachUnsafe(fn); err != nil {
			return at(i, err)
		}
	}
	for _, child := range n.fields {
		if err := child.eachUnsafe(fn); err != nil {
			return at(child.key, err)
		}
	}
	if n.data != nil && n.unsafe() {
		return fn(n.data)
	}
	return nil
}

// reconcile writes where two nodes differ, the first of which is what there is.
func (m Map) reconcile(was, now node) error {
	for len(was.fields) > 0 || len(now.fields) > 0 { // both ascend by key
		var key string
		var err error
		switch {
		case len(now.fields) == 0 || len(was.fields) > 0 && was.fields[0].key < now.fields[0].key:
			key = was.fields[0].key
			err = m.Delete(key)
			was.fields = was.fields[1:]
		case len(was.fields) == 0 || was.fields[0].key > now.fields[0].key:
			key = now.fields[0].key
			err = m.reconcileField(node{}, now.fields[0])
			now.fields = now.fields[1:]
		default:
			key = now.fields[0].key
			err = m.reconcileField(was.fields[0].node, now.fields[0])
			was.fields, now.fields = was.fields[1:], now.fields[1:]
		}
		if err != nil {
			return at(key, err)
		}
	}
	return m.s.failure
}

func (m Map) reconcileField(was node, f field) error {
	if was.equal(f.node) {
		return nil
	}
	to := slot{m: m.object, key: f.key}
	there, err := to.get()
	switch {
	case m.s.saw(err) != nil:
		return m.s.failure
	case f.omit && there.kind != f.kind:
		return m.Delete(f.key)
	}
	return m.reconcileSlot(to, there, was, f.node)
}

// reconcileSlot brings what is in a slot of the container at p, which was shown
// as one node, to what another one says.
func (p place) reconcileSlot(to slot, there item, was, now node) error {
	switch {
	case there.kind == KindMap && now.kind == KindMap:
		if was.kind != KindMap {
			was = p.value(there).node()
		}
		return p.value(there).Map().reconcile(was, now)
	case there.kind == KindList && now.kind == KindList:
		return p.value(there).List().reconcile(was, now)
	}
	if n, changed := readAs(there, now); changed {
		return p.replace(to, there, n)
	}
	return nil
}

// node returns the value as it is, every kind kept.
func (v Value) node() node {
	e := encoder{s: v.s, limit: math.MaxInt}
	e.encode(v)
	d := decoder{data: e.b}
	return d.node(d.next())
}

// equal reports whether two nodes say the same. What couldn't be read equals
// nothing.
func (n node) equal(o node) bool {
	if n.kind != o.kind || n.kind == KindAbsent || len(n.items) != len(o.items) || len(n.fields) != len(o.fields) {
		return false
	}
	for i := range n.items {
		if !n.items[i].equal(o.items[i]) {
			return false
		}
	}
	for i := range n.fields {
		if n.fields[i].key != o.fields[i].key || !n.fields[i].equal(o.fields[i].node) {
			return false
		}
	}
	return sameData(n.item, o.item)
}

// readAs reads a node as one of the kind that stands there, if it can be, and
// reports whether it says anything new.
func readAs(there item, n node) (node, bool) {
	if printed(there, n) {
		return n, false
	}
	if s, ok := n.data.(string); ok {
		return readString(there, s, n), true
	}
	if n.exact {
		return n, true
	}
	return readNumber(there, n)
}

// printed reports whether a node is how JSON shows what stands there.
func printed(there item, n node) bool {
	switch there.kind {
	case KindTime, KindFloat:
		return n.kind == KindText && plain(there.data) == n.data
	case KindBytes:
		return n.kind == KindText && base64.StdEncoding.EncodeToString(there.data.([]byte)) == n.data
	case KindUnknown:
		return n.kind == KindNull
	default:
		return false
	}
}

func readString(there item, s string, n node) node {
	switch there.kind {
	case KindTime:
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			n.item = item{KindTime, time.UnixMilli(t.UnixMilli()).UTC()}
		}
	case KindBytes:
		// The decoder passes over line breaks, which are a text's own.
		if b, err := base64.StdEncoding.DecodeString(s); err == nil && base64.StdEncoding.EncodeToString(b) == s {
			n.item = item{KindBytes, b}
		}
	case KindText, KindString:
		n.kind = there.kind
	}
	return n
}

// readNumber also reports whether the number is another one. A float64 that is
// as near as one can be to a large integer comes from JSON and means just that.
func readNumber(there item, n node) (node, bool) {
	was, number := floatOf(there)
	f, isFloat := n.data.(float64)
	switch {
	case !number:
		return n, true
	case isFloat && f == was:
		return n, false
	case isFloat && there.kind != KindFloat:
		i, ok := integer(f)
		if !ok {
			return n, true
		}
		n.item = item{KindInt, i}
	}
	n.item = asKind(there.kind, n.item)
	return n, true
}

func floatOf(it item) (float64, bool) {
	switch v := it.data.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case Counter:
		return float64(v), true
	}
	return 0, false
}

// asKind turns a number into one of another kind, if nothing of it is lost.
func asKind(kind Kind, it item) item {
	i, isInt := it.data.(int64)
	switch {
	case !isInt:
	case kind == KindUint && i >= 0:
		return item{KindUint, uint64(i)}
	case kind == KindCounter:
		return item{KindCounter, Counter(i)}
	case kind == KindFloat && math.Abs(float64(i)) <= maxSafeInteger:
		return item{KindFloat, float64(i)}
	}
	return it
}
