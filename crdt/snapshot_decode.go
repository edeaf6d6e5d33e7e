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
	data  []byte
	at    int // where the next token begins: moving it writes no pointer
	depth int
	err   error
}

func (d *decoder) fail(what string) token {
	if d.err == nil {
		d.err = fmt.Errorf("%w: a snapshot with %s", ErrDamaged, what)
	}
	d.at = len(d.data)
	return token{}
}

// left returns how many bytes are still to be read.
func (d *decoder) left() uint64 { return uint64(len(d.data) - d.at) }

// end returns what has gone wrong, if something has, once all was read.
func (d *decoder) end() error {
	if d.left() > 0 {
		d.fail("something after its end")
	}
	return d.err
}

// head reads the first byte of a value, and the number that it or those behind
// it say.
func (d *decoder) head() (first byte, n uint64) {
	if d.at < len(d.data) {
		first = d.data[d.at]
		if n = uint64(first & 31); n < 24 {
			d.at++
			return first, n
		}
	}
	return d.longHead()
}

func (d *decoder) longHead() (first byte, n uint64) {
	if d.left() == 0 {
		d.fail("its end missing")
		return 0, 0
	}
	first = d.data[d.at]
	size := uint64(1) << (first&31 - 24)
	if first&31 > 27 || d.left() <= size {
		d.fail("a bad head")
		return 0, 0
	}
	d.at++
	for _, b := range d.data[d.at : d.at+int(size)] {
		n = n<<8 | uint64(b)
	}
	d.at += int(size)
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
		return d.take(KindText, n)
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
		return d.take(KindString, n)
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
	if n > d.left() {
		return d.fail("its end missing")
	}
	from := d.at
	d.at += int(n)
	return token{kind: kind, n: n, text: d.data[from:d.at:d.at]}
}

// string returns what a token of a string says. Until then nobody looks whether
// it is UTF-8: most of what is read is passed over.
func (d *decoder) string(text []byte) string {
	if !utf8.Valid(text) {
		d.fail("a string that is not UTF-8")
		return ""
	}
	return string(text)
}

// container reads a head of n elements, each of which takes at least size bytes.
func (d *decoder) container(kind Kind, n, size uint64) token {
	if n > d.left()/size {
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
	key = d.take(KindText, n).text
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
		return d.scalar(t)
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
		out[d.string(key)] = d.any(child)
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
	n := node{item: item{t.kind, d.scalar(t)}, exact: true}
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
		n.fields = append(n.fields, field{key: d.string(key), node: d.node(child)})
	}
	return n
}

// scalar returns a scalar as [Value.Any] does, nil for what is none.
func (d *decoder) scalar(t token) any {
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
		return d.string(t.text)
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
