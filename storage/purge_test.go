package storage_test

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

// Two documents, one of them to be purged.
var kept, gone = storagetest.ID('t', 1), storagetest.ID('t', 2)

// fillForPurge writes a document of all sorts of payload, so much that it takes
// several transactions to delete: many runs, changes staged together with
// another document's, and heads that its row has no room for.
func fillForPurge(t *testing.T, s *storage.Store, m *storagetest.Model) {
	t.Helper()
	var wg sync.WaitGroup
	submit := func(b *storage.Batch) {
		wg.Add(1)
		m.Apply(b)
		s.Submit(b, func(_ storage.Seq, err error) {
			if err != nil {
				t.Error(err)
			}
			wg.Done()
		})
	}
	author := storagetest.NewAuthor(1)
	for i := range 1300 {
		submit(appendTo(2, i, author.Write(t, 20)))
	}
	both := appendTo(1, 0, storagetest.NewAuthor(2).Chain(t, 4, 30_000)...)
	both.Appends = append(both.Appends, appendTo(2, 1300, storagetest.NewAuthor(3).Chain(t, 3, 100_000)...).Appends...)
	submit(both)
	var many []*change.Change
	for i := range 100 {
		many = append(many, storagetest.NewAuthor(uint64(100+i)).Write(t, 0))
	}
	submit(appendTo(2, 1303, many...))
	submit(&storage.Batch{Puts: []storage.Entry{{Key: []byte("view"), Value: []byte("shown")}}})
	wg.Wait()
}

// beside is what is written with the end of that document.
var beside = &storage.Batch{
	Deletes: [][]byte{[]byte("view")},
	Puts:    []storage.Entry{{Key: []byte("gone"), Value: []byte("since")}},
}

func copyModel(m *storagetest.Model) *storagetest.Model {
	to := &storagetest.Model{
		Rows: slices.Clone(m.Rows), Entries: maps.Clone(m.Entries),
		Documents: make(map[docid.ID]*storagetest.ModelDocument),
	}
	for id, d := range m.Documents {
		d := *d
		to.Documents[id] = &d
	}
	return to
}

// Wherever a purge is cut short, the document is there or gone, whole and with what
// is beside it, and the next opening leaves nothing of what is gone.
func TestCrashInPurge(t *testing.T) {
	dir, before := t.TempDir(), storagetest.NewModel()
	s := open(t, dir, storage.Options{Small: true})
	fillForPurge(t, s, before)
	closeStore(t, s)
	transactions := 0
	for whole := false; !whole; transactions++ {
		image := copyDir(t, dir)
		whole = purgeUntil(t, image, transactions)
		m := copyModel(before)
		if transactions > 0 { // the first is the commit
			m.Purge(gone)
			m.Apply(beside)
		}
		checkPurged(t, image, m)
	}
	if transactions < 5 {
		t.Fatalf("the purge took %d transactions, want four and more", transactions-1)
	}
}

// purgeUntil purges a document on a disk that fails after some transactions,
// and tells whether it didn't come to that.
func purgeUntil(t *testing.T, dir string, transactions int) (whole bool) {
	t.Helper()
	var left atomic.Int64
	left.Store(math.MaxInt64)
	whole = true
	s := open(t, dir, storage.WithWriting(storage.Options{Small: true}, func() error {
		if left.Add(-1) < 0 {
			whole = false
			return errors.New("the disk is gone")
		}
		return nil
	}))
	defer closeStore(t, s)
	left.Store(int64(transactions))
	if err := s.Purge(t.Context(), gone, beside); (err != nil) != (transactions == 0) {
		t.Fatalf("after %d transactions: %v", transactions, err)
	}
	return whole
}

// checkPurged opens a store, compares it with a model, and lets the purged
// document live again.
func checkPurged(t *testing.T, dir string, m *storagetest.Model) {
	t.Helper()
	s := open(t, dir, storage.Options{Small: true})
	defer closeStore(t, s)
	storagetest.Compare(t, s, m)
	if n, err := s.Orphans(); n != 0 || err != nil {
		t.Errorf("%d keys are left over (%v)", n, err)
	}
	b := appendTo(2, m.Length(gone), storagetest.NewAuthor(9).Chain(t, 2, 60_000)...)
	if _, err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	m.Apply(b)
	storagetest.Compare(t, s, m)
}

// A purge that was committed is one, even if there was no time to delete the
// payload. The document's next life doesn't wait for that.
func TestPurgeCutShort(t *testing.T) {
	dir, m := t.TempDir(), storagetest.NewModel()
	ctx, cancel := context.WithCancel(t.Context())
	var writes atomic.Int64
	opts := storage.WithWriting(storage.Options{Small: true}, func() error {
		if writes.Add(-1) == 0 {
			cancel()
		}
		return nil
	})
	s := open(t, dir, opts)
	fillForPurge(t, s, m)
	writes.Store(2)
	if err := s.Purge(ctx, gone, nil); err != nil {
		t.Fatal(err)
	}
	m.Purge(gone)
	if n, err := s.Orphans(); n < 500 || err != nil {
		t.Fatalf("%d keys are left over (%v): the purge wasn't cut short", n, err)
	}
	storagetest.Compare(t, s, m)
	b := appendTo(2, 0, storagetest.NewAuthor(9).Chain(t, 5, 60_000)...)
	if _, err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	m.Apply(b)
	storagetest.Compare(t, s, m)
	closeStore(t, s)

	s = open(t, dir, storage.Options{Small: true})
	defer closeStore(t, s)
	storagetest.Compare(t, s, m)
	if n, err := s.Orphans(); n != 0 || err != nil {
		t.Errorf("%d keys are left over (%v)", n, err)
	}
}

// Close waits for a purge's transaction, not for all of them.
func TestCloseDuringPurge(t *testing.T) {
	dir, m := t.TempDir(), storagetest.NewModel()
	purging := make(chan struct{}, 1)
	closing := make(chan struct{})
	var writes atomic.Int64
	opts := storage.WithWriting(storage.Options{Small: true}, func() error {
		if writes.Add(-1) == 0 {
			purging <- struct{}{}
			<-closing
		}
		return nil
	})
	s := open(t, dir, opts)
	fillForPurge(t, s, m)
	writes.Store(2)
	purged := make(chan error)
	go func() { purged <- s.Purge(t.Context(), gone, nil) }()
	<-purging
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	for { // until Close has begun
		if _, err := s.Document(kept); errors.Is(err, storage.ErrClosed) {
			break
		}
	}
	close(closing)
	if err := errors.Join(<-purged, <-closed); err != nil {
		t.Fatal(err)
	}
	m.Purge(gone)
	s = open(t, dir, storage.Options{Small: true})
	defer closeStore(t, s)
	storagetest.Compare(t, s, m)
	if n, err := s.Orphans(); n != 0 || err != nil {
		t.Errorf("%d keys are left over (%v)", n, err)
	}
}

func TestPurgeRefused(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 40)
	s := open(t, t.TempDir(), storage.WithFreeSpace(storage.Options{}, func(string) (uint64, error) { return free.Load(), nil }))
	defer closeStore(t, s)
	commit(t, s, 1, 2)
	free.Store(0)
	if err := s.Purge(t.Context(), kept, nil); !errors.Is(err, storage.ErrDiskFull) {
		t.Fatalf("got %v, want ErrDiskFull", err)
	}
	if info, err := s.Document(kept); err != nil || info.Changes != 2 {
		t.Fatalf("%d changes (%v), want 2", info.Changes, err)
	}
	life := s.Incarnation()
	if _, err := s.Renew(t.Context()); !errors.Is(err, storage.ErrDiskFull) || s.Incarnation() != life {
		t.Fatalf("renew: got %v, incarnation %s after %s", err, s.Incarnation(), life)
	}
	free.Store(1 << 40)
	if err := s.Purge(t.Context(), kept, nil); err != nil {
		t.Fatal(err)
	}
	if stats := s.Stats(); stats.Purges != 1 || stats.Last != 3 {
		t.Errorf("stats are %+v", stats)
	}
}
