package peer_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// savedRows are where saved documents are kept, among other views.
const savedRows = "peer1/saved/"

// within lets a function at the store of a peer that is closed.
func within(tb testing.TB, dir string, do func(*storage.Store)) {
	tb.Helper()
	s, err := storage.Open(dir, storage.Options{Small: true, Reserve: -1})
	if err != nil {
		tb.Fatal(err)
	}
	do(s)
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
}

func rowsOf(tb testing.TB, s *storage.Store, prefix string) (rows []storage.Entry) {
	tb.Helper()
	for e, err := range s.Scan(tb.Context(), []byte(prefix)) {
		if err != nil {
			tb.Fatal(err)
		}
		rows = append(rows, e)
	}
	return rows
}

func put(tb testing.TB, s *storage.Store, rows ...storage.Entry) {
	tb.Helper()
	for _, row := range rows {
		if _, err := s.Commit(tb.Context(), &storage.Batch{Puts: []storage.Entry{row}}); err != nil {
			tb.Fatal(err)
		}
	}
}

// long makes a document of 2,000 changes in a directory, and returns its id, and
// what it says.
func long(tb testing.TB, dir string) (crdt.DocumentID, string) {
	tb.Helper()
	p := openPeer(tb, peer.Config{Path: dir})
	defer p.close()
	doc := p.create(set("text", ""))
	for n := range 2000 {
		change(tb, doc, func(root crdt.Map) error {
			return root.Get("text").Text().Append(fmt.Sprintf("%d ", n))
		})
	}
	p.AwaitSaver()
	return doc.ID(), fmt.Sprint(read(tb, doc))
}

// A long document has a saved copy, from which it is opened; it is worth no more
// than the history, and whatever befalls it, the document says the same.
func TestSavedDocument(t *testing.T) {
	dir := t.TempDir()
	id, want := long(t, dir)
	var rows []storage.Entry
	isIndex := func(row storage.Entry) bool {
		return bytes.HasSuffix(row.Key, []byte("i")) && len(row.Key) == len(savedRows)+17
	}
	within(t, dir, func(s *storage.Store) {
		rows = rowsOf(t, s, savedRows)
		if len(rows) < 2 || !isIndex(rows[0]) {
			t.Fatalf("there is no saved document: %d rows", len(rows))
		}
	})
	damaged := func(row storage.Entry) storage.Entry {
		value := slices.Clone(row.Value)
		value[len(value)/2] ^= 1
		return storage.Entry{Key: row.Key, Value: value}
	}
	for _, c := range []struct {
		name string
		do   func(*storage.Store)
	}{
		{"is as it was", func(*storage.Store) {}},
		{"is gone", func(s *storage.Store) {
			if err := s.DeletePrefix(t.Context(), []byte(savedRows)); err != nil {
				t.Fatal(err)
			}
		}},
		{"was cut short by a crash", func(s *storage.Store) {
			put(t, s, rows...)
			if _, err := s.Commit(t.Context(), &storage.Batch{Deletes: [][]byte{rows[len(rows)-1].Key}}); err != nil {
				t.Fatal(err)
			}
		}},
		{"has a damaged piece", func(s *storage.Store) { put(t, s, append(slices.Clone(rows), damaged(rows[len(rows)-1]))...) }},
		{"has a damaged index", func(s *storage.Store) { put(t, s, append(slices.Clone(rows), damaged(rows[0]))...) }},
		{"has an index of a newer version", func(s *storage.Store) {
			put(t, s, append(slices.Clone(rows), storage.Entry{Key: rows[0].Key, Value: []byte{2, 1, 2, 3}})...)
		}},
		{"stands for more than there is", func(s *storage.Store) {
			index := storage.Entry{Key: rows[0].Key, Value: slices.Clone(rows[0].Value)}
			index.Value[5] = 0xff // of its length
			put(t, s, append(slices.Clone(rows), index)...)
		}},
		{"stands for less than it holds", func(s *storage.Store) {
			index := storage.Entry{Key: rows[0].Key, Value: slices.Clone(rows[0].Value)}
			index.Value[8], index.Value[7] = 1, 0
			put(t, s, append(slices.Clone(rows), index)...)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, dir, c.do)
			p := openPeer(t, peer.Config{Path: dir})
			defer p.close()
			doc := p.find(id)
			if got := fmt.Sprint(read(t, doc)); got != want {
				t.Errorf("it says %.100s…", got)
			}
			change(t, doc, func(root crdt.Map) error { return root.Get("text").Text().Append(".") })
			if want = fmt.Sprint(read(t, doc)); !strings.HasSuffix(want, ".]") {
				t.Errorf("after a change it says …%s", want[len(want)-20:])
			}
		})
	}
}

// When a saved document that can't be read is written anew, nothing is left of
// it, whatever its generation was.
func TestSavedAnew(t *testing.T) {
	dir := t.TempDir()
	id, _ := long(t, dir)
	index := append([]byte(savedRows+string(id[:])), 'i')
	stray := append([]byte(savedRows+string(id[:])), "p\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00"...)
	unreadable := []byte{2, 1, 2, 3}
	within(t, dir, func(s *storage.Store) {
		put(t, s, storage.Entry{Key: index, Value: unreadable}, storage.Entry{Key: stray, Value: []byte("a piece")})
	})
	var rows []storage.Entry
	isAnew := func() (is bool) {
		within(t, dir, func(s *storage.Store) { rows = rowsOf(t, s, savedRows) })
		return slices.ContainsFunc(rows, func(row storage.Entry) bool {
			return bytes.Equal(row.Key, index) && !bytes.Equal(row.Value, unreadable)
		})
	}
	for tries := 0; !isAnew(); tries++ { // closing may come before saving
		if tries == 100 {
			t.Fatal("it isn't saved anew")
		}
		p := openPeer(t, peer.Config{Path: dir})
		for range 20 {
			change(t, p.find(id), func(root crdt.Map) error { return root.Get("text").Text().Append(".") })
		}
		p.close()
	}
	if slices.ContainsFunc(rows, func(row storage.Entry) bool { return bytes.Equal(row.Key, stray) }) {
		t.Error("a piece of the former one is left")
	}
}

// A forgotten document leaves nothing behind but that it needs another actor.
func TestForgetLeavesNothing(t *testing.T) {
	dir, r := t.TempDir(), startRelay(t)
	id, _ := long(t, dir)
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	reaches(t, p.find(id), peer.Synced)
	kept := p.create(set("n", 1))
	reaches(t, kept, peer.Synced)
	if err := p.Forget(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	p.close()
	within(t, dir, func(s *storage.Store) {
		for _, row := range rowsOf(t, s, "peer1/") {
			if bytes.Contains(row.Key, id[:]) && !bytes.HasPrefix(row.Key, []byte("peer1/actor/")) {
				t.Errorf("%q is left", row.Key)
			}
		}
		for info, err := range s.Documents(t.Context(), nil, crdt.DocumentID{}) {
			if err != nil || info.Document != kept.ID() {
				t.Errorf("left is %v, %v", info.Document, err)
			}
		}
	})
}
