package crdt

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
)

// MaxDepth is how deeply maps and lists may be nested.
const MaxDepth = opset.MaxDepth

const maxSafeInteger = 1<<53 - 1

// Int64 is an integer to be written even if JavaScript can't read it.
type Int64 int64

// Uint64 is an unsigned integer to be written as such, even if JavaScript
// can't read it. JavaScript sees a bigint.
type Uint64 uint64

// ImmutableString is a string to be written as a whole, for names and labels
// that nobody edits letter by letter. JavaScript sees an ImmutableString.
type ImmutableString string

var errUTF8 = fmt.Errorf("%w: a string is not UTF-8", ErrInvalid)

// node is a value of Go made ready for writing: what it is to become, checked
// as far as that needs no document.
type node struct {
	item           // of a scalar, or KindText with its string
	items  []node  // of a list
	fields []field // of a map, ascending by key
	// exact is set if an integer's type was chosen by its author.
	exact bool
	// key is the field that tells a list's items apart, if there is one.
	key string
}

type field struct {
	key string
	// omit is set of an empty collection that is not written, but emptied if it
	// is there.
	omit bool
	node
}

// prepare reads a value of Go.
func prepare(value any) (node, error) { return new(preparer).any(value) }

// preparer reads values of Go that may lead to themselves.
type preparer struct {
	depth, pointers int
	// trusted is set if the values come from a document. Nothing is checked then,
	// and what can't be read is absent.
	trusted bool
}

// enter begins to read what is in a container, until leave. It reports whether
// that is possible.
func (p *preparer) enter() bool {
	p.depth++
	return p.depth <= MaxDepth+1
}

func (p *preparer) leave() { p.depth-- }

// child reads what is in a container.
func (p *preparer) child(c codec, v reflect.Value) (node, error) {
	n, err := c.prepare(p, v)
	if p.trusted && err != nil {
		return node{}, nil
	}
	return n, err
}

// any reads a value of whatever type.
func (p *preparer) any(value any) (node, error) {
	switch v := value.(type) {
	case nil:
		return node{item: item{kind: KindNull}}, nil
	case string:
		return prepareString(KindText, v)
	case []byte:
		return node{item: item{KindBytes, append([]byte{}, v...)}}, nil
	case Value:
		return prepareValue(v)
	}
	v := reflect.ValueOf(value)
	c, err := codecOf(v.Type())
	if err != nil {
		return node{}, err
	}
	return c.prepare(p, v)
}

// prepareTime reads a time to the millisecond, of which an int64 counts those since
// 1970.
func prepareTime(t time.Time) (node, error) {
	kept := time.UnixMilli(t.UnixMilli()).UTC()
	if kept.Unix() != t.Unix() {
		return node{}, fmt.Errorf("%w: a time in the year %d, which no document can hold", ErrInvalid, t.Year())
	}
	return node{item: item{KindTime, kept}}, nil
}

// prepareValue reads what stands in a document, whose type is kept.
func prepareValue(v Value) (node, error) {
	switch v.Kind() {
	case KindMap, KindList, KindAbsent, KindUnknown:
		return node{}, fmt.Errorf("%w: a Value that is %s; write what its Any returns", ErrInvalid, v.Kind())
	case KindText:
		if err := v.s.usable(); err != nil {
			return node{}, err
		}
		return prepareString(KindText, v.Str())
	}
	return node{item: v.item, exact: true}, nil
}

func prepareString(kind Kind, s string) (node, error) {
	if !utf8.ValidString(s) {
		return node{}, errUTF8
	}
	return node{item: item{kind, s}}, nil
}

func prepareNumber(n json.Number) (node, error) {
	if i, err := n.Int64(); err == nil {
		return node{item: item{KindInt, i}}, nil
	}
	f, err := n.Float64()
	if err != nil {
		return node{}, fmt.Errorf("%w: number %q", ErrInvalid, n)
	}
	if !strings.ContainsAny(string(n), ".eE") {
		return prepareBig(n)
	}
	return node{item: item{KindFloat, f}}, nil
}

// prepareBig reads an integer beyond int64.
func prepareBig(n json.Number) (node, error) {
	var u uint64
	if err := json.Unmarshal([]byte(n), &u); err != nil {
		return node{}, fmt.Errorf("%w: %s", ErrUnsafeInteger, n)
	}
	return node{item: item{KindUint, u}}, nil
}

// prepareUint writes small unsigned integers as ordinary ones: JavaScript would
// see bigints otherwise.
func prepareUint(u uint64) node {
	if u > math.MaxInt64 {
		return node{item: item{KindUint, u}}
	}
	return node{item: item{KindInt, int64(u)}}
}

func checkMessage(message string) error {
	switch {
	case len(message) > change.MaxMessage:
		return fmt.Errorf("%w: a message of %d bytes, at most %d", ErrTooLarge, len(message), change.MaxMessage)
	case !utf8.ValidString(message):
		return errUTF8
	}
	return nil
}

func checkKey(key string) error {
	switch {
	case key == "":
		return ErrEmptyKey
	case !utf8.ValidString(key):
		return fmt.Errorf("%w: a key is not UTF-8", ErrInvalid)
	}
	return nil
}

// depth returns how many containers lie within the node, itself included.
func (n node) depth() int {
	if n.kind != KindMap && n.kind != KindList {
		return 0
	}
	deepest := 0
	for _, child := range n.items {
		deepest = max(deepest, child.depth())
	}
	for _, child := range n.fields {
		deepest = max(deepest, child.depth())
	}
	return deepest + 1
}

// unsafe reports whether JavaScript couldn't read some integer of the node that
// nobody has asked for expressly.
func (n node) unsafe() bool {
	switch v := n.data.(type) {
	case int64:
		return !n.exact && (v > maxSafeInteger || v < -maxSafeInteger)
	case uint64:
		return !n.exact && v > maxSafeInteger
	case Counter:
		return v > maxSafeInteger || v < -maxSafeInteger
	}
	return slices.ContainsFunc(n.items, node.unsafe) ||
		slices.ContainsFunc(n.fields, func(f field) bool { return f.unsafe() })
}
