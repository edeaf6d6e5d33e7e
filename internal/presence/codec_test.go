package presence_test

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/internal/presence"
)

type cursor struct {
	Anchor int `json:"anchor"`
	Head   int `json:"head,omitempty"`
}

type named string

func (n named) MarshalText() ([]byte, error) { return []byte("<" + n + ">"), nil }

// spoken are Go values, what a JavaScript client makes of them (as the script
// spells it) and what a Go peer does.
var spoken = map[string]struct {
	say  any
	js   any
	read any
}{
	"nil":            {nil, nil, nil},
	"bools":          {[]bool{true, false}, []any{true, false}, []any{true, false}},
	"integers":       {[]int{0, 24, 65536, -1, -300, -2147483649}, []any{0.0, 24.0, 65536.0, -1.0, -300.0, -2147483649.0}, integers(0, 24, 65536, -1, -300, -2147483649)},
	"eight bytes":    {[]int64{1 << 32, 1 << 53, -(1 << 32) - 1, -(1 << 53)}, []any{float64(1 << 32), float64(1 << 53), float64(-(1 << 32) - 1), float64(-(1 << 53))}, integers(1<<32, 1<<53, -(1<<32)-1, -(1 << 53))},
	"unsigned":       {uint64(1 << 40), float64(1 << 40), int64(1 << 40)},
	"floats":         {[]float64{0.5, 3, 1e300}, []any{0.5, 3.0, 1e300}, []any{0.5, int64(3), 1e300}},
	"short floats":   {float32(0.25), 0.25, 0.25},
	"NaN":            {math.NaN(), special("number", "NaN"), math.NaN()},
	"infinity":       {math.Inf(-1), special("number", "-Infinity"), math.Inf(-1)},
	"text":           {"naïve 🪶" + strings.Repeat("x", 300), "naïve 🪶" + strings.Repeat("x", 300), "naïve 🪶" + strings.Repeat("x", 300)},
	"bytes":          {[]byte{0, 255}, special("bytes", "00ff"), []byte{0, 255}},
	"an array":       {[2]byte{1, 2}, special("bytes", "0102"), []byte{1, 2}},
	"a time":         {time.Date(2024, 2, 29, 12, 34, 56, 789e6, time.FixedZone("", 3600)), special("date", "2024-02-29T11:34:56.789Z"), time.Date(2024, 2, 29, 11, 34, 56, 789e6, time.UTC)},
	"a late time":    {time.Date(2345, 6, 7, 0, 0, 0, 0, time.UTC), special("date", "2345-06-07T00:00:00.000Z"), time.Date(2345, 6, 7, 0, 0, 0, 0, time.UTC)},
	"no time":        {time.Time{}, nil, nil},
	"a struct":       {cursor{Anchor: 7}, map[string]any{"anchor": 7.0}, map[string]any{"anchor": int64(7)}},
	"a pointer":      {&cursor{Head: 1}, map[string]any{"anchor": 0.0, "head": 1.0}, map[string]any{"anchor": int64(0), "head": int64(1)}},
	"what has text":  {named("Ada"), "<Ada>", "<Ada>"},
	"nil containers": {map[string]any{"list": []string(nil), "map": map[string]int(nil), "bytes": []byte(nil)}, map[string]any{"list": []any{}, "map": map[string]any{}, "bytes": special("bytes", "")}, map[string]any{"list": []any{}, "map": map[string]any{}, "bytes": []byte{}}},
	"integer keys":   {map[int]string{1: "one", -2: "two"}, map[string]any{"1": "one", "-2": "two"}, map[string]any{"1": "one", "-2": "two"}},
	"nested":         {map[string]any{"a": []any{map[string]any{"b": []int{1}}}}, map[string]any{"a": []any{map[string]any{"b": []any{1.0}}}}, map[string]any{"a": []any{map[string]any{"b": []any{int64(1)}}}}},
	"many":           {count(10_000)[9_000:], floats(10_000)[9_000:], count(10_000)[9_000:]},
}

// special is how the script spells what JSON has no word for.
func special(kind, is string) map[string]any { return map[string]any{"$": kind, "is": is} }

func floats(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = float64(i)
	}
	return list
}

func TestReadsWhatItWrites(t *testing.T) {
	for name, c := range spoken {
		data := encoded(t, c.say)
		got, err := presence.Decode(data)
		if err != nil || !same(got, c.read) {
			t.Errorf("%s: got %#v (%v), want %#v", name, got, err, c.read)
		}
		if again := encoded(t, c.say); !bytes.Equal(again, data) {
			t.Errorf("%s is written in two ways:\n%x\n%x", name, data, again)
		}
	}
}

func TestRefusesWhatJavaScriptWouldMisread(t *testing.T) {
	deep := any(nil)
	for range 40 {
		deep = []any{deep}
	}
	for name, c := range map[string]struct {
		say any
		err error
	}{
		"an integer that loses digits":  {map[string]any{"id": int64(1<<53 + 1)}, presence.ErrValue},
		"a negative one":                {[]int64{-(1 << 53) - 1}, presence.ErrValue},
		"the largest":                   {uint64(math.MaxUint64), presence.ErrValue},
		"a big integer":                 {big.NewInt(1), presence.ErrValue},
		"a channel":                     {make(chan int), presence.ErrValue},
		"a string that isn't UTF-8":     {map[string]any{"name": "a\xff"}, presence.ErrValue},
		"a key that isn't UTF-8":        {map[string]any{"a\xff": 1}, presence.ErrValue},
		"a key of another type":         {map[bool]int{true: 1}, presence.ErrValue},
		"a key that occurs twice":       {map[any]int{1: 1, "1": 2}, presence.ErrValue},
		"a date that JavaScript lacks":  {time.Date(300_000, 1, 1, 0, 0, 0, 0, time.UTC), presence.ErrValue},
		"what is nested without end":    {deep, presence.ErrValue},
		"what no relay would pass on":   {make([]byte, presence.MaxPayload), presence.ErrTooLarge},
		"a list that is much too large": {make([]int, presence.MaxPayload), presence.ErrTooLarge},
	} {
		if data, err := presence.Encode(c.say); !errors.Is(err, c.err) {
			t.Errorf("%s: got %v and %x, want %v", name, err, data, c.err)
		}
	}
	if _, err := presence.Encode(make([]byte, presence.MaxPayload-3)); err != nil {
		t.Errorf("the largest payload: %v", err)
	}
}

func TestReadsTolerantly(t *testing.T) {
	for name, c := range map[string]struct {
		hex  string
		want any
	}{
		"a tagged byte string":        {"d840420102", []byte{1, 2}},
		"a map of indefinite length":  {"bf6161f5ff", map[string]any{"a": true}},
		"a list of indefinite length": {"9f0102ff", integers(1, 2)},
		"text in pieces":              {"7f61616162ff", "ab"},
		"a tag nobody knows":          {"d9ffff05", int64(5)},
		"a half-sized float":          {"f93e00", 1.5},
		"a single-size float":         {"fa40400000", int64(3)},
		"a date in text":              {"c0" + "74" + hexed([]byte("2024-02-29T12:34:56Z")), time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)},
	} {
		if got, err := presence.Decode(unhex(t, c.hex)); err != nil || !same(got, c.want) {
			t.Errorf("%s: got %#v (%v), want %#v", name, got, err, c.want)
		}
	}
}

func TestRefusesWhatIsNoPayload(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing":                 {},
		"half of something":       unhex(t, "a16161"),
		"something and more":      unhex(t, "f6f6"),
		"a length that lies":      unhex(t, "9b7fffffffffffffff"),
		"a map that lies":         unhex(t, "bb7fffffffffffffff"),
		"text that lies":          unhex(t, "7b7fffffffffffffff"),
		"a simple value":          unhex(t, "e0"),
		"a key that occurs twice": unhex(t, "a2616101616102"),
		"keys that become one":    unhex(t, "a20101613102"),
		"a list as a key":         unhex(t, "a18001"),
		"null as a key":           unhex(t, "a1f601"),
		"a number as a date":      unhex(t, "c16161"),
		"a date out of range":     unhex(t, "c11b0fffffffffffffff"),
		"nested without end":      bytes.Repeat([]byte{0x81}, 5000),
	} {
		if v, err := presence.Decode(data); !errors.Is(err, presence.ErrMalformed) {
			t.Errorf("%s: got %#v, %v", name, v, err)
		}
	}
	if _, err := presence.Decode(make([]byte, presence.MaxPayload+1)); !errors.Is(err, presence.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := presence.Parse(make([]byte, presence.MaxPayload+1)); !errors.Is(err, presence.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

// The worst payloads of the largest size, by what they allocate in all.
func TestMemoryIsBounded(t *testing.T) {
	const limit = 32 << 20
	for name, item := range map[string]string{
		"empty maps": "a0", "empty lists": "80", "numbers": "1903e8", "nulls": "f6",
		"maps of one": "a16001", "lists of one": "8100", "tags": "c6c6c6c6c6c600", "big integers": "c24101",
	} {
		piece := unhex(t, item)
		n := (presence.MaxPayload - 8) / len(piece)
		data := append([]byte{0x99, byte(n >> 8), byte(n)}, bytes.Repeat(piece, n)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := presence.Decode(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > limit {
			t.Errorf("%s: %d bytes allocated for %d", name, took, len(data))
		}
	}
}

// FuzzDecode: nothing panics, and what was read can be written and read again,
// but for integers that JavaScript wouldn't read.
func FuzzDecode(f *testing.F) {
	r := load(f)
	for _, s := range append(r.Samples, r.Messages...) {
		f.Add(unhex(f, s.Hex))
	}
	for _, c := range spoken {
		f.Add(encoded(f, c.say))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzRoster(t, data)
		first, err := presence.Decode(data)
		if err != nil {
			if !errors.Is(err, presence.ErrMalformed) && !errors.Is(err, presence.ErrTooLarge) {
				t.Fatalf("no reason: %v", err)
			}
			return
		}
		again, err := presence.Encode(first)
		if errors.Is(err, presence.ErrValue) && exceedsJavaScript(first) {
			return
		}
		if errors.Is(err, presence.ErrTooLarge) && len(data) > presence.MaxPayload/9 {
			return // numbers can become longer
		}
		if err != nil {
			t.Fatalf("can't write %#v: %v", first, err)
		}
		if second, err := presence.Decode(again); err != nil || !same(first, second) {
			t.Fatalf("read %#v, then %#v (%v); %x", first, second, err, again)
		}
	})
}

// exceedsJavaScript reports whether there is a BigInt in a value.
func exceedsJavaScript(v any) bool {
	switch v := v.(type) {
	case *big.Int:
		return true
	case int64:
		return v > 1<<53 || v < -(1<<53)
	case []any:
		return slices.ContainsFunc(v, exceedsJavaScript)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), exceedsJavaScript)
	default:
		return false
	}
}

// fuzzRoster gives the bytes to a roster, inside a presence message too.
func fuzzRoster(t *testing.T, data []byte) {
	roster := started(t, nil)
	for _, payload := range [][]byte{
		data,
		append([]byte("\xa1\x6a__presence"), data...),
		append([]byte("\xa1\x6a__presence\xa2\x64type\x68snapshot\x65state"), data...),
		append([]byte("\xa1\x6a__presence\xa3\x64type\x66update\x67channel\x62at\x65value"), data...),
	} {
		m, err := presence.Parse(payload)
		if err != nil {
			continue
		}
		for _, e := range roster.Receive(start, ada, m) {
			e.Person.State()
		}
	}
	for _, p := range roster.Others() {
		p.State()
	}
}
