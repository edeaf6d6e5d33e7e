package storagetest

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// TB is the part of testing.TB that comparisons need; rapid's T has it too.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

// Compare fails the test if a store doesn't hold exactly what a model does.
func Compare(tb TB, s Reader, m *Model) {
	tb.Helper()
	ctx := background
	if got, want := s.LastSeq(), storage.Seq(len(m.Rows)); got != want {
		tb.Fatalf("LastSeq is %d, want %d", got, want)
	}
	if rows := Collect(tb, s.Since(ctx, 0, nil)); !slices.Equal(rows, m.Rows) {
		tb.Fatalf("journal is\n%v, want\n%v", rows, m.Rows)
	}
	infos := Collect(tb, s.Documents(ctx, nil, docid.ID{}))
	if len(infos) != len(m.Documents) {
		tb.Fatalf("%d documents, want %d", len(infos), len(m.Documents))
	}
	for i, id := range m.IDs() {
		if err := sameInfo(infos[i], m.Info(id)); err != nil {
			tb.Fatal("listed:", err)
		}
		compareDocument(tb, s, m, id)
	}
	compareEntries(tb, s, m)
	compareRange(tb, s, m, storage.Range{Reverse: true})
	middle := storage.Seq(len(m.Rows) / 2)
	if rows := Collect(tb, s.Since(ctx, middle, nil)); !slices.Equal(rows, m.Rows[middle:]) {
		tb.Fatalf("journal after %d is\n%v, want\n%v", middle, rows, m.Rows[middle:])
	}
}

func compareDocument(tb TB, s Reader, m *Model, id docid.ID) {
	tb.Helper()
	info, err := s.Document(id)
	if err == nil {
		err = sameInfo(info, m.Info(id))
	}
	if err != nil {
		tb.Fatal("document:", err)
	}
	chunks := Collect(tb, s.Changes(background, id, 0))
	if !slices.EqualFunc(chunks, m.Documents[id].Chunks, bytes.Equal) {
		tb.Fatalf("%s holds %d changes, want %d of the same bytes", id, len(chunks), m.Length(id))
	}
}

func compareEntries(tb TB, s Reader, m *Model) {
	tb.Helper()
	entries := Collect(tb, s.Scan(background, nil))
	keys := slices.Sorted(maps.Keys(m.Entries))
	if len(entries) != len(keys) {
		tb.Fatalf("%d entries, want %d", len(entries), len(keys))
	}
	for i, k := range keys {
		if string(entries[i].Key) != k || string(entries[i].Value) != m.Entries[k] {
			tb.Fatalf("entry %d is %q: %q, want %q: %q", i, entries[i].Key, entries[i].Value, k, m.Entries[k])
		}
	}
}

func sameInfo(got, want storage.Info) error {
	if got.Document != want.Document || got.Changes != want.Changes || got.Bytes != want.Bytes ||
		got.Born != want.Born || got.Last != want.Last || !slices.Equal(got.Heads, want.Heads) {
		return fmt.Errorf("got %+v, want %+v", got, want)
	}
	return nil
}

// Collect returns all that an iterator yields, and fails the test if that ends
// with an error.
func Collect[T any](tb TB, seq iter.Seq2[T, error]) []T {
	tb.Helper()
	var all []T
	for v, err := range seq {
		if err != nil {
			tb.Fatalf("after %d: %v", len(all), err)
		}
		all = append(all, v)
	}
	return all
}

// numbers returns the sequence numbers of rows.
func numbers(rows []storage.Row) []storage.Seq {
	out := make([]storage.Seq, len(rows))
	for i, r := range rows {
		out[i] = r.Seq
	}
	return out
}
