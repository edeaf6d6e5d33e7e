package crdt

import (
	"bytes"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// token is a scalar of a snapshot, or the head of a container.
type token struct {
	kind Kind
	// n is an integer's two's complement, a float's bits, a bool as 0 or 1, the
	// number of a container's items or keys.
	n    uint64
	text []byte // of a string, text or bytes: part of the snapshot
}

// decoder reads a snapshot, token by token. Bytes may be damaged: then err is
// set, and what it returns from then on is absent.
type decoder struct {
	rest  []byte
	depth int
	err   error
}

func (d *decoder) fail(what string) token {
	if d.err == nil {
		d.err = fmt.Errorf("%w: a snapshot with %s", ErrDamaged, what)
	}
	d.rest = nil
	return token{}
}

// head reads the head of a value. Its size says how many bytes its number takes
// beyond the first.
func (d *decoder) head() (first byte, n uint64) {
	if len(d.rest) == 0 {
		d.fail("its end missing")
		return 0, 0
	}
	first = d.rest[0]
	if n = uint64(first & 31); n < 24 {
		d.rest = d.rest[1:]
		return first, n
	}
	size := 1 << (n - 24)
	if n > 27 || len(d.rest) <= size {
		d.fail("a bad head")
		return 0, 0
	}
	n = 0
	for _, b := range d.rest[1 : 1+size] {
		n = n<<8 | uint64(b)
	}
	d.rest = d.rest[1+size:]
	return first, n
}

func (d *decoder) next() token {
	first, n := d.head()
	switch first & (7 << 5) {
	case majorUint, majorMinus:
		return d.integer(KindInt, first, n)
	case majorBytes:
		return d.take(KindBytes, n)
	case majorText:
		return d.string(KindText, n)
	case majorList:
		return d.container(KindList, n, 1)
	case majorMap:
		return d.container(KindMap, n, 2)
	case majorTag:
		return d.tagged(n)
	default:
		return d.simple(first, n)
	}
}

func (d *decoder) integer(kind Kind, first byte, n uint64) token {
	switch {
	case d.err != nil:
		return token{}
	case first&(7<<5) > majorMinus || n > math.MaxInt64:
		return d.fail("a bad integer")
	case first&(7<<5) == majorMinus:
		n = ^n
	}
	return token{kind: kind, n: n}
}

func (d *decoder) tagged(tag uint64) token {
	first, n := d.head()
	switch major := first & (7 << 5); {
	case tag == tagString && major == majorText:
		return d.string(KindString, n)
	case tag == tagUint && major == majorUint && d.err == nil:
		return token{kind: KindUint, n: n}
	case tag == tagCounter:
		return d.integer(KindCounter, first, n)
	case tag == tagTime:
		return d.integer(KindTime, first, n)
	}
	return d.fail("a bad tag")
}

func (d *decoder) simple(first byte, n uint64) token {
	switch first {
	case headFalse, headTrue:
		return token{kind: KindBool, n: n & 1}
	case headNull:
		return token{kind: KindNull}
	case headUndefined:
		return token{kind: KindUnknown}
	case headFloat:
		return token{kind: KindFloat, n: n}
	}
	return d.fail("a bad head")
}

func (d *decoder) take(kind Kind, n uint64) token {
	if n > uint64(len(d.rest)) {
		return d.fail("its end missing")
	}
	t := token{kind: kind, n: n, text: d.rest[:n:n]}
	d.rest = d.rest[n:]
	return t
}

func (d *decoder) string(kind Kind, n uint64) token {
	t := d.take(kind, n)
	if !utf8.Valid(t.text) {
		return d.fail("a string that is not UTF-8")
	}
	return t
}

// container reads a head of n elements, each of which takes at least size bytes.
func (d *decoder) container(kind Kind, n uint64, size int) token {
	if n > uint64(len(d.rest)/size) {
		return d.fail("its end missing")
	}
	return token{kind: kind, n: n}
}

// pair reads a key, which must come after the last one, and the value's head.
func (d *decoder) pair(last []byte) (key []byte, value token) {
	first, n := d.head()
	if first&(7<<5) != majorText {
		return nil, d.fail("a key that is no string")
	}
	key = d.string(KindText, n).text
	if bytes.Compare(key, last) <= 0 {
		return nil, d.fail("keys out of order")
	}
	return key, d.next()
}

// enter begins to read what is in a container, until leave. It reports whether
// that is possible.
func (d *decoder) enter() bool {
	if d.depth++; d.depth > MaxDepth+1 { // the root is none
		d.fail("too much nesting")
	}
	return d.err == nil
}

func (d *decoder) leave() { d.depth-- }

// skip passes over what is in a container.
func (d *decoder) skip(t token) {
	if t.kind != KindMap && t.kind != KindList || !d.enter() {
		return
	}
	defer d.leave()
	var key []byte
	for i := uint64(0); i < t.n && d.err == nil; i++ {
		var child token
		if t.kind == KindMap {
			key, child = d.pair(key)
		} else {
			child = d.next()
		}
		d.skip(child)
	}
}

// find returns what stands under a key of a map, absent if there is none.
func (d *decoder) find(t token, key string) token {
	if t.kind != KindMap {
		return token{}
	}
	var there []byte
	for i := uint64(0); i < t.n && d.err == nil; i++ {
		var child token
		if there, child = d.pair(there); string(there) >= key {
			if string(there) == key {
				return child
			}
			return token{}
		}
		d.skip(child)
	}
	return token{}
}

// any returns a value as [Value.Any] does.
func (d *decoder) any(t token) any {
	switch t.kind {
	case KindMap:
		return d.anyMap(t)
	case KindList:
		return d.anyList(t)
	default:
		return t.any()
	}
}

func (d *decoder) anyMap(t token) map[string]any {
	out := map[string]any{}
	if !d.enter() {
		return out
	}
	defer d.leave()
	var key []byte
	for i := uint64(0); i < t.n && d.err == nil; i++ {
		var child token
		key, child = d.pair(key)
		out[string(key)] = d.any(child)
	}
	return out
}

func (d *decoder) anyList(t token) []any {
	out := []any{}
	if !d.enter() {
		return out
	}
	defer d.leave()
	for i := uint64(0); i < t.n && d.err == nil; i++ {
		out = append(out, d.any(d.next()))
	}
	return out
}

// node returns a value as it is, every kind kept.
func (d *decoder) node(t token) node {
	n := node{item: item{t.kind, t.any()}, exact: true}
	if t.kind != KindMap && t.kind != KindList || !d.enter() {
		return n
	}
	defer d.leave()
	var key []byte
	for i := uint64(0); i < t.n && d.err == nil; i++ {
		var child token
		if t.kind == KindList {
			n.items = append(n.items, d.node(d.next()))
			continue
		}
		key, child = d.pair(key)
		n.fields = append(n.fields, field{key: string(key), node: d.node(child)})
	}
	return n
}

// any returns a scalar as [Value.Any] does.
func (t token) any() any {
	switch t.kind {
	case KindBool:
		return t.n != 0
	case KindInt:
		return int64(t.n)
	case KindUint:
		return t.n
	case KindFloat:
		return math.Float64frombits(t.n)
	case KindString, KindText:
		return string(t.text)
	case KindBytes:
		return bytes.Clone(t.text)
	case KindTime:
		return t.time()
	case KindCounter:
		return Counter(t.n)
	}
	return nil
}

func (t token) time() time.Time { return time.UnixMilli(int64(t.n)).UTC() }
