package interop_test

import (
	"encoding/base64"
	"math"
	"strconv"

	"github.com/godwit-sync/godwit/crdt"
)

// What Go reads in a document, in the words of dump.mjs, so that both readings
// can be compared.

func describeMap(m crdt.Map) any {
	entries := map[string]any{}
	for key, value := range m.All() {
		entries[key] = describe(value)
	}
	return map[string]any{"map": entries}
}

func describeList(l crdt.List) any {
	items := []any{}
	for _, value := range l.All() {
		items = append(items, describe(value))
	}
	return map[string]any{"list": items}
}

func describe(v crdt.Value) any {
	switch v.Kind() {
	case crdt.KindMap:
		return describeMap(v.Map())
	case crdt.KindList:
		return describeList(v.List())
	default:
		kind, value := describeScalar(v)
		return map[string]any{kind: value}
	}
}

func describeScalar(v crdt.Value) (kind string, value any) {
	switch is := v.Any().(type) {
	case nil:
		return "null", true
	case bool:
		return "bool", is
	case string:
		if v.Kind() == crdt.KindText {
			return "text", is
		}
		return "str", is
	case []byte:
		return "bytes", base64.StdEncoding.EncodeToString(is)
	case crdt.Counter:
		return "counter", strconv.FormatInt(int64(is), 10)
	case int64:
		return "number", strconv.FormatInt(is, 10)
	case uint64:
		return "bigint", strconv.FormatUint(is, 10)
	case float64:
		return "number", describeFloat(is)
	default: // a time
		return "date", float64(v.Time().UnixMilli())
	}
}

// describeFloat writes a number as JavaScript does. (Nothing here is so large
// or small that it has an exponent.)
func describeFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	default:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
}

// plainly leaves out of a dump what Go doesn't show: conflicts, marks, and the
// content of blocks.
func plainly(content any) any {
	switch v := content.(type) {
	case map[string]any:
		if text, ok := v["text"].(string); ok { // a key named so holds an object
			return map[string]any{"text": text}
		}
		if _, ok := v["map"].(map[string]any); ok {
			return map[string]any{"map": plainEntries(v["map"].(map[string]any))}
		}
		if items, ok := v["list"].([]any); ok {
			plain := []any{}
			for _, item := range items {
				plain = append(plain, plainly(item))
			}
			return map[string]any{"list": plain}
		}
	}
	return content
}

func plainEntries(entries map[string]any) map[string]any {
	plain := map[string]any{}
	for key, value := range entries {
		plain[key] = plainly(value)
	}
	return plain
}
