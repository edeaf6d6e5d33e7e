package presence_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"math/big"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/internal/presence"
)

const golden = "testdata/js-2.5.6.json"

var record = flag.Bool("record", false, "write "+golden+" anew")

// recording is what automerge-repo wrote, see testdata/presence.mjs.
type recording struct {
	Recorded map[string]string `json:"recorded"`
	Samples  []frame           `json:"samples"`
	Messages []frame           `json:"messages"`
}

type frame struct {
	Name string `json:"name"`
	Hex  string `json:"hex"`
}

// samples are what the script's values of the same names mean in Go.
var samples = map[string]any{
	"null":      nil,
	"undefined": nil,
	"bools":     []any{true, false},
	"small integers": integers(0, 23, 24, 255, 256, 65535, 65536, 4294967295,
		-1, -24, -25, -256, -257, -65537, -2147483648, -4294967296),
	"large integers":  integers(4294967296, 1700000000000, 1<<53, -(1 << 53), -4294967297),
	"beyond integers": []any{float64(1 << 54), 1e300, 0.5, -0.25},
	"no numbers":      []any{math.NaN(), math.Inf(1), math.Inf(-1)},
	"minus zero":      int64(0),
	"bigints":         []any{int64(5), int64(-5), int64(math.MaxInt64), new(big.Int).Lsh(big.NewInt(1), 64)},
	"strings":         []any{"", "Ada", "naïve 🪶 语", strings.Repeat("x", 300)},
	"half an emoji":   "a\uFFFD",
	"bytes":           []byte{0, 1, 255},
	"array buffer":    []byte{7, 8},
	"typed array":     []byte{1, 0, 2, 0},
	"dates": []any{
		time.Date(2024, 2, 29, 12, 34, 56, 789e6, time.UTC),
		time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC),
		time.Date(1969, 7, 20, 20, 17, 40, 250e6, time.UTC),
		time.Date(2345, 6, 7, 0, 0, 0, 0, time.UTC),
	},
	"no date": nil,
	"nested": map[string]any{
		"cursor": map[string]any{"anchor": int64(3), "head": int64(9)},
		"list":   []any{int64(1), []any{int64(2), map[string]any{"three": []any{}}}},
		"none":   nil, "nothing": nil, "": map[string]any{},
	},
	"keys":  map[string]any{"1": "one", "naïve": int64(2), "type": int64(3), "__presence_": int64(4)},
	"set":   []any{int64(1), "two"},
	"map":   map[string]any{"one": int64(1), "2": "two"},
	"error": []any{"Error", "no"},
	"many":  count(5000),
}

func integers(numbers ...int64) []any {
	list := make([]any, len(numbers))
	for i, n := range numbers {
		list[i] = n
	}
	return list
}

func count(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = int64(i)
	}
	return list
}

func TestReadsWhatJavaScriptBroadcasts(t *testing.T) {
	if *record {
		recordGolden(t)
	}
	read := map[string]bool{}
	for _, f := range load(t).Samples {
		want, known := samples[f.Name]
		if !known {
			t.Errorf("%s: not in the table", f.Name)
		}
		got, err := presence.Decode(unhex(t, f.Hex))
		if err != nil || !same(got, want) {
			t.Errorf("%s: got %#v (%v), want %#v", f.Name, got, err, want)
		}
		if _, err := presence.Parse(unhex(t, f.Hex)); !errors.Is(err, presence.ErrOther) {
			t.Errorf("%s: taken for presence: %v", f.Name, err)
		}
		read[f.Name] = true
	}
	for name := range samples {
		if !read[name] {
			t.Errorf("%s: not recorded", name)
		}
	}
}

func TestReadsWhatJavaScriptPresenceSays(t *testing.T) {
	roster := started(t, nil)
	for _, f := range load(t).Messages {
		m, err := presence.Parse(unhex(t, f.Hex))
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if string(m.Kind) != f.Name {
			t.Errorf("read a %s, recorded a %s", m.Kind, f.Name)
		}
		events := roster.Receive(start, ada, m)
		switch m.Kind {
		case presence.Snapshot:
			expect(t, events, presence.Joined, ada, map[string]any{"name": "Ada", "at": int64(0), "gone": nil})
		case presence.Update:
			expect(t, events, presence.Changed, ada, map[string]any{
				"name": "Ada", "at": map[string]any{"anchor": int64(3), "head": 3.5}, "gone": nil,
			})
		case presence.Heartbeat:
			if len(events) != 0 {
				t.Errorf("a heartbeat changed something: %v", events)
			}
		case presence.Goodbye:
			expect(t, events, presence.Left, ada, nil)
		}
	}
}

// recordGolden has the real thing write all that the tests above read.
func recordGolden(t *testing.T) {
	js := startJS(t)
	r := recording{Recorded: js.ready.Versions}
	for _, name := range js.ready.Samples {
		js.tell("broadcast", command{"sample": name})
		r.Samples = append(r.Samples, frame{name, js.await("said").Data})
	}
	js.tell("start", command{"state": command{"name": "Ada", "at": 0, "gone": nil}, "heartbeatMs": 1000})
	r.Messages = append(r.Messages, frame{"snapshot", js.await("said").Data})
	js.tell("set", command{"channel": "at", "value": command{"anchor": 3, "head": 3.5}})
	r.Messages = append(r.Messages, frame{"update", js.await("said").Data})
	r.Messages = append(r.Messages, frame{"heartbeat", js.await("said").Data})
	js.tell("stop", nil)
	r.Messages = append(r.Messages, frame{"goodbye", js.await("said").Data})
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(golden, append(data, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB) recording {
	t.Helper()
	data, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Samples) == 0 || len(r.Messages) != 4 {
		t.Fatalf("%s holds %d samples and %d messages", golden, len(r.Samples), len(r.Messages))
	}
	return r
}

// same is equality in which NaN equals itself.
func same(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || math.IsNaN(a) && math.IsNaN(b))
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k := range a {
			if other, has := b[k]; !has || !same(a[k], other) {
				return false
			}
		}
		return true
	default:
		return reflect.DeepEqual(a, b)
	}
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	data, err := presence.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func hexed(b []byte) string { return hex.EncodeToString(b) }
