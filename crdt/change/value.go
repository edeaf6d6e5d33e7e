package change

import (
	"encoding/binary"
	"math"

	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// ValueType says how a value's bytes are to be read.
type ValueType uint8

// The types of values. Types 10 to 15 are free for later versions; their
// values are kept as bytes.
const (
	ValueNull ValueType = iota
	ValueFalse
	ValueTrue
	ValueUint
	ValueInt
	ValueFloat
	ValueText
	ValueBytes
	ValueCounter
	ValueTimestamp // milliseconds since 1970
)

// Value is a scalar as a change holds it: its type and its encoded bytes,
// which the holder must not modify. The zero Value is null.
type Value struct {
	Type ValueType
	Raw  []byte
}

// Bool returns the value true or false.
func Bool(v bool) Value {
	if v {
		return Value{Type: ValueTrue}
	}
	return Value{Type: ValueFalse}
}

// Uint returns an unsigned integer.
func Uint(v uint64) Value { return Value{ValueUint, column.AppendUleb(nil, v)} }

// Int returns a signed integer.
func Int(v int64) Value { return Value{ValueInt, column.AppendSleb(nil, v)} }

// Counter returns a counter that begins at v.
func Counter(v int64) Value { return Value{ValueCounter, column.AppendSleb(nil, v)} }

// Timestamp returns a date, in milliseconds since 1970.
func Timestamp(v int64) Value { return Value{ValueTimestamp, column.AppendSleb(nil, v)} }

// Float returns a floating-point number.
func Float(v float64) Value {
	return Value{ValueFloat, binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))}
}

// Text returns a string.
func Text(v string) Value { return Value{ValueText, []byte(v)} }

// Bytes returns a byte string.
func Bytes(v []byte) Value { return Value{ValueBytes, v} }

// Int reads an integer, counter or timestamp; an unsigned one above the
// largest int64 wraps. It is zero for other types.
func (v Value) Int() int64 {
	switch v.Type {
	case ValueInt, ValueCounter, ValueTimestamp:
		n, _, _ := column.Sleb(v.Raw)
		return n
	case ValueUint:
		return int64(v.Uint())
	}
	return 0
}

// Uint reads an unsigned integer. It is zero for other types.
func (v Value) Uint() uint64 {
	if v.Type != ValueUint {
		return 0
	}
	n, _, _ := column.Uleb(v.Raw)
	return n
}

// Float reads a floating-point number. It is zero for other types.
func (v Value) Float() float64 {
	if v.Type != ValueFloat || len(v.Raw) != 8 {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(v.Raw))
}

var errValueRows = &fault{RuleValue, "lengths and bytes disagree"}

// meta is a value's type and length, as the value-metadata column holds them.
func (v Value) meta() uint64 { return column.Meta(uint8(v.Type), len(v.Raw)) }

// splitMeta is the reverse of meta.
func splitMeta(meta int64) (ValueType, int64) {
	kind, size := column.SplitMeta(meta)
	return ValueType(kind), size
}

// values consumes and verifies n values of the same type and size.
func (t *table) values(n int) error {
	kind, size := column.SplitMeta(t.col[colValueMeta].Num)
	if size > 0 && size > int64(len(t.raw)/n) {
		return errValueRows
	}
	raw := t.raw[:n*int(size)]
	t.raw = t.raw[len(raw):]
	return column.CheckValues(kind, raw, int(size))
}
