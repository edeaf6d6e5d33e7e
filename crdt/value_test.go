package crdt_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
)

var noon = time.Date(2024, 5, 6, 12, 0, 0, 7_000_000, time.UTC)

type (
	name  string
	count uint16
)

// written are values of Go, and what is read back.
var written = []struct {
	value any
	kind  crdt.Kind
	back  any
	json  string
}{
	{nil, crdt.KindNull, nil, `null`},
	{true, crdt.KindBool, true, `true`},
	{7, crdt.KindInt, int64(7), `7`},
	{int8(-7), crdt.KindInt, int64(-7), `-7`},
	{uint64(7), crdt.KindInt, int64(7), `7`},
	{count(7), crdt.KindInt, int64(7), `7`},
	{int64(1<<53 - 1), crdt.KindInt, int64(1<<53 - 1), `9007199254740991`},
	{crdt.Int64(math.MinInt64), crdt.KindInt, int64(math.MinInt64), `-9223372036854775808`},
	{crdt.Uint64(math.MaxUint64), crdt.KindUint, uint64(math.MaxUint64), `18446744073709551615`},
	{json.Number("12"), crdt.KindInt, int64(12), `12`},
	{json.Number("1.5"), crdt.KindFloat, 1.5, `1.5`},
	{float32(0.5), crdt.KindFloat, 0.5, `0.5`},
	{3.0, crdt.KindFloat, 3.0, `3`},
	{math.Inf(-1), crdt.KindFloat, math.Inf(-1), `"-Infinity"`},
	{"", crdt.KindText, "", `""`},
	{"né 👩‍👩‍👧 <&>", crdt.KindText, "né 👩‍👩‍👧 <&>", `"né 👩‍👩‍👧 <&>"`},
	{name("Ada"), crdt.KindText, "Ada", `"Ada"`},
	{crdt.ImmutableString("Ada\x00"), crdt.KindString, "Ada\x00", `"Ada\u0000"`},
	{crdt.ImmutableString(""), crdt.KindString, "", `""`},
	{[]byte{0, 255}, crdt.KindBytes, []byte{0, 255}, `"AP8="`},
	{[]byte{}, crdt.KindBytes, []byte{}, `""`},
	{json.RawMessage("{}"), crdt.KindBytes, []byte("{}"), `"e30="`},
	{noon.In(time.FixedZone("", 3600)).Add(999), crdt.KindTime, noon, `"2024-05-06T12:00:00.007Z"`},
	{crdt.Counter(-3), crdt.KindCounter, crdt.Counter(-3), `-3`},
	{map[string]any{}, crdt.KindMap, map[string]any{}, `{}`},
	{[]any{}, crdt.KindList, []any{}, `[]`},
	{[]string{"a", "b"}, crdt.KindList, []any{"a", "b"}, `["a","b"]`},
	{[2]int{1, 2}, crdt.KindList, []any{int64(1), int64(2)}, `[1,2]`},
	{
		map[name][]map[string]any{"x": {{"y": nil, "z": crdt.Counter(1)}}},
		crdt.KindMap,
		map[string]any{"x": []any{map[string]any{"y": nil, "z": crdt.Counter(1)}}},
		`{"x":[{"y":null,"z":1}]}`,
	},
}

func TestValuesComeBack(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("list", []any{}) })
	for _, w := range written {
		write := func(root crdt.Map) error {
			list := root.Get("list").List()
			return errors.Join(root.Set("key", w.value), list.Append(0, w.value), list.Set(list.Len()-2, w.value))
		}
		edit(t, d, write)
		_ = d.View(func(root crdt.Map) error {
			list := root.Get("list").List()
			for _, v := range []crdt.Value{root.Get("key"), list.Get(list.Len() - 1), list.Get(list.Len() - 2)} {
				text, err := v.MarshalJSON()
				if v.Kind() != w.kind || !reflect.DeepEqual(v.Any(), w.back) || string(text) != w.json {
					t.Errorf("%#v comes back as %s, %#v, %s, %v", w.value, v.Kind(), v.Any(), text, err)
				}
			}
			return nil
		})
		if again := edit(t, d, func(root crdt.Map) error { return root.Set("key", w.value) }); again != nil {
			t.Errorf("%#v written again makes %d operations", w.value, again.Ops)
		}
	}
}

// The first and the last time that a document can hold are kept, and the zero time.
func TestTimesAtTheEnds(t *testing.T) {
	for _, at := range []time.Time{{}, time.UnixMilli(math.MinInt64), time.UnixMilli(math.MaxInt64).Add(999_999)} {
		d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("t", at) })
		if err := d.View(func(root crdt.Map) error {
			if got := root.Get("t").Time(); got.UnixMilli() != at.UnixMilli() {
				t.Errorf("%v reads as %v", at, got)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsNoValue(t *testing.T) {
	deep := any(1)
	for range crdt.MaxDepth + 1 {
		deep = []any{deep}
	}
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("list", []any{1}) })
	for _, bad := range []struct {
		value any
		want  error
	}{
		{1 << 53, crdt.ErrUnsafeInteger},
		{[]int{1, -1 << 53}, crdt.ErrUnsafeInteger},
		{uint64(math.MaxUint64), crdt.ErrUnsafeInteger},
		{json.Number("123456789012345678901234567890"), crdt.ErrUnsafeInteger},
		{crdt.Counter(1 << 53), crdt.ErrUnsafeInteger},
		{time.Duration(math.MaxInt64), crdt.ErrUnsafeInteger},
		{time.Date(300_000_000, 1, 1, 0, 0, 0, 0, time.UTC), crdt.ErrInvalid},
		{[]any{time.Date(-300_000_000, 1, 1, 0, 0, 0, 0, time.UTC)}, crdt.ErrInvalid},
		{time.UnixMilli(math.MaxInt64).Add(time.Millisecond), crdt.ErrInvalid},
		{time.UnixMilli(math.MinInt64).Add(-1), crdt.ErrInvalid},
		{"\xff", crdt.ErrInvalid},
		{map[string]any{"\xff": 1}, crdt.ErrInvalid},
		{map[string]any{"": 1}, crdt.ErrEmptyKey},
		{map[int]any{1: 1}, crdt.ErrInvalid},
		{struct{ hidden int }{1}, crdt.ErrInvalid},
		{struct{ C chan int }{}, crdt.ErrInvalid},
		{func() {}, crdt.ErrInvalid},
		{deep, crdt.ErrTooDeep},
	} {
		c := edit(t, d, func(root crdt.Map) error {
			list := root.Get("list").List()
			for _, err := range []error{root.Set("key", bad.value), list.Append(1, bad.value), list.Set(0, bad.value)} {
				if !errors.Is(err, bad.want) {
					t.Errorf("%T: %v, want %v", bad.value, err, bad.want)
				}
			}
			return nil
		})
		if c != nil {
			t.Errorf("%T: refused, and yet %d operations", bad.value, c.Ops)
		}
	}
}

func TestDepthCountsFromTheRoot(t *testing.T) {
	d := newDoc(t, "ada", nil)
	edit(t, d, func(root crdt.Map) error {
		at := root
		for i := range crdt.MaxDepth {
			if err := at.Set("m", map[string]any{}); err != nil {
				t.Fatalf("level %d: %v", i, err)
			}
			at = at.Get("m").Map()
		}
		if err := at.Set("m", map[string]any{}); !errors.Is(err, crdt.ErrTooDeep) {
			t.Errorf("one more: %v", err)
		}
		return at.Set("scalar", 1)
	})
	if n := strings.Count(content(t, d), "{"); n != crdt.MaxDepth+1 {
		t.Errorf("%d maps", n)
	}
}

func TestSetKeepsWhatOthersEdit(t *testing.T) {
	a := newDoc(t, "ada", func(root crdt.Map) error {
		return errors.Join(root.Set("text", "The quick fox"), root.Set("n", crdt.Counter(5)),
			root.Set("plain", crdt.ImmutableString("x")))
	})
	b, err := a.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	edit(t, a, func(root crdt.Map) error {
		return errors.Join(root.Set("text", "The quick brown fox"), root.Set("n", crdt.Counter(7)), root.Set("plain", "y"))
	})
	edit(t, b, func(root crdt.Map) error {
		return errors.Join(root.Set("text", "A quick fox jumps"), root.Increment("n", -1))
	})
	if err := errors.Join(a.Merge(b), b.Merge(a)); err != nil {
		t.Fatal(err)
	}
	says(t, a, `{"n":6,"plain":"y","text":"A quick brown fox jumps"}`)
	says(t, b, content(t, a))
	_ = a.View(func(root crdt.Map) error {
		if kind := root.Get("plain").Kind(); kind != crdt.KindString {
			t.Errorf("a plain string became %s", kind)
		}
		return nil
	})
}

func TestMapsAndListsAreReadAndWritten(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error {
		return root.Set("x", map[string]any{"b": []any{"zero", 1, 2, 3}, "a": 1})
	})
	c := edit(t, d, func(root crdt.Map) error {
		x := root.Get("x").Map()
		list := root.At("x", "b").List()
		if keys := x.Keys(); !slices.Equal(keys, []string{"a", "b"}) || x.Len() != 2 {
			t.Errorf("keys %v of %d", keys, x.Len())
		}
		for key, v := range x.All() {
			if v.Kind() != x.Get(key).Kind() {
				t.Errorf("%s is %s", key, v.Kind())
			}
		}
		for i, v := range list.All() {
			if !reflect.DeepEqual(v.Any(), list.Get(i).Any()) {
				t.Errorf("%d is %v", i, v.Any())
			}
		}
		for _, v := range []crdt.Value{root.At("x", 0), root.At("x", "b", 9), root.At("x", "b", -1), root.At("y", "z"), root.Get("")} {
			if v.Exists() {
				t.Errorf("there is %v where nothing is", v.Any())
			}
		}
		return errors.Join(list.Delete(1, 2), list.Insert(1, "a", []any{}), x.Delete("a"), x.Delete("nothing"))
	})
	says(t, d, `{"x":{"b":["zero","a",[],3]}}`)
	if c.Ops != 2+2+1+1 {
		t.Errorf("%d operations", c.Ops)
	}
}

func TestPositionsAreChecked(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error {
		return errors.Join(root.Set("l", []any{}), root.Set("t", "héé"), root.Set("s", 1))
	})
	c := edit(t, d, func(root crdt.Map) error {
		l, text := root.Get("l").List(), root.Get("t").Text()
		for i, err := range []error{
			l.Delete(0, 1), l.Delete(-1, 0), l.Set(0, 1), l.Insert(1, 1), l.Insert(-1, 1), l.Increment(0, 1), l.Delete(0, math.MaxInt),
			text.Insert(4, "x"), text.Delete(1, 3), text.Splice(-1, 0, "x"), text.Splice(0, -1, "x"),
		} {
			if !errors.Is(err, crdt.ErrRange) {
				t.Errorf("%d: %v, want ErrRange", i, err)
			}
		}
		if err := text.Insert(0, "\xff"); !errors.Is(err, crdt.ErrInvalid) {
			t.Errorf("not UTF-8: %v", err)
		}
		for _, err := range []error{root.Increment("s", 1), root.Increment("nothing", 1)} {
			if !errors.Is(err, crdt.ErrNotCounter) {
				t.Errorf("%v, want ErrNotCounter", err)
			}
		}
		if err := root.Set("", 1); !errors.Is(err, crdt.ErrEmptyKey) {
			t.Errorf("an empty key: %v", err)
		}
		return nil
	})
	if c != nil {
		t.Errorf("all refused, and yet %d operations", c.Ops)
	}
}

func TestCountersCount(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error {
		return errors.Join(root.Set("n", crdt.Counter(1)), root.Set("l", []any{crdt.Counter(10), 5}))
	})
	edit(t, d, func(root crdt.Map) error {
		if err := root.Increment("n", 1<<53); !errors.Is(err, crdt.ErrUnsafeInteger) {
			t.Errorf("beyond what JavaScript reads: %v", err)
		}
		if err := root.Increment("n", math.MinInt64); !errors.Is(err, crdt.ErrUnsafeInteger) {
			t.Errorf("far beyond: %v", err)
		}
		return errors.Join(root.Increment("n", 4), root.Get("l").List().Increment(0, -3))
	})
	says(t, d, `{"l":[7,5],"n":5}`)
}
