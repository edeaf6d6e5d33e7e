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
}

type field struct {
	key string
	node
}

// prepare reads a value of Go.
func prepare(value any) (node, error) { return prepareAt(value, 0) }

func prepareAt(value any, depth int) (node, error) {
	if depth > MaxDepth {
		return node{}, ErrTooDeep
	}
	switch v := value.(type) {
	case nil:
		return node{item: item{kind: KindNull}}, nil
	case string:
		return prepareString(KindText, v)
	case ImmutableString:
		return prepareString(KindString, string(v))
	case Counter:
		return node{item: item{KindCounter, v}}, nil
	case Int64:
		return node{item: item{KindInt, int64(v)}, exact: true}, nil
	case Uint64:
		return node{item: item{KindUint, uint64(v)}, exact: true}, nil
	case []byte:
		return node{item: item{KindBytes, slices.Clone(v)}}, nil
	case time.Time:
		return node{item: item{KindTime, time.UnixMilli(v.UnixMilli()).UTC()}}, nil
	case json.Number:
		return prepareNumber(v)
	case Value:
		return prepareValue(v)
	default:
		return prepareReflected(reflect.ValueOf(value), depth)
	}
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

// prepareReflected reads what has one of Go's basic kinds under another name,
// and maps and slices of any type.
func prepareReflected(v reflect.Value, depth int) (node, error) {
	switch v.Kind() {
	case reflect.Bool:
		return node{item: item{KindBool, v.Bool()}}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return node{item: item{KindInt, v.Int()}}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return prepareUint(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return node{item: item{KindFloat, v.Float()}}, nil
	case reflect.String:
		return prepareString(KindText, v.String())
	case reflect.Slice, reflect.Array:
		return prepareList(v, depth)
	case reflect.Map:
		return prepareMap(v, depth)
	case reflect.Interface:
		return prepareAt(v.Interface(), depth)
	default:
		return node{}, fmt.Errorf("%w: %s", ErrInvalid, v.Type())
	}
}

// prepareUint writes small unsigned integers as ordinary ones: JavaScript would
// see bigints otherwise.
func prepareUint(u uint64) node {
	if u > math.MaxInt64 {
		return node{item: item{KindUint, u}}
	}
	return node{item: item{KindInt, int64(u)}}
}

func prepareList(v reflect.Value, depth int) (node, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v.Convert(reflect.TypeFor[[]byte]()))
		return node{item: item{KindBytes, b}}, nil
	}
	n := node{item: item{kind: KindList}, items: make([]node, v.Len())}
	for i := range n.items {
		var err error
		if n.items[i], err = prepareAt(v.Index(i).Interface(), depth+1); err != nil {
			return node{}, at(i, err)
		}
	}
	return n, nil
}

func prepareMap(v reflect.Value, depth int) (node, error) {
	if v.Type().Key().Kind() != reflect.String {
		return node{}, fmt.Errorf("%w: a map with keys of %s, want string", ErrInvalid, v.Type().Key())
	}
	n := node{item: item{kind: KindMap}, fields: make([]field, 0, v.Len())}
	for entries := v.MapRange(); entries.Next(); {
		key := entries.Key().String()
		if err := checkKey(key); err != nil {
			return node{}, at(key, err)
		}
		child, err := prepareAt(entries.Value().Interface(), depth+1)
		if err != nil {
			return node{}, at(key, err)
		}
		n.fields = append(n.fields, field{key, child})
	}
	slices.SortFunc(n.fields, func(a, b field) int { return strings.Compare(a.key, b.key) })
	return n, nil
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
