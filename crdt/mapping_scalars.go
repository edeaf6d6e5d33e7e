package crdt

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

type boolCodec struct{}

func (boolCodec) prepare(_ *preparer, v reflect.Value) (node, error) {
	return node{item: item{KindBool, v.Bool()}}, nil
}

func (boolCodec) hydrate(_ *hydrator, t token, v reflect.Value) bool {
	if t.kind != KindBool {
		return false
	}
	v.SetBool(t.n != 0)
	return true
}

// intCodec is of integers, which read any number that they can hold.
type intCodec struct {
	kind  Kind
	exact bool
}

func (c intCodec) prepare(_ *preparer, v reflect.Value) (node, error) {
	if c.kind == KindCounter {
		return node{item: item{KindCounter, Counter(v.Int())}}, nil
	}
	return node{item: item{KindInt, v.Int()}, exact: c.exact}, nil
}

func (intCodec) hydrate(_ *hydrator, t token, v reflect.Value) bool {
	i, ok := t.int()
	if !ok || v.OverflowInt(i) {
		return false
	}
	v.SetInt(i)
	return true
}

type uintCodec struct{ exact bool }

func (c uintCodec) prepare(_ *preparer, v reflect.Value) (node, error) {
	if c.exact {
		return node{item: item{KindUint, v.Uint()}, exact: true}, nil
	}
	return prepareUint(v.Uint()), nil
}

func (uintCodec) hydrate(_ *hydrator, t token, v reflect.Value) bool {
	u := t.n
	if t.kind != KindUint {
		i, ok := t.int()
		if !ok || i < 0 {
			return false
		}
		u = uint64(i)
	}
	if v.OverflowUint(u) {
		return false
	}
	v.SetUint(u)
	return true
}

// int returns a number of any kind, if an int64 can hold it.
func (t token) int() (int64, bool) {
	switch t.kind {
	case KindInt, KindCounter:
		return int64(t.n), true
	case KindUint:
		return int64(t.n), t.n <= math.MaxInt64
	case KindFloat:
		return integer(math.Float64frombits(t.n))
	}
	return 0, false
}

type floatCodec struct{}

func (floatCodec) prepare(_ *preparer, v reflect.Value) (node, error) {
	return node{item: item{KindFloat, v.Float()}}, nil
}

func (floatCodec) hydrate(_ *hydrator, t token, v reflect.Value) bool {
	var f float64
	switch t.kind {
	case KindFloat:
		f = math.Float64frombits(t.n)
	case KindUint:
		f = float64(t.n)
	case KindInt, KindCounter:
		f = float64(int64(t.n))
	default:
		return false
	}
	if v.OverflowFloat(f) {
		return false
	}
	v.SetFloat(f)
	return true
}

// numberCodec is of JSON's numbers, whose kind their digits tell.
type numberCodec struct{}

func (numberCodec) prepare(_ *preparer, v reflect.Value) (node, error) {
	if v.Len() == 0 { // the zero value, which JSON takes for 0
		return node{item: item{KindInt, int64(0)}}, nil
	}
	return prepareNumber(json.Number(v.String()))
}

func (numberCodec) hydrate(_ *hydrator, t token, v reflect.Value) bool {
	switch i, ok := t.int(); {
	case t.kind == KindFloat:
		f := math.Float64frombits(t.n)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
		v.SetString(strconv.FormatFloat(f, 'g', -1, 64))
	case ok:
		v.SetString(strconv.FormatInt(i, 10))
	case t.kind == KindUint:
		v.SetString(strconv.FormatUint(t.n, 10))
	default:
		return false
	}
	return true
}

// stringCodec is of strings, which are of one kind when they are new.
type stringCodec struct{ kind Kind }

func (c stringCodec) prepare(_ *preparer, v reflect.Value) (node, error) {
	return prepareString(c.kind, v.String())
}

func (stringCodec) hydrate(h *hydrator, t token, v reflect.Value) bool {
	if t.kind != KindText && t.kind != KindString {
		return false
	}
	v.SetString(h.string(t.text))
	return true
}

// bytesCodec is of slices and arrays of bytes.
type bytesCodec struct{}

func (bytesCodec) prepare(_ *preparer, v reflect.Value) (node, error) {
	if v.Kind() == reflect.Array {
		v = addressable(v).Elem()
	}
	return node{item: item{KindBytes, append([]byte{}, v.Bytes()...)}}, nil
}

func (bytesCodec) hydrate(_ *hydrator, t token, v reflect.Value) bool {
	if t.kind != KindBytes {
		return false
	}
	if v.Kind() == reflect.Slice {
		v.SetBytes(append([]byte{}, t.text...))
		return true
	}
	if v.Len() != len(t.text) {
		return false
	}
	copy(v.Bytes(), t.text)
	return true
}

type timeCodec struct{}

func (timeCodec) prepare(_ *preparer, v reflect.Value) (node, error) {
	return prepareTime(v.Interface().(time.Time))
}

func (timeCodec) hydrate(_ *hydrator, t token, v reflect.Value) bool {
	if t.kind != KindTime {
		return false
	}
	*v.Addr().Interface().(*time.Time) = t.time()
	return true
}

// marshalerCodec is of types that are a Marshaler and an Unmarshaler.
type marshalerCodec struct{}

func (marshalerCodec) prepare(p *preparer, v reflect.Value) (node, error) {
	value, err := addressable(v).Interface().(Marshaler).MarshalCRDT()
	if err != nil {
		return node{}, fmt.Errorf("%w: %s: %w", ErrInvalid, v.Type(), err)
	}
	if !p.enter() { // it may return itself
		return node{}, ErrTooDeep
	}
	defer p.leave()
	return p.any(value)
}

func (marshalerCodec) hydrate(h *hydrator, t token, v reflect.Value) bool {
	v.SetZero()
	if err := v.Addr().Interface().(Unmarshaler).UnmarshalCRDT(h.any(t)); err != nil {
		v.SetZero()
		h.mismatched(fmt.Errorf("%w: %s: %w", ErrMismatch, v.Type(), err))
	}
	return true
}

// textCodec is of types that make and read a text of their own.
type textCodec struct{}

func (textCodec) prepare(_ *preparer, v reflect.Value) (node, error) {
	text, err := addressable(v).Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return node{}, fmt.Errorf("%w: %s: %w", ErrInvalid, v.Type(), err)
	}
	return prepareString(KindString, string(text))
}

func (textCodec) hydrate(h *hydrator, t token, v reflect.Value) bool {
	if t.kind != KindText && t.kind != KindString {
		return false
	}
	v.SetZero()
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(h.string(t.text))); err != nil {
		v.SetZero()
		h.mismatched(fmt.Errorf("%w: %s: %w", ErrMismatch, v.Type(), err))
	}
	return true
}

// addressable returns a pointer to a value, or to a copy of it.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v.Addr()
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}
