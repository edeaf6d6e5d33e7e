package query

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// operand returns a value that somebody asks for in its normal form, or why no
// field can ever be compared with it.
func operand(v any) (any, string) {
	written, err := asWritten(v)
	if err != nil {
		return nil, err.Error()
	}
	n, ok := normalized(written)
	switch n := n.(type) {
	case string:
		if !utf8.ValidString(n) {
			return nil, "a string that isn't UTF-8"
		}
	case time.Time:
		kept := time.UnixMilli(n.UnixMilli()).UTC()
		if kept.Unix() != n.Unix() {
			return nil, "a time that no document can hold"
		}
		return kept, ""
	case []byte:
		return bytes.Clone(n), ""
	case []any, map[string]any:
		ok = false
	}
	if !ok {
		return nil, fmt.Sprintf("no field can be compared with a %T", v)
	}
	return n, ""
}

// marshaler is a value that says itself what it is in a document
// (crdt.Marshaler).
type marshaler interface{ MarshalCRDT() (any, error) }

// textual is a value that is written as its text.
type textual interface {
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}

// asWritten returns what a value becomes when a record with it is written.
func asWritten(v any) (any, error) {
	of := reflect.ValueOf(v)
	if of.Kind() == reflect.Pointer {
		if of.IsNil() {
			return nil, nil
		}
		of = of.Elem()
		v = of.Interface()
	}
	switch v := v.(type) {
	case nil, bool, int, int64, uint64, float64, string, []byte, time.Time:
		return v, nil
	case json.Number:
		return number(string(v))
	}
	p := reflect.New(of.Type()) // which has the methods of both
	p.Elem().Set(of)
	switch m := p.Interface().(type) {
	case marshaler:
		return m.MarshalCRDT()
	case textual:
		text, err := m.MarshalText()
		return string(text), err
	}
	if of.Kind() == reflect.Array && of.Type().Elem().Kind() == reflect.Uint8 {
		return p.Elem().Bytes(), nil
	}
	return v, nil
}

func number(text string) (any, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, nil
	}
	return strconv.ParseFloat(text, 64)
}

// spread returns the elements of the one slice that was given in place of
// several values.
func spread(values []any) []any {
	if len(values) != 1 {
		return values
	}
	list := reflect.ValueOf(values[0])
	if list.Kind() != reflect.Slice || list.Type().Elem().Kind() == reflect.Uint8 {
		return values
	}
	all := make([]any, list.Len())
	for i := range all {
		all[i] = list.Index(i).Interface()
	}
	return all
}
