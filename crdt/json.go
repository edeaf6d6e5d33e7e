package crdt

import (
	"bytes"
	"encoding/json"
	"math"
	"time"
)

// timeLayout is JavaScript's Date.toISOString.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON writes the value as JSON: texts and strings alike, counters as
// numbers, bytes in base64, times as RFC 3339 in UTC, numbers that JSON lacks as
// "NaN", "Infinity" and "-Infinity", unknown and absent values as null.
// [Map.Reconcile] reads all of this back.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.isScalar() {
		return marshal(nil, v.Any())
	}
	return marshal(v.s, v.Any())
}

// MarshalJSON writes the map as [Value.MarshalJSON] does.
func (m Map) MarshalJSON() ([]byte, error) { return marshal(m.s, m.Any()) }

// MarshalJSON writes the list as [Value.MarshalJSON] does.
func (l List) MarshalJSON() ([]byte, error) { return marshal(l.s, l.Any()) }

func marshal(s *session, value any) ([]byte, error) {
	if err := s.unread(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // that is for whoever calls us to choose
	err := encoder.Encode(plain(value))
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// plain makes of a value that [Value.Any] returned one that JSON can hold.
func plain(value any) any {
	switch v := value.(type) {
	case time.Time:
		return v.UTC().Format(timeLayout)
	case float64:
		return plainFloat(v)
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
	}
	return value
}

func plainFloat(f float64) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return f
}

// shown is a value as JSON shows it, for comparing values of which one may have
// been JSON.
func shown(value any) string {
	text, err := json.Marshal(plain(value))
	if err != nil { // of what [plain] returns, nothing fails
		return err.Error()
	}
	return string(text)
}
