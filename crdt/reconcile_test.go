package crdt_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt"
)

// reconcile makes a document equal to JSON, decoded in one of the two ways, and
// returns how many operations that took.
func reconcile(tb testing.TB, d *crdt.Doc, text string, useNumber bool) uint64 {
	tb.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	if useNumber {
		decoder.UseNumber()
	}
	var want map[string]any
	if err := decoder.Decode(&want); err != nil {
		tb.Fatal(err)
	}
	c, err := d.Change(func(root crdt.Map) error { return root.Reconcile(want) })
	if err != nil {
		tb.Fatal(err)
	}
	if c == nil {
		return 0
	}
	return c.Ops
}

func TestReconcileDoesLittle(t *testing.T) {
	all := map[string]any{
		"time": noon, "bytes": []byte{1, 2}, "counter": crdt.Counter(5), "uint": crdt.Uint64(7), "int": 1,
		"float": 2.0, "nan": math.NaN(), "inf": math.Inf(1), "plain": crdt.ImmutableString("p"), "text": "some text",
		"big": crdt.Int64(1<<60 + 1), "null": nil, "list": []any{1, "two", map[string]any{"id": 3, "name": "three"}},
		"map": map[string]any{"a": 1, "b": []any{}},
	}
	for _, c := range []struct {
		name, from, to string
		ops            uint64
		kind           crdt.Kind
	}{
		{"nothing", "", "", 0, 0},
		{"a time", `"2024-05-06T12:00:00.007Z"`, `"2024-05-06T14:00:00.008+02:00"`, 1, crdt.KindTime},
		{"bytes", `"AQI="`, `"AQM="`, 1, crdt.KindBytes},
		{"a counter", `"counter":5`, `"counter":3`, 1, crdt.KindCounter},
		{"an unsigned number", `"uint":7`, `"uint":8`, 1, crdt.KindUint},
		{"an integer", `"int":1`, `"int":2`, 1, crdt.KindInt},
		{"an integer that is none any more", `"int":1`, `"int":1.5`, 1, crdt.KindFloat},
		{"a float", `"float":2`, `"float":3`, 1, crdt.KindFloat},
		{"infinity", `"inf":"Infinity"`, `"inf":1`, 1, crdt.KindFloat},
		{"a plain string", `"plain":"p"`, `"plain":"q"`, 1, crdt.KindString},
		{"letters of a text", `some text`, `some texts`, 1, 0},
		{"a key gone", `"null":null,`, ``, 1, 0},
		{"a new key", `"null":null`, `"null":null,"o":true`, 1, 0},
		{"a field of a list's item", `"name":"three"`, `"name":"thr33"`, 4, 0},
		{"a new item before", `[1,`, `[0,1,`, 1, 0},
		{"an item gone", `[1,`, `[`, 1, 0},
		{"a nested number", `"a":1`, `"a":2`, 1, 0},
		{"another type", `"b":[]`, `"b":{}`, 1, 0},
	} {
		for _, useNumber := range []bool{true, false} {
			d := newDoc(t, "ada", func(root crdt.Map) error { return root.Reconcile(all) })
			before := content(t, d)
			if !strings.Contains(before, c.from) {
				t.Fatalf("%s: %s isn't in %s", c.name, c.from, before)
			}
			after := strings.Replace(before, c.from, c.to, 1)
			if ops := reconcile(t, d, after, useNumber); ops != c.ops {
				t.Errorf("%s takes %d operations, want %d", c.name, ops, c.ops)
			}
			if c.name != "a time" {
				says(t, d, after)
			}
			if ops := reconcile(t, d, content(t, d), useNumber); ops != 0 {
				t.Errorf("%s: the same again takes %d operations", c.name, ops)
			}
			_ = d.View(func(root crdt.Map) error {
				if key, _, ok := strings.Cut(strings.TrimPrefix(c.from, `"`), `":`); ok && c.kind != 0 && root.Get(key).Kind() != c.kind {
					t.Errorf("%s becomes %s", c.name, root.Get(key).Kind())
				}
				if root.Get("time").Kind() != crdt.KindTime || root.Get("bytes").Kind() != crdt.KindBytes {
					t.Errorf("%s: time and bytes are %s and %s", c.name, root.Get("time").Kind(), root.Get("bytes").Kind())
				}
				return nil
			})
		}
	}
}

// TestReconcileMerges is what `doc edit` promises: what was typed meets what
// arrived meanwhile.
func TestReconcileMerges(t *testing.T) {
	a := newDoc(t, "ada", func(root crdt.Map) error {
		return root.Reconcile(map[string]any{
			"todo":  []any{map[string]any{"title": "milk", "done": false}, map[string]any{"title": "bread", "done": false}},
			"notes": "one\ntwo\nthree\n",
		})
	})
	b, err := a.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	edit(t, b, func(root crdt.Map) error {
		return errors.Join(root.At("todo", 1).Map().Set("title", "brown bread"), root.Get("notes").Text().Append("four\n"))
	})
	reconcile(t, a, `{"notes":"zero\none\nthree\n","todo":[{"title":"eggs","done":false},{"title":"milk","done":false},{"title":"bread","done":true}]}`, true)
	if err := a.Merge(b); err != nil {
		t.Fatal(err)
	}
	says(t, a, `{"notes":"zero\none\nthree\nfour\n","todo":[{"done":false,"title":"eggs"},{"done":false,"title":"milk"},{"done":true,"title":"brown bread"}]}`)
}

func TestReconcileRefusesWhatSetRefuses(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	_, err := d.Change(func(root crdt.Map) error {
		return root.Reconcile(map[string]any{"a": 2, "b": []any{json.Number("9007199254740993")}})
	})
	if !errors.Is(err, crdt.ErrUnsafeInteger) || !strings.Contains(err.Error(), "b[0]: ") {
		t.Errorf("%v, want ErrUnsafeInteger at b", err)
	}
	says(t, d, `{"a":1}`)
}

// drawValue draws a value as a document can hold it.
func drawValue(t *rapid.T, depth int) any {
	kinds := 9
	if depth > 3 {
		kinds = 7
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.Int64Range(-5, 5).Draw(t, "int")
	case 1:
		return rapid.SampledFrom([]any{nil, true, false, 0.5, 3.0, math.Inf(1), crdt.Uint64(3), crdt.Int64(math.MinInt64)}).Draw(t, "scalar")
	case 2:
		return crdt.Counter(rapid.Int64Range(-5, 5).Draw(t, "counter"))
	case 3:
		return noon.AddDate(0, 0, rapid.IntRange(0, 2).Draw(t, "day"))
	case 4:
		return rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "bytes")
	case 5:
		return crdt.ImmutableString(drawText(t))
	case 6:
		return drawText(t)
	case 7:
		list := make([]any, rapid.IntRange(0, 5).Draw(t, "length"))
		for i := range list {
			list[i] = drawValue(t, depth+1)
		}
		return list
	default:
		return drawMap(t, depth+1)
	}
}

func drawText(t *rapid.T) string {
	pieces := []string{"a", "b", " ", "\n", "é", "e\u0301", "👩‍👩‍👧", "🇩🇪", "\u200d", "ab\n"}
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 8).Draw(t, "text"), "")
}

func drawMap(t *rapid.T, depth int) map[string]any {
	out := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "keys") {
		out[rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "key")] = drawValue(t, depth)
	}
	return out
}

// TestReconcileReachesAnything goes from any document to any other, in values
// and through JSON.
func TestReconcileReachesAnything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d, fresh := newDoc(t, "ada", nil), newDoc(t, "bob", nil)
		defer d.Close()
		defer fresh.Close()
		for range 3 {
			want := drawMap(rt, 0)
			edit(t, d, func(root crdt.Map) error { return root.Reconcile(want) })
			edit(t, fresh, func(root crdt.Map) error {
				for _, key := range root.Keys() {
					_ = root.Delete(key)
				}
				return root.Reconcile(want)
			})
			if got, want := content(t, d), content(t, fresh); got != want {
				rt.Fatalf("reconciled to\n%s, want\n%s", got, want)
			}
			for _, useNumber := range []bool{true, false} {
				if ops := reconcile(t, d, content(t, d), useNumber); ops != 0 {
					rt.Fatalf("%s again takes %d operations", content(t, d), ops)
				}
			}
		}
	})
}

// A text isn't taken for the bytes that it replaces because a decoder of base64
// would make them of it.
func TestReconcileTextOverBytes(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error {
		return errors.Join(root.Set("a", []byte{}), root.Set("b", []byte("godwit")))
	})
	edit(t, d, func(root crdt.Map) error {
		return root.Reconcile(map[string]any{"a": "\n", "b": "Z29k\nd2l0"})
	})
	says(t, d, `{"a":"\n","b":"Z29k\nd2l0"}`)
}
