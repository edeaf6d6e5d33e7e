package query_test

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/query"
)

// checkKeys fails unless the keys of two values compare as the values do.
func checkKeys(t interface{ Fatalf(string, ...any) }, a, b any) {
	want := compare(a, b)
	ka, kb := query.Key(a, query.Whole), query.Key(b, query.Whole)
	if got := bytes.Compare(ka, kb); got != want {
		t.Fatalf("%v (%x) and %v (%x) compare as %d, want %d", a, ka, b, kb, got, want)
	}
	if want != 0 && (bytes.HasPrefix(ka, kb) || bytes.HasPrefix(kb, ka)) {
		t.Fatalf("the key of %v (%x) or of %v (%x) begins with the other", a, ka, b, kb)
	}
	ka, kb = query.Key(a, query.MaxKey), query.Key(b, query.MaxKey)
	if got := bytes.Compare(ka, kb); got != 0 && got != want || len(ka) > query.MaxKey {
		t.Fatalf("%v (%x) and %v (%x) compare as %d when cut, want %d", a, ka, b, kb, got, want)
	}
}

func TestKeysCompareAsValues(t *testing.T) {
	for _, a := range scalars {
		for _, b := range scalars {
			checkKeys(t, a, b)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.OneOf(
			rapid.Map(rapid.Int64(), func(n int64) any { return n }),
			rapid.Map(rapid.Uint64(), func(n uint64) any { return n }),
			rapid.Map(rapid.Float64(), func(f float64) any { return f }),
			rapid.Map(rapid.Int64(), func(n int64) any { return float64(n) }),
		)
		checkKeys(t, value(t), value(t))
		checkKeys(t, numbers.Draw(t, "a"), numbers.Draw(t, "b"))
	})
}

func FuzzKeys(f *testing.F) {
	f.Add(int64(1), uint64(1), 1.0, "a", "a\x00")
	f.Add(int64(1<<53+1), uint64(1<<53), float64(1<<53), "é", "e\u0301")
	f.Add(int64(math.MinInt64), uint64(math.MaxUint64), -float64(1<<63), long, long+"x")
	f.Fuzz(func(t *testing.T, i int64, u uint64, x float64, s, r string) {
		all := []any{i, u, x, float64(i), float64(u), s, r, []byte(s), []byte(r), s + r, nil, true}
		for _, a := range all {
			for _, b := range all {
				if _, ok := a.(string); ok && (string([]rune(s)) != s || string([]rune(r)) != r) {
					continue // no runes to compare
				}
				checkKeys(t, a, b)
			}
		}
	})
}

// Numbers that people use are short, since there are many of them in an index.
func TestKeysAreShort(t *testing.T) {
	for size, values := range map[int][]any{
		1:  {nil, true, false, math.NaN(), []any{1, 2}, map[string]any{"a": 1}},
		3:  {0},
		4:  {1, 2, 30, 255, -7, 0.5, 1024},
		5:  {2026, 10_000, 19.75},
		11: {int64(1<<53) - 1, 0.1},
		12: {uint64(math.MaxUint64)},
		6:  {"abcd", []byte("abcd")},
	} {
		for _, v := range values {
			if key := query.Key(v, query.MaxKey); len(key) > size {
				t.Errorf("the key of %v has %d bytes, want %d", v, len(key), size)
			}
		}
	}
}

// However long and many its values are, a record's entries are bounded.
func TestEntriesAreBounded(t *testing.T) {
	var list []any
	for i := range 100_000 {
		list = append(list, i)
	}
	x := query.Index{Fields: []string{"a", "b", "c", "d"}}
	r := record{"a": long + long, "b": list, "c": long + long, "d": append(list[:40:40], []any{1}, map[string]any{}, 3, 3.0)}
	entries := x.Writer().Keys(docid.ID{1}, r)
	if len(entries) != 1+1+40 {
		t.Errorf("%d entries, want one, one for the long list, and 40", len(entries))
	}
	for _, r := range []record{
		{"a": long + long, "b": long + long, "c": list[:40], "d": list[:200]},                // too many bytes
		{"a": list[:40], "b": list[:200:200], "c": append(list[:130:130], 1), "d": list[:1]}, // too many
	} {
		if entries := x.Writer().Keys(docid.ID{1}, r); len(entries) > query.MaxEntries || len(entries) != 1+40+1 && len(entries) != 1+40+200+1+1 {
			t.Errorf("of lists that are too much together there are %d entries", len(entries))
		}
	}
	for _, key := range entries {
		if len(key) > 1+query.MaxIndexFields*query.MaxKey+docid.Size {
			t.Fatalf("a key of %d bytes", len(key))
		}
	}
	if !slices.IsSortedFunc(entries, bytes.Compare) {
		t.Error("the keys aren't in order")
	}
}

// A prefix is in all keys, and decides about none.
func TestKeysBeginWithAPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := record{"a": value(t), "b": value(t)}
		x := query.Index{Fields: []string{"a", "b"}}
		keys, prefixed := x.Writer().Keys(docid.ID{1}, r), x.Writer(7, 8).Keys(docid.ID{1}, r)
		if !slices.EqualFunc(keys, prefixed, func(k, p []byte) bool { return bytes.Equal(append([]byte{7, 8}, k...), p) }) {
			t.Fatalf("%x with a prefix are %x", keys, prefixed)
		}
	})
}

func TestDiff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.Map(rapid.SliceOfDistinct(rapid.IntRange(0, 9), rapid.ID[int]), func(set []int) (all [][]byte) {
			for _, n := range slices.SortedFunc(slices.Values(set), cmp.Compare[int]) {
				all = append(all, []byte{byte(n)})
			}
			return all
		})
		before, after := lists.Draw(t, "before"), lists.Draw(t, "after")
		gone, come := query.Diff(before, after)
		left := slices.DeleteFunc(slices.Clone(before), func(k []byte) bool { return has(gone, k) })
		for _, key := range come {
			if has(before, key) {
				t.Fatalf("%x has come and was there", key)
			}
		}
		got := slices.SortedFunc(slices.Values(append(left, come...)), bytes.Compare)
		if !slices.EqualFunc(got, after, bytes.Equal) || len(gone)+len(left)-len(come) != len(before)-len(come) {
			t.Fatalf("%x becomes %x, want %x", before, got, after)
		}
	})
}

func has(all [][]byte, key []byte) bool {
	return slices.ContainsFunc(all, func(k []byte) bool { return bytes.Equal(k, key) })
}
