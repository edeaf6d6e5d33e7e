package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

var background = context.Background()

// appendTo makes a batch of one append.
func appendTo(id docid.ID, base int, changes ...*change.Change) *storage.Batch {
	return &storage.Batch{Appends: []storage.Append{{Document: id, Base: base, Changes: changes}}}
}

// keep commits a batch, checks the sequence number and returns it.
func keep(t *testing.T, s Store, m *Model, b *storage.Batch) storage.Seq {
	t.Helper()
	seq, err := s.Commit(background, b)
	if err != nil {
		t.Fatal("commit:", err)
	}
	if want := m.Apply(b); seq != want {
		t.Fatalf("commit returned %d, want %d", seq, want)
	}
	return seq
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func testEmpty(t *testing.T, s Store) {
	Compare(t, s, NewModel())
	if s.Incarnation() == (storage.Incarnation{}) {
		t.Error("a store has no incarnation")
	}
	_, err := s.Document(ID('a', 1))
	wantError(t, err, storage.ErrNotFound)
	_, err = s.Get([]byte("key"))
	wantError(t, err, storage.ErrNotFound)
	for _, err := range s.Changes(background, ID('a', 1), 0) {
		wantError(t, err, storage.ErrNotFound)
	}
}

func testAppend(t *testing.T, s Store) {
	m, author := NewModel(), NewAuthor(1)
	first := author.Chain(t, 3, 10)
	keep(t, s, m, appendTo(ID('a', 1), 0, first...))
	b := appendTo(ID('a', 1), 3, author.Chain(t, 2, 10, first[2].Hash)...)
	b.Appends = append(b.Appends, storage.Append{
		Document: ID('a', 2), Changes: NewAuthor(2).Chain(t, 1, 10),
		Origin: storage.Incarnation{1, 2, 3},
	})
	b.Puts = []storage.Entry{{Key: []byte("cursor"), Value: []byte("7")}}
	keep(t, s, m, b)
	Compare(t, s, m)
}

func testHeads(t *testing.T, s Store) {
	m, id := NewModel(), ID('a', 1)
	left, right, both := NewAuthor(1), NewAuthor(2), NewAuthor(3)
	l := left.Chain(t, 2, 10)
	r := right.Chain(t, 3, 10, l[0].Hash)
	keep(t, s, m, appendTo(id, 0, l[0]))
	keep(t, s, m, appendTo(id, 1, r...))
	keep(t, s, m, appendTo(id, 4, l[1]))
	Compare(t, s, m)
	if info, err := s.Document(id); err != nil || len(info.Heads) != 2 {
		t.Fatalf("heads are %v (%v), want two", info.Heads, err)
	}
	keep(t, s, m, appendTo(id, 5, both.Write(t, 10, l[1].Hash, r[2].Hash)))
	Compare(t, s, m)
}

// testManyHeads has a document of 10,000 heads, then of few again.
func testManyHeads(t *testing.T, s Store) {
	id := ID('a', 1)
	var heads []change.Hash
	add := func(n int) {
		changes := make([]*change.Change, n)
		for i := range changes {
			changes[i] = NewAuthor(uint64(len(heads))).Write(t, 0)
			heads = append(heads, changes[i].Hash)
		}
		if _, err := s.Commit(background, appendTo(id, len(heads)-n, changes...)); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{1, 60, 10, 929, 9000} {
		add(n)
		info, err := s.Document(id)
		if err != nil {
			t.Fatal(err)
		}
		if want := change.SortHashes(slices.Clone(heads)); !slices.Equal(info.Heads, want) {
			t.Fatalf("%d heads, want %d", len(info.Heads), len(want))
		}
	}
	listed := Collect(t, s.Documents(background, nil, docid.ID{}))
	if len(listed) != 1 || len(listed[0].Heads) != 10_000 {
		t.Fatalf("listed %d documents, want one with 10,000 heads", len(listed))
	}
	merge := NewAuthor(1<<40).Write(t, 0, heads...)
	if _, err := s.Commit(background, appendTo(id, 10_000, merge)); err != nil {
		t.Fatal(err)
	}
	info, err := s.Document(id)
	if err != nil || !slices.Equal(info.Heads, []change.Hash{merge.Hash}) {
		t.Fatalf("%d heads (%v), want the merge alone", len(info.Heads), err)
	}
}

func testConflict(t *testing.T, s Store) {
	m, id := NewModel(), ID('a', 1)
	keep(t, s, m, appendTo(id, 0, NewAuthor(1).Chain(t, 2, 10)...))
	for _, base := range []int{0, 1, 3} {
		b := appendTo(ID('a', 2), 0, NewAuthor(2).Write(t, 10))
		b.Appends = append(b.Appends, appendTo(id, base, NewAuthor(3).Write(t, 10)).Appends...)
		b.Puts = []storage.Entry{{Key: []byte("k"), Value: []byte("v")}}
		_, err := s.Commit(background, b)
		wantError(t, err, storage.ErrConflict)
	}
	_, err := s.Commit(background, appendTo(id, 9, NewAuthor(4).Chain(t, 40, 60_000)...))
	wantError(t, err, storage.ErrConflict)
	Compare(t, s, m)
	keep(t, s, m, appendTo(id, 2, NewAuthor(5).Write(t, 10)))
	Compare(t, s, m)
}

func testInvalid(t *testing.T, s Store) {
	c := NewAuthor(1).Write(t, 10)
	one := appendTo(ID('a', 1), 0, c).Appends[0]
	entries := make([]storage.Entry, storage.MaxEntries+1)
	for i := range entries {
		entries[i].Key = fmt.Append(nil, i)
	}
	large := make([]storage.Entry, storage.MaxEntryBytes/storage.MaxValue)
	for i := range large {
		large[i] = storage.Entry{Key: fmt.Append(nil, i), Value: make([]byte, storage.MaxValue)}
	}
	for name, b := range map[string]*storage.Batch{
		"no document":   appendTo(docid.ID{}, 0, c),
		"no changes":    appendTo(ID('a', 1), 0),
		"twice":         {Appends: []storage.Append{one, one}},
		"empty key":     {Puts: []storage.Entry{{Value: []byte("v")}}},
		"delete no key": {Deletes: [][]byte{nil}},
		"long key":      {Puts: []storage.Entry{{Key: make([]byte, storage.MaxKey+1)}}},
		"large value":   {Puts: []storage.Entry{{Key: []byte("k"), Value: make([]byte, storage.MaxValue+1)}}},
		"large values":  {Puts: large},
		"many entries":  {Puts: entries},
		"many appends":  {Appends: make([]storage.Append, storage.MaxAppends+1)},
	} {
		if _, err := s.Commit(background, b); !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	Compare(t, s, NewModel())
}

// testWidest commits the largest batch that the limits allow, on documents
// that each have more heads than one would wish.
func testWidest(t *testing.T, s Store) {
	m := NewModel()
	b := new(storage.Batch)
	for i := range storage.MaxAppends {
		var changes []*change.Change
		for range 70 {
			changes = append(changes, NewAuthor(uint64(i*100+len(changes))).Write(t, 0))
		}
		b.Appends = append(b.Appends, storage.Append{
			Document: ID('w', uint32(i)), Changes: changes, Origin: storage.Incarnation{1},
		})
	}
	for i := range storage.MaxEntries {
		key := fmt.Appendf(nil, "%04d", i)
		b.Puts = append(b.Puts, storage.Entry{Key: key, Value: make([]byte, storage.MaxEntryBytes/storage.MaxEntries-len(key))})
	}
	keep(t, s, m, b)
	for i := range b.Appends {
		b.Appends[i].Base = 70
		b.Appends[i].Changes = NewAuthor(uint64(1<<32+i)).Chain(t, 2, 20)
	}
	keep(t, s, m, b)
	Compare(t, s, m)
}

// testLarge appends changes that fit into no transaction.
func testLarge(t *testing.T, s Store) {
	m, a := NewModel(), NewAuthor(1)
	var changes []*change.Change
	for _, size := range []int{10, 65_000, 66_000, 1 << 20, 1, 1, 200_000, 131_072, 70_000, 5} {
		changes = append(changes, a.Write(t, size))
	}
	b := appendTo(ID('a', 1), 0, changes...)
	b.Appends = append(b.Appends, appendTo(ID('a', 2), 0, NewAuthor(2).Chain(t, 300, 3000)...).Appends...)
	keep(t, s, m, b)
	keep(t, s, m, appendTo(ID('a', 1), len(changes), a.Chain(t, 3, 50)...))
	keep(t, s, m, appendTo(ID('a', 1), len(changes)+3, a.Chain(t, 5, 500_000)...))
	Compare(t, s, m)
}

func testReadFrom(t *testing.T, s Store) {
	m, a, id := NewModel(), NewAuthor(1), ID('a', 1)
	for _, n := range []int{1, 5, 900, 2, 1} {
		keep(t, s, m, appendTo(id, m.Length(id), a.Chain(t, n, 1000)...))
	}
	keep(t, s, m, appendTo(ID('a', 2), 0, NewAuthor(2).Write(t, 10)))
	all := m.Documents[id].Chunks
	for _, from := range []int{0, 1, 2, 5, 6, 7, 60, 61, 500, 904, 905, 906, 907, 908, 909, 5000} {
		got := Collect(t, s.Changes(background, id, from))
		if want := all[min(from, len(all)):]; !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("from %d: %d changes, want %d of the same bytes", from, len(got), len(want))
		}
	}
	for _, err := range s.Changes(background, id, -1) {
		wantError(t, err, storage.ErrInvalid)
	}
	for chunk, err := range s.Changes(background, id, 3) {
		if err != nil || !bytes.Equal(chunk, all[3]) {
			t.Fatalf("the first of them is wrong (%v)", err)
		}
		break
	}
}
