package storage_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

// Who appends to a document has looked for it before, so the committer needn't.
func TestWhatWasLookedUpIsRemembered(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storage.Options{Small: true, Reserve: -1})
	if _, err := s.Commit(t.Context(), appendTo(1, 0, storagetest.NewAuthor(1).Write(t, 20))); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	s = open(t, dir, storage.Options{Small: true, Reserve: -1})
	defer closeStore(t, s)
	if s.Remembers(kept) || s.Remembers(gone) {
		t.Error("something is remembered that nobody has looked for")
	}
	if _, err := s.Document(kept); err != nil {
		t.Error(err)
	}
	if _, err := s.Document(gone); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	if !s.Remembers(kept) || !s.Remembers(gone) {
		t.Error("what was looked up is not remembered")
	}
}

// What somebody does with the heads that they have looked up is not what the next
// append goes by.
func TestHeadsAreTheCallers(t *testing.T) {
	s := open(t, "", storage.Options{InMemory: true, Small: true})
	defer closeStore(t, s)
	if _, err := s.Commit(t.Context(), appendTo(1, 0, storagetest.NewAuthor(1).Write(t, 20))); err != nil {
		t.Fatal(err)
	}
	before, err := s.Document(kept)
	if err != nil {
		t.Fatal(err)
	}
	was := slices.Clone(before.Heads)
	clear(before.Heads)
	if _, err := s.Commit(t.Context(), appendTo(1, 1, storagetest.NewAuthor(2).Write(t, 20))); err != nil {
		t.Fatal(err)
	}
	after, err := s.Document(kept)
	if err != nil || len(after.Heads) != 2 || !slices.Contains(after.Heads, was[0]) {
		t.Errorf("beside %v the heads are %v: %v", was, after.Heads, err)
	}
}

// Many look up a document at every moment while it grows, and is purged. Nothing of
// what they have read is remembered that is out of date by then.
func TestLookingUpDisturbsNoAppend(t *testing.T) {
	s := open(t, "", storage.Options{InMemory: true, Small: true})
	defer closeStore(t, s)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = s.Document(gone)
				}
			}
		})
	}
	author, others := storagetest.NewAuthor(1), storagetest.NewAuthor(2)
	for i := range 200 {
		base := i % 50
		if i > 0 && base == 0 {
			if err := s.Purge(t.Context(), gone, nil); err != nil {
				t.Fatal(err)
			}
			author = storagetest.NewAuthor(uint64(2 + i))
		}
		if _, err := s.Commit(t.Context(), appendTo(2, base, author.Write(t, 20))); err != nil {
			t.Fatal(i, err)
		}
		if _, err := s.Commit(t.Context(), appendTo(1, i, others.Write(t, 20))); err != nil {
			t.Fatal(i, err)
		}
	}
	close(stop)
	readers.Wait()
}
