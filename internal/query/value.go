package query

import (
	"reflect"
	"time"
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

// reflected does it for named types and for numbers of other sizes.
func reflected(v reflect.Value) (any, bool) {
	switch v.Kind() {
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
	}
	return nil, false
}
