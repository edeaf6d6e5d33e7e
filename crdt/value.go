package crdt

import (
	"fmt"
	"math"
	"time"
)

// Kind is what a [Value] is.
type Kind uint8

// The kinds of values. A text is a string that many can edit at once; what
// JavaScript calls an ImmutableString is a plain string. Both are strings for
// whoever reads.
const (
	KindAbsent Kind = iota // nothing is there
	KindNull
	KindBool
	KindInt
	KindUint
	KindFloat
	KindString
	KindBytes
	KindTime
	KindCounter
	KindMap
	KindList
	KindText
	KindUnknown // of a type that this version doesn't know; it is preserved
)

var kindNames = [...]string{
	"absent", "null", "bool", "int", "uint", "float", "string", "bytes", "time",
	"counter", "map", "list", "text", "unknown",
}

// String returns the kind's name in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Counter is a number that changes by increments, which add up however they
// meet. Write one to make a counter: two who do so without knowing of each other make
// two counters, of which one is shown; see [Map.Conflicts].
type Counter int64

// Value is what stands at one place of a document. The accessors return the
// zero value if it is of another kind.
//
// A scalar may be kept; a map, list or text is a handle and ends with the View
// or Change that it was read in.
type Value struct {
	place
	item item
}

// Kind says what the value is.
func (v Value) Kind() Kind { return v.item.kind }

// isScalar reports whether the value is no handle.
func (v Value) isScalar() bool {
	return v.item.kind != KindMap && v.item.kind != KindList && v.item.kind != KindText
}

// Exists reports whether there is a value, of whatever kind, null included.
func (v Value) Exists() bool { return v.item.kind != KindAbsent }

// Bool returns a bool.
func (v Value) Bool() bool { return scalar[bool](v) }

// Str returns a string or the content of a text.
func (v Value) Str() string {
	if v.item.kind == KindText {
		return v.Text().String()
	}
	return scalar[string](v)
}

// Bytes returns bytes. The caller may keep but must not modify them.
func (v Value) Bytes() []byte { return scalar[[]byte](v) }

// Time returns a time, in UTC and whole milliseconds.
func (v Value) Time() time.Time { return scalar[time.Time](v) }

// Counter returns a counter's value.
func (v Value) Counter() Counter { return scalar[Counter](v) }

// Int returns a number of any kind, if it is an integer that an int64 can hold.
func (v Value) Int() int64 {
	switch n := v.item.data.(type) {
	case int64:
		return n
	case Counter:
		return int64(n)
	case uint64:
		if n <= math.MaxInt64 {
			return int64(n)
		}
	case float64:
		if i, ok := integer(n); ok {
			return i
		}
	}
	return 0
}

// Uint returns a number of any kind, if it is an integer that a uint64 can hold.
func (v Value) Uint() uint64 {
	if n, ok := v.item.data.(uint64); ok {
		return n
	}
	return uint64(max(v.Int(), 0))
}

// Float returns a number of any kind, rounded if need be.
func (v Value) Float() float64 {
	switch n := v.item.data.(type) {
	case float64:
		return n
	case uint64:
		return float64(n)
	default:
		return float64(v.Int())
	}
}

// Map returns a handle of the map. If there is none it reads as empty, and
// writes return [ErrAbsent].
func (v Value) Map() Map {
	if m, ok := v.item.data.(mapObject); ok && v.item.kind == KindMap {
		return Map{v.place, m}
	}
	return Map{}
}

// List returns a handle of the list; of none as with [Value.Map].
func (v Value) List() List {
	if l, ok := v.item.data.(listObject); ok && v.item.kind == KindList {
		return List{v.place, l}
	}
	return List{}
}

// Text returns a handle of the text; of none as with [Value.Map].
func (v Value) Text() Text {
	if t, ok := v.item.data.(textObject); ok && v.item.kind == KindText {
		return Text{v.place, t}
	}
	return Text{}
}

// At walks down: a string is a map's key, an int a list's index. Where the path
// leads nowhere the value is absent.
func (v Value) At(path ...any) Value {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			v = v.Map().Get(step)
		case int:
			v = v.List().Get(step)
		default:
			return Value{}
		}
	}
	return v
}

// Any returns the value as Go knows it: nil (also if it is absent or of an
// unknown type), bool, int64, uint64, float64, string, []byte, [time.Time],
// [Counter], map[string]any or []any.
func (v Value) Any() any {
	switch v.item.kind {
	case KindText:
		return v.Str()
	case KindMap:
		return v.Map().Any()
	case KindList:
		return v.List().Any()
	default:
		return v.item.data
	}
}

func scalar[T any](v Value) T {
	data, _ := v.item.data.(T)
	return data
}

// integer returns the integer that a float is.
func integer(f float64) (int64, bool) {
	if f != math.Trunc(f) || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}
