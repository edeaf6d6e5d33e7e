package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// fill appends one change to each of n documents, in two collections by turns.
func fill(t *testing.T, s Store, m *Model, n int) {
	t.Helper()
	for i := 0; i < n; i += storage.MaxAppends {
		b := new(storage.Batch)
		for j := i; j < min(n, i+storage.MaxAppends); j++ {
			id := ID("ab"[j%2], uint32(j))
			b.Appends = append(b.Appends, storage.Append{Document: id, Changes: NewAuthor(uint64(j)).Chain(t, 1, 10)})
		}
		keep(t, s, m, b)
	}
}

func testSince(t *testing.T, s Store) {
	m := NewModel()
	fill(t, s, m, 1500)
	keep(t, s, m, appendTo(ID('c', 1), 0, NewAuthor(9000).Write(t, 10)))
	for _, after := range []storage.Seq{0, 1, 2, 511, 512, 513, 1499, 1500, 1501, 1 << 60} {
		for _, prefix := range [][]byte{nil, {'a'}, []byte("bcoll."), {'c'}, {'z'}} {
			var want []storage.Row
			for _, r := range m.Rows {
				if r.Seq > after && bytes.HasPrefix(r.Document[:], prefix) {
					want = append(want, r)
				}
			}
			if got := Collect(t, s.Since(background, after, prefix)); !slices.Equal(got, want) {
				t.Fatalf("after %d, %q: %v, want %v", after, prefix, numbers(got), numbers(want))
			}
		}
	}
}

func testDocuments(t *testing.T, s Store) {
	m := NewModel()
	fill(t, s, m, 1500)
	ids := m.IDs()
	for _, prefix := range [][]byte{nil, {'a'}, {'b'}, {'z'}, ids[3][:]} {
		for _, after := range []docid.ID{{}, ids[0], ids[600], ids[1499], ID('a', 3), {0xff}} {
			var want []docid.ID
			for _, id := range ids {
				if bytes.Compare(id[:], after[:]) > 0 && bytes.HasPrefix(id[:], prefix) {
					want = append(want, id)
				}
			}
			var got []docid.ID
			for _, info := range Collect(t, s.Documents(background, prefix, after)) {
				got = append(got, info.Document)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q after %s: %d documents, want %d", prefix, after, len(got), len(want))
			}
		}
	}
}

func testEntries(t *testing.T, s Store) {
	m := NewModel()
	for i := range 6 {
		b := new(storage.Batch)
		for j := range 200 {
			b.Puts = append(b.Puts, storage.Entry{Key: fmt.Appendf(nil, "%c/%d", 'p'+i%3, i*200+j), Value: fmt.Append(nil, j)})
		}
		keep(t, s, m, b)
	}
	keep(t, s, m, &storage.Batch{
		Deletes: [][]byte{[]byte("p/0"), []byte("p/1"), []byte("nothing")},
		Puts:    []storage.Entry{{Key: []byte("p/1"), Value: nil}, {Key: []byte{0xff}, Value: []byte("last")}},
	})
	Compare(t, s, m)
	if got := Collect(t, s.Scan(background, []byte("q/"))); len(got) != 400 {
		t.Fatalf("%d entries below q/, want 400", len(got))
	}
	value, err := s.Get([]byte("p/1"))
	if err != nil || len(value) != 0 {
		t.Fatalf("an empty value came back as %q, %v", value, err)
	}
	_, err = s.Get([]byte("p/0"))
	wantError(t, err, storage.ErrNotFound)
}

// testDeletePrefix lists and deletes more entries than a batch may: short keys, and
// keys so long that they count by their bytes.
func testDeletePrefix(t *testing.T, s Store) {
	m := NewModel()
	put := func(key []byte) {
		keep(t, s, m, &storage.Batch{Puts: []storage.Entry{{Key: key, Value: []byte("v")}}})
	}
	for i := range 2 * storage.MaxEntries / 128 {
		b := new(storage.Batch)
		for j := range 128 {
			b.Puts = append(b.Puts, storage.Entry{Key: fmt.Appendf(nil, "doc/%d/%d", i, j)})
		}
		keep(t, s, m, b)
	}
	for i := range 130 {
		put(append(bytes.Repeat([]byte("doc/"), storage.MaxKey/4-1), byte(i)))
	}
	for _, key := range []string{"doc", "doc.", "doc/", "doc0", "dod"} {
		put([]byte(key))
	}
	if err := s.DeletePrefix(background, []byte("nothing")); err != nil {
		t.Fatal(err)
	}
	Compare(t, s, m)
	isKey := func(key string) bool { return strings.HasPrefix(key, "doc/") }
	if err := s.DeletePrefix(background, []byte("doc/")); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(m.Entries, func(key, _ string) bool { return isKey(key) })
	if len(m.Entries) != 4 {
		t.Fatalf("%d entries are to stay, want 4", len(m.Entries))
	}
	Compare(t, s, m)
	if err := s.DeletePrefix(background, nil); err != nil {
		t.Fatal(err)
	}
	clear(m.Entries)
	Compare(t, s, m)
}

func testContexts(t *testing.T, s Store) {
	m := NewModel()
	fill(t, s, m, 10)
	ended, cancel := context.WithCancel(background)
	cancel()
	_, err := s.Commit(ended, appendTo(ID('x', 1), 0, NewAuthor(77).Write(t, 10)))
	wantError(t, err, context.Canceled)
	wantError(t, s.Purge(ended, ID('a', 0), nil), context.Canceled)
	keep(t, s, m, &storage.Batch{Puts: []storage.Entry{{Key: []byte("k")}}})
	wantError(t, s.DeletePrefix(ended, nil), context.Canceled)
	_, err = s.Renew(ended)
	wantError(t, err, context.Canceled)
	var errs []error
	for _, err := range s.Since(ended, 0, nil) {
		errs = append(errs, err)
	}
	for _, err := range s.Documents(ended, nil, docid.ID{}) {
		errs = append(errs, err)
	}
	for _, err := range s.Changes(ended, ID('a', 0), 0) {
		errs = append(errs, err)
	}
	for _, err := range s.Scan(ended, nil) {
		errs = append(errs, err)
	}
	if len(errs) != 4 || slices.ContainsFunc(errs, func(err error) bool { return !errors.Is(err, context.Canceled) }) {
		t.Fatalf("got %v, want four times %v", errs, context.Canceled)
	}
	Compare(t, s, m)
}

func testCheck(t *testing.T, s Store) {
	m := NewModel()
	fill(t, s, m, 3)
	if err := s.Check(background); err != nil {
		t.Fatal(err)
	}
	Compare(t, s, m)
}
