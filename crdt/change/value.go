package change

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
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
func Uint(v uint64) Value { return Value{ValueUint, appendUleb(nil, v)} }

// Int returns a signed integer.
func Int(v int64) Value { return Value{ValueInt, appendSleb(nil, v)} }

// Counter returns a counter that begins at v.
func Counter(v int64) Value { return Value{ValueCounter, appendSleb(nil, v)} }

// Timestamp returns a date, in milliseconds since 1970.
func Timestamp(v int64) Value { return Value{ValueTimestamp, appendSleb(nil, v)} }

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
		n, _, _ := sleb(v.Raw)
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
	n, _, _ := uleb(v.Raw)
	return n
}

// Float reads a floating-point number. It is zero for other types.
func (v Value) Float() float64 {
	if v.Type != ValueFloat || len(v.Raw) != 8 {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(v.Raw))
}

var (
	errValueRows = &fault{RuleValue, "lengths and bytes disagree"}
	errValueSize = &fault{RuleValue, "a length that its type can't have"}
	errValueLeb  = &fault{RuleValue, "a malformed integer"}
	errValueText = &fault{RuleValue, "a string that is not UTF-8"}
)

// meta is a value's type and length, as the value-metadata column holds them.
func (v Value) meta() uint64 { return uint64(len(v.Raw))<<4 | uint64(v.Type) }

// splitMeta is the reverse of meta.
func splitMeta(meta int64) (ValueType, int64) { return ValueType(meta & 15), meta >> 4 }

// values consumes and verifies n values of the same type and size.
func (t *table) values(n int) error {
	kind, size := splitMeta(t.col[colValueMeta].num)
	if size > 0 && size > int64(len(t.raw)/n) {
		return errValueRows
	}
	raw := t.raw[:n*int(size)]
	t.raw = t.raw[len(raw):]
	switch kind {
	case ValueNull, ValueFalse, ValueTrue:
		if size != 0 {
			return errValueSize
		}
	case ValueUint, ValueInt, ValueCounter, ValueTimestamp:
		return checkInts(kind, raw, int(size))
	case ValueFloat:
		if size != 8 {
			return errValueSize
		}
	case ValueText:
		return checkTexts(raw, int(size))
	}
	return nil
}

func checkInts(kind ValueType, raw []byte, size int) error {
	if size == 0 {
		return errValueSize
	}
	for ; len(raw) > 0; raw = raw[size:] {
		var used int
		var err error
		if kind == ValueUint {
			_, used, err = uleb(raw[:size])
		} else {
			_, used, err = sleb(raw[:size])
		}
		if err != nil || used != size {
			return errValueLeb
		}
	}
	return nil
}

func checkTexts(raw []byte, size int) error {
	for ; len(raw) > 0; raw = raw[size:] {
		if !utf8.Valid(raw[:size]) {
			return errValueText
		}
	}
	return nil
}
