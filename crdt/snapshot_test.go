package crdt_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt"
)

// snapshot returns a snapshot of what a document says.
func snapshot(tb testing.TB, d *crdt.Doc) (s crdt.Snapshot) {
	tb.Helper()
	err := d.View(func(root crdt.Map) (err error) {
		s, err = root.Snapshot(nil)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// kinds holds a value of each kind.
var kinds = map[string]any{
	"null": nil, "yes": true, "no": false, "int": -500, "large": crdt.Int64(math.MinInt64), "uint": crdt.Uint64(24),
	"float": 1.5, "string": crdt.ImmutableString("é"), "text": "text", "bytes": []byte{0, 255}, "time": noon,
	"counter": crdt.Counter(-3), "list": []any{1, []any{}}, "map": map[string]any{"a": map[string]any{}},
}

// The bytes of a snapshot are stored, so they must stay what they are.
func TestSnapshotBytes(t *testing.T) {
	const golden = "01ae" +
		"656279746573" + "4200ff" +
		"67636f756e746572" + "c822" +
		"65666c6f6174" + "fb3ff8000000000000" +
		"63696e74" + "3901f3" +
		"656c61726765" + "3b7fffffffffffffff" +
		"646c697374" + "820180" +
		"636d6170" + "a16161a0" +
		"626e6f" + "f4" +
		"646e756c6c" + "f6" +
		"66737472696e67" + "c662c3a9" +
		"6474657874" + "6474657874" +
		"6474696d65" + "c91b0000018f4dc66a07" +
		"6475696e74" + "c71818" +
		"63796573" + "f5"
	d := newDoc(t, "ada", nil)
	write(t, d, kinds)
	if got := hex.EncodeToString(snapshot(t, d)); got != golden {
		t.Errorf("the snapshot is\n%s, want\n%s", got, golden)
	}
}

// A snapshot within a limit is the snapshot, or, one byte below, none.
func TestSnapshotWithin(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDoc(t, "ada", nil)
		defer d.Close()
		write(t, d, drawMap(rt, 0))
		whole := snapshot(t, d)
		limit := len(whole) + rapid.IntRange(-len(whole), 8).Draw(rt, "beyond")
		var want crdt.Snapshot
		if len(whole) <= limit {
			want = whole
		}
		if err := d.View(func(root crdt.Map) error {
			got, err := root.SnapshotWithin(limit, nil)
			if !bytes.Equal(got, want) || (got == nil) != (want == nil) {
				rt.Fatalf("within %d bytes of %d it is %x, want %x", limit, len(whole), got, want)
			}
			return err
		}); err != nil {
			rt.Fatal(err)
		}
	})
}

// TestSnapshotSaysWhatTheDocumentSays also asks another decoder of CBOR.
func TestSnapshotSaysWhatTheDocumentSays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDoc(t, "ada", nil)
		defer d.Close()
		write(t, d, drawMap(rt, 0))
		s := snapshot(t, d)
		var want map[string]any
		_ = d.View(func(root crdt.Map) error { want = root.Any(); return nil })
		if got := s.Any(); !reflect.DeepEqual(got, want) {
			rt.Fatalf("the snapshot says %#v, want %#v", got, want)
		}
		var hydrated map[string]any
		if err := s.Hydrate(&hydrated); err != nil || !reflect.DeepEqual(hydrated, want) {
			rt.Fatalf("hydrated to %#v, %v; want %#v", hydrated, err, want)
		}
		for key, value := range want {
			if got, ok := s.Lookup(key); !ok || !reflect.DeepEqual(got, value) {
				rt.Fatalf("at %s stands %#v, want %#v", key, got, value)
			}
			if inner, ok := value.(map[string]any); ok {
				for deeper, value := range inner {
					if got, ok := s.Lookup(key, deeper); !ok || !reflect.DeepEqual(got, value) {
						rt.Fatalf("at %s.%s stands %#v, want %#v", key, deeper, got, value)
					}
				}
			}
		}
		decode, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden}.DecMode()
		if err != nil {
			rt.Fatal(err)
		}
		var other map[string]any
		if err := decode.Unmarshal(s[1:], &other); err != nil || len(other) != len(want) {
			rt.Fatalf("as CBOR it is %v, %v", other, err)
		}
	})
}

func TestSnapshotLookup(t *testing.T) {
	d := newDoc(t, "ada", nil)
	write(t, d, kinds)
	s := snapshot(t, d)
	for path, want := range map[string]any{
		"int": int64(-500), "large": int64(math.MinInt64), "uint": uint64(24), "float": 1.5, "string": "é", "text": "text",
		"bytes": []byte{0, 255}, "time": noon, "counter": crdt.Counter(-3), "yes": true, "null": nil, "map/a": map[string]any{},
	} {
		if got, ok := s.Lookup(strings.Split(path, "/")...); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("at %s stands %#v, want %#v", path, got, want)
		}
	}
	for _, path := range []string{"nothing", "a", "zzz", "map/b", "int/a", "list/0", "map/a/b"} {
		if got, ok := s.Lookup(strings.Split(path, "/")...); ok {
			t.Errorf("at %s stands %#v", path, got)
		}
	}
	_ = d.View(func(root crdt.Map) error {
		part, err := root.Snapshot(func(key string) bool { return key != "map" && key != "a" })
		if got := part.Any(); err != nil || !reflect.DeepEqual(got, map[string]any{"map": map[string]any{"a": map[string]any{}}}) {
			t.Errorf("a part says %v, %v", got, err)
		}
		none, err := root.Get("nothing").Map().Snapshot(nil)
		if err != nil || len(none.Any()) != 0 {
			t.Errorf("nothing says %v, %v", none.Any(), err)
		}
		return nil
	})
}

// A snapshot that was cut off, or of which a byte has changed, is an error, or
// it is another snapshot.
func TestDamagedSnapshots(t *testing.T) {
	d := newDoc(t, "ada", nil)
	write(t, d, full())
	s := snapshot(t, d)
	for n := range s {
		var v everything
		if err := s[:n].Hydrate(&v); !errors.Is(err, crdt.ErrDamaged) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	if err := append(s, 0).Hydrate(new(everything)); !errors.Is(err, crdt.ErrDamaged) {
		t.Errorf("too long: %v", err)
	}
	for _, bad := range []string{
		"", "02a0", "0180", "01bf", "01a1", "01bbffffffffffffffff", "01a16161" + "9affffffff", "01a16161" + "5bffffffffffffffff",
		"01a16161" + "f8ff", "01a16161" + "d80100", "01a16161" + "1bffffffffffffffff", "01a16161" + "61ff", "01a10101",
		"01a2616201616101", "01a2616101616101", "01a16001", "01a16161" + "c720", "01a16161" + strings.Repeat("81", 600) + "00",
	} {
		data, err := hex.DecodeString(bad)
		if err != nil {
			t.Fatal(err)
		}
		s := crdt.Snapshot(data)
		var free map[string]any
		if err := s.Hydrate(&free); !errors.Is(err, crdt.ErrDamaged) {
			t.Errorf("%s: %v, %v", bad, free, err)
		}
	}
}

func FuzzSnapshot(f *testing.F) {
	for _, v := range []any{full(), kinds, card{}} {
		d := newDoc(f, "ada", nil)
		write(f, d, v)
		f.Add([]byte(snapshot(f, d)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := crdt.Snapshot(data)
		typed := s.Hydrate(new(everything))
		var free map[string]any
		if err := s.Hydrate(&free); err != nil { // in any, everything fits
			if !errors.Is(err, crdt.ErrDamaged) || s.Any() != nil {
				t.Fatalf("%v, but it says %v", err, s.Any())
			}
			return
		}
		if errors.Is(typed, crdt.ErrDamaged) {
			t.Fatal(typed)
		}
		if all := s.Any(); len(all) != len(free) {
			t.Fatalf("it says %v, but hydrated is %v", all, free)
		}
		for key := range free {
			if _, ok := s.Lookup(key); !ok {
				t.Fatalf("there is no %q", key)
			}
		}
	})
}
