package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

// moment is a snapshot, and what it must show.
type moment struct {
	snapshot *storage.Snapshot
	model    *storagetest.Model
}

func take(t *testing.T, s *storage.Store, m *storagetest.Model) moment {
	t.Helper()
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return moment{snapshot, copyModel(m)}
}

// check compares all that a snapshot shows with what there was.
func (m moment) check(t *testing.T, documents int) {
	t.Helper()
	entries := storagetest.Collect(t, m.snapshot.Range(t.Context(), storage.Range{}))
	if len(entries) != len(m.model.Entries) {
		t.Fatalf("%d entries, want %d", len(entries), len(m.model.Entries))
	}
	for _, e := range entries {
		value, err := m.snapshot.Get(e.Key)
		if want := m.model.Entries[string(e.Key)]; err != nil || string(e.Value) != want || string(value) != want {
			t.Fatalf("%s is %s and %s (%v), want %s", e.Key, e.Value, value, err, want)
		}
	}
	for n := range documents {
		id := storagetest.ID('s', uint32(n))
		info, err := m.snapshot.Document(id)
		if m.model.Documents[id] == nil {
			if !errors.Is(err, storage.ErrNotFound) {
				t.Fatalf("%s is there: %+v, %v", id, info, err)
			}
			continue
		}
		chunks := storagetest.Collect(t, m.snapshot.Changes(t.Context(), id, 0))
		if err != nil || info.Changes != m.model.Length(id) || !slices.EqualFunc(chunks, m.model.Documents[id].Chunks, bytes.Equal) {
			t.Fatalf("%s has %d changes (%+v, %v), want %d", id, len(chunks), info, err, m.model.Length(id))
		}
	}
}

// Whatever is written and purged meanwhile, a snapshot shows what there was.
func TestSnapshots(t *testing.T) {
	const documents, seed = 6, 1
	rng := rand.New(rand.NewPCG(seed, 0))
	s := open(t, t.TempDir(), storage.Options{Small: true, Reserve: -1})
	defer closeStore(t, s)
	m := storagetest.NewModel()
	var moments []moment
	for step := range 400 {
		id := storagetest.ID('s', uint32(rng.IntN(documents)))
		switch n := m.Length(id); {
		case rng.IntN(10) == 0 && n > 0:
			if err := s.Purge(t.Context(), id, nil); err != nil {
				t.Fatal(err)
			}
			m.Purge(id)
		default:
			b := &storage.Batch{Appends: []storage.Append{{
				Document: id, Base: n, Changes: storagetest.NewAuthor(uint64(step)).Chain(t, 1+rng.IntN(3), 200<<rng.IntN(8)),
			}}}
			b.Puts = []storage.Entry{{Key: fmt.Append(nil, rng.IntN(100)), Value: fmt.Append(nil, step)}}
			b.Deletes = [][]byte{fmt.Append(nil, rng.IntN(100))}
			if _, err := s.Commit(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			m.Apply(b)
		}
		if rng.IntN(8) == 0 {
			moments = append(moments, take(t, s, m))
		}
		if len(moments) > 0 && rng.IntN(8) == 0 {
			i := rng.IntN(len(moments))
			moments[i].check(t, documents)
			moments[i].snapshot.Close()
			moments = slices.Delete(moments, i, i+1)
		}
	}
	for _, m := range moments {
		m.check(t, documents)
		m.snapshot.Close()
	}
}

// A snapshot that nobody closes is let go when enough has been written: one that
// began later stays, and the store can be closed.
func TestSnapshotsAreLetGo(t *testing.T) {
	s := open(t, t.TempDir(), storage.WithHeld(storage.Options{Small: true, Reserve: -1}, 400<<10))
	m := storagetest.NewModel()
	commit := func(size int) {
		b := &storage.Batch{Puts: []storage.Entry{{Key: []byte("key"), Value: make([]byte, size)}}}
		if _, err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		m.Apply(b)
	}
	commit(1)
	first := take(t, s, m)
	for range 40 {
		commit(1) // a commit counts, however small
	}
	commit(20 << 10)
	first.check(t, 0)
	second := take(t, s, m)
	commit(70 << 10)
	if _, err := first.snapshot.Get([]byte("key")); !errors.Is(err, storage.ErrOutdated) {
		t.Errorf("a snapshot of long ago: %v", err)
	}
	for _, err := range first.snapshot.Range(t.Context(), storage.Range{}) {
		if !errors.Is(err, storage.ErrOutdated) {
			t.Errorf("a range of long ago: %v", err)
		}
	}
	second.check(t, 0)
	first.snapshot.Close()
	second.snapshot.Close()
	second.snapshot.Close()
	third := take(t, s, m)
	closeStore(t, s)
	if _, err := third.snapshot.Get([]byte("key")); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("a snapshot of a closed store: %v", err)
	}
	third.snapshot.Close()
	if _, err := s.Snapshot(); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("a snapshot of a store that is closed already: %v", err)
	}
}
