package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// drop purges a document of a store and of a model.
func drop(t *testing.T, s Store, m *Model, id docid.ID) {
	t.Helper()
	if err := s.Purge(background, id, nil); err != nil {
		t.Fatal("purge:", err)
	}
	m.Purge(id)
}

// testPurge lets a document live three times, beside one that stays.
func testPurge(t *testing.T, s Store) {
	m, id := NewModel(), ID('a', 1)
	wantError(t, s.Purge(background, id, nil), storage.ErrNotFound)
	wantError(t, s.Purge(background, docid.ID{}, nil), storage.ErrNotFound)
	keep(t, s, m, appendTo(ID('a', 0), 0, NewAuthor(9).Chain(t, 3, 100)...))
	for life := range 3 {
		a := NewAuthor(uint64(life))
		first := a.Chain(t, 3-life, 100)
		keep(t, s, m, appendTo(id, 0, first...))
		keep(t, s, m, appendTo(id, len(first), a.Write(t, 100)))
		Compare(t, s, m)
		drop(t, s, m, id)
		Compare(t, s, m)
		_, err := s.Document(id)
		wantError(t, err, storage.ErrNotFound)
		for _, err := range s.Changes(background, id, 0) {
			wantError(t, err, storage.ErrNotFound)
		}
		wantError(t, s.Purge(background, id, nil), storage.ErrNotFound)
		_, err = s.Commit(background, appendTo(id, len(first)+1, NewAuthor(7).Write(t, 10)))
		wantError(t, err, storage.ErrConflict)
	}
	wantError(t, s.Purge(background, ID('a', 0), appendTo(id, 0, NewAuthor(6).Write(t, 10))), storage.ErrInvalid)
	keep(t, s, m, appendTo(ID('a', 0), 3, NewAuthor(8).Write(t, 10)))
	Compare(t, s, m)
}

// testPurgeStaged purges one of two documents whose changes were staged
// together, and one with more heads than fit into its row.
func testPurgeStaged(t *testing.T, s Store) {
	m := NewModel()
	b := appendTo(ID('a', 1), 0, NewAuthor(1).Chain(t, 4, 150_000)...)
	b.Appends = append(b.Appends, appendTo(ID('a', 2), 0, NewAuthor(2).Chain(t, 300, 3000)...).Appends...)
	b.Appends = append(b.Appends, appendTo(ID('a', 3), 0, NewAuthor(3).Chain(t, 2, 100_000)...).Appends...)
	keep(t, s, m, b)
	var many []*change.Change
	for i := range 3000 {
		many = append(many, NewAuthor(uint64(1000+i)).Write(t, 0))
	}
	keep(t, s, m, appendTo(ID('a', 4), 0, many...))
	drop(t, s, m, ID('a', 2))
	Compare(t, s, m)
	drop(t, s, m, ID('a', 4))
	Compare(t, s, m)
	keep(t, s, m, appendTo(ID('a', 2), 0, NewAuthor(4).Chain(t, 3, 200_000)...))
	keep(t, s, m, appendTo(ID('a', 4), 0, many[:100]...))
	drop(t, s, m, ID('a', 1))
	Compare(t, s, m)
}

// testPurgeUnderReaders purges a document, and has it live again, while its
// changes are being read. A reader gets a beginning of what it asked for, and
// then the end or ErrNotFound; never a change of another life.
func testPurgeUnderReaders(t *testing.T, s Store) {
	id, former := ID('a', 1), NewAuthor(1).Chain(t, 40, 50_000)
	if _, err := s.Commit(background, appendTo(id, 0, former...)); err != nil {
		t.Fatal(err)
	}
	n := 0
	for chunk, err := range s.Changes(background, id, 0) {
		if err != nil {
			wantError(t, err, storage.ErrNotFound)
			break
		}
		if string(chunk) != string(former[n].Bytes()) {
			t.Fatalf("change %d is another", n)
		}
		if n++; n > 1 {
			continue
		}
		if err := s.Purge(background, id, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Commit(background, appendTo(id, 0, NewAuthor(2).Chain(t, 50, 50_000)...)); err != nil {
			t.Fatal(err)
		}
	}
	if n == len(former) {
		t.Fatal("the whole of a purged document was read; make it longer")
	}
}

// testPurgeConcurrent has documents live and end, while others read them and
// somebody follows the journal.
func testPurgeConcurrent(t *testing.T, s Store) {
	const lives = 12
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 3 {
		id := ID('w', uint32(w))
		writers.Go(func() {
			for life := range lives {
				if err := liveOnce(s, id, life); err != nil {
					t.Errorf("life %d of %s: %v", life, id, err)
					return
				}
			}
		})
		readers.Go(func() {
			for {
				if err := readLife(s, id); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	purges := 0
	for _, row := range Collect(t, s.Since(background, 0, nil)) {
		if row.Kind == storage.KindPurge {
			purges++
		}
	}
	if infos := Collect(t, s.Documents(background, nil, docid.ID{})); len(infos) > 0 || purges != 3*lives {
		t.Fatalf("%d documents are left, %d were purged, want 0 and %d", len(infos), purges, 3*lives)
	}
}

// liveOnce writes a document in two appends and purges it. Its number of
// changes and their size tell the life.
func liveOnce(s Store, id docid.ID, life int) error {
	size := []int{100, 40_000, 200_000}[life%3]
	base := 0
	for range 2 {
		var changes []*change.Change
		for range 3 {
			c, err := NewAuthor(uint64(life)).Resume(uint64(base+len(changes))).write(size, nil)
			if err != nil {
				return err
			}
			changes = append(changes, c)
		}
		if _, err := s.Commit(background, appendTo(id, base, changes...)); err != nil {
			return err
		}
		base += len(changes)
	}
	return s.Purge(background, id, nil)
}

// readLife reads a document and expects all changes to be of one life.
func readLife(s Store, id docid.ID) error {
	actor := change.ActorID("")
	for chunk, err := range s.Changes(background, id, 0) {
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		c, err := change.Parse(chunk)
		if err != nil {
			return err
		}
		if actor != "" && c.Actor != actor {
			return fmt.Errorf("changes of two lives of %s", id)
		}
		actor = c.Actor
	}
	return nil
}

func testRenew(t *testing.T, s Store) {
	m, id := NewModel(), ID('a', 1)
	keep(t, s, m, appendTo(id, 0, NewAuthor(1).Write(t, 10)))
	seen := map[storage.Incarnation]bool{s.Incarnation(): true}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			in, err := s.Renew(background)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[in] = true
		})
	}
	wg.Wait()
	if len(seen) != 5 || !seen[s.Incarnation()] {
		t.Fatalf("four renewals gave %v, and the store says %s", seen, s.Incarnation())
	}
	keep(t, s, m, appendTo(id, 1, NewAuthor(2).Write(t, 10)))
	Compare(t, s, m)
}

func testRenewReopen(t *testing.T, open Open) {
	dir, m := t.TempDir(), NewModel()
	s := open(t, dir)
	keep(t, s, m, appendTo(ID('a', 1), 0, NewAuthor(1).Write(t, 10)))
	in, err := s.Renew(background)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, s, m, appendTo(ID('a', 1), 1, NewAuthor(2).Write(t, 10)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openIn(t, open, dir)
	if s.Incarnation() != in {
		t.Fatalf("the incarnation was %s and is %s", in, s.Incarnation())
	}
	Compare(t, s, m)
}

func testPurgeReopen(t *testing.T, open Open) {
	dir, m := t.TempDir(), NewModel()
	s := open(t, dir)
	for life := range 3 {
		keep(t, s, m, appendTo(ID('a', 1), 0, NewAuthor(uint64(life)).Chain(t, 20, 50_000)...))
		keep(t, s, m, appendTo(ID('a', 2), life, NewAuthor(7).Resume(uint64(life)).Write(t, 10)))
		if life < 2 {
			drop(t, s, m, ID('a', 1))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
		Compare(t, s, m)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
