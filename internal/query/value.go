package query

import (
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"
)

// Fields are what a record holds, as of one moment. They may be kept.
type Fields interface {
	// Lookup walks down from map to map. It returns what stands at the path as
	// Go knows it: nil, a bool, an integer or a float of any kind, string,
	// []byte, time.Time, []any or map[string]any; and false if nothing does.
	Lookup(path ...string) (any, bool)
}

// normalized returns the value as one of nil, bool, int64, uint64, float64,
// string, []byte, time.Time, []any and map[string]any, and false if it can't be
// any of them.
func normalized(v any) (any, bool) {
	switch v := v.(type) {
	case nil, bool, int64, uint64, float64, string, []byte, time.Time, []any, map[string]any:
		return v, true
	case int:
		return int64(v), true
	}
	return reflected(reflect.ValueOf(v))
}

// reflected does it for named types, pointers, and numbers of other sizes.
func reflected(v reflect.Value) (any, bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, true
		}
		if v.Elem().Kind() != reflect.Pointer {
			return normalized(v.Elem().Interface())
		}
	case reflect.Bool:
		return v.Bool(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint(), true
	case reflect.Float32, reflect.Float64:
		return v.Float(), true
	case reflect.String:
		return v.String(), true
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes(), true
		}
	case reflect.Struct:
		if v.CanConvert(reflect.TypeFor[time.Time]()) {
			return v.Convert(reflect.TypeFor[time.Time]()).Interface(), true
		}
	}
	return nil, false
}

// operand returns a value that somebody asks for in its normal form, or why no
// field can ever be compared with it.
func operand(v any) (any, string) {
	n, ok := normalized(v)
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
		return append([]byte{}, n...), ""
	case []any, map[string]any:
		ok = false
	}
	if !ok {
		return nil, fmt.Sprintf("no field can be compared with a %T", v)
	}
	return n, ""
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
