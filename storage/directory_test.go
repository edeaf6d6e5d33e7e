package storage_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

// commit appends n small changes to a document, a batch each.
func commit(tb testing.TB, s *storage.Store, document uint32, n int) {
	tb.Helper()
	author := storagetest.NewAuthor(uint64(document))
	base := 0
	if info, err := s.Document(storagetest.ID('t', document)); err == nil {
		base = info.Changes
		author.Resume(uint64(base))
	}
	for i := range n {
		if _, err := s.Commit(tb.Context(), appendTo(document, base+i, author.Write(tb, 200))); err != nil {
			tb.Fatal("commit:", err)
		}
	}
}

func appendTo(document uint32, base int, changes ...*change.Change) *storage.Batch {
	return &storage.Batch{Appends: []storage.Append{
		{Document: storagetest.ID('t', document), Base: base, Changes: changes},
	}}
}

func writeFile(tb testing.TB, content []byte, path ...string) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(path...), content, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// copyDir copies a directory that may be in use: a file that gets another name
// meanwhile is left out, as if the machine had stopped just before.
func copyDir(tb testing.TB, from string) string {
	tb.Helper()
	to := filepath.Join(tb.TempDir(), "copy")
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return errors.Join(err, os.WriteFile(target, content, 0o600))
	})
	if err != nil {
		tb.Fatal(err)
	}
	return to
}

func wantOpen(tb testing.TB, dir string, want error, words ...string) {
	tb.Helper()
	s, err := storage.Open(dir, storage.Options{})
	if err == nil {
		closeStore(tb, s)
	}
	if !errors.Is(err, want) {
		tb.Fatalf("open: got %v, want %v", err, want)
	}
	for _, word := range append(words, dir) {
		if !strings.Contains(err.Error(), word) {
			tb.Errorf("the message %q doesn't say %q", err, word)
		}
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storage.Options{})
	wantOpen(t, dir, storage.ErrLocked, "stop the other process")
	closeStore(t, s)
	closeStore(t, open(t, dir, storage.Options{}))
}

func TestForeignDirectories(t *testing.T) {
	foreign := t.TempDir()
	writeFile(t, []byte("Dear diary"), foreign, "diary.txt")
	wantOpen(t, foreign, storage.ErrNotStore, "diary.txt", "empty or a new directory")

	other := t.TempDir()
	writeFile(t, []byte("something else"), other, "FORMAT")
	wantOpen(t, other, storage.ErrNotStore)

	newer := t.TempDir()
	writeFile(t, []byte("godwit store 3\n"), newer, "FORMAT")
	wantOpen(t, newer, storage.ErrNewerFormat, "format 3", "newer godwit")
	if entries, err := os.ReadDir(newer); err != nil || len(entries) != 1 {
		t.Errorf("a refused directory was touched: %v (%v)", entries, err)
	}

	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, nil, file)
	if _, err := storage.Open(file, storage.Options{}); err == nil {
		t.Error("a file was opened as a store")
	}
}

// A crash while the directory is made leaves little; Open must go on from it.
func TestInterruptedCreation(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "data")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, []byte("godw"), dir, "FORMAT.tmp")
	s := open(t, dir, storage.Options{})
	commit(t, s, 1, 1)
	closeStore(t, s)

	bare := t.TempDir()
	writeFile(t, []byte("godwit store 1\n"), bare, "FORMAT")
	closeStore(t, open(t, bare, storage.Options{}))
}

// Badger leaves empty files when it is killed at the wrong moment, and fails
// over one of them.
func TestEmptyFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storage.Options{Small: true})
	commit(t, s, 1, 3)
	image := copyDir(t, dir)
	closeStore(t, s)
	writeFile(t, nil, image, "badger", "00099.mem")
	writeFile(t, nil, image, "badger", "000999.sst")
	s = open(t, image, storage.Options{Small: true})
	defer closeStore(t, s)
	if s.LastSeq() != 3 {
		t.Fatalf("LastSeq is %d, want 3", s.LastSeq())
	}
}

func TestDiskReserve(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 40)
	opts := storage.WithFreeSpace(storage.Options{Reserve: 1 << 20}, func(string) (uint64, error) { return free.Load(), nil })
	dir := t.TempDir()
	s := open(t, dir, opts)
	commit(t, s, 1, 3)
	free.Store(1<<20 - 1)

	large := storagetest.NewAuthor(2).Chain(t, 20, 50_000)
	for _, b := range []*storage.Batch{appendTo(1, 3, large[0]), appendTo(2, 0, large...)} {
		if _, err := s.Commit(t.Context(), b); !errors.Is(err, storage.ErrDiskFull) || !strings.Contains(err.Error(), "make room") {
			t.Fatalf("got %v, want ErrDiskFull", err)
		}
	}
	if err := s.Check(t.Context()); !errors.Is(err, storage.ErrDiskFull) {
		t.Errorf("check: got %v, want ErrDiskFull", err)
	}
	if stats := s.Stats(); stats.Refused < 3 || stats.DiskFree != 1<<20-1 {
		t.Errorf("stats are %+v", stats)
	}
	if n := len(storagetest.Collect(t, s.Changes(t.Context(), storagetest.ID('t', 1), 0))); n != 3 {
		t.Errorf("%d changes are readable, want 3", n)
	}
	closeStore(t, s)

	s = open(t, dir, opts)
	defer closeStore(t, s)
	if s.LastSeq() != 3 {
		t.Fatalf("LastSeq is %d, want 3", s.LastSeq())
	}
	free.Store(1 << 20)
	commit(t, s, 1, 1)
}

// Below the reserve things can be removed, down to a quarter of it, whatever else is
// refused at the same time; what is cut short there, a later opening completes.
func TestMakeRoom(t *testing.T) {
	const reserve = 8 << 20
	var free atomic.Uint64
	free.Store(1 << 40)
	opts := storage.WithFreeSpace(storage.WithMemTable(storage.Options{Reserve: reserve}, 1<<20), func(string) (uint64, error) { return free.Load(), nil })
	dir := t.TempDir()
	s := open(t, dir, opts)
	fillForPurge(t, s, storagetest.NewModel())
	if _, err := s.Commit(t.Context(), appendTo(3, 0, storagetest.NewAuthor(7).Chain(t, 100, 60_000)...)); err != nil {
		t.Fatal(err)
	}
	free.Store(reserve - 1)

	var writing sync.WaitGroup
	for i := range 50 {
		writing.Go(func() {
			b := appendTo(uint32(10+i), 0, storagetest.NewAuthor(uint64(10+i)).Write(t, 10))
			if _, err := s.Commit(t.Context(), b); !errors.Is(err, storage.ErrDiskFull) {
				t.Errorf("append: got %v, want ErrDiskFull", err)
			}
		})
	}
	if err := s.Purge(t.Context(), storagetest.ID('t', 3), nil); err != nil {
		t.Error(err)
	}
	writing.Wait()
	if err := s.DeletePrefix(t.Context(), []byte("view")); err != nil {
		t.Error(err)
	}
	small := storage.Batch{Puts: []storage.Entry{{Key: []byte("small"), Value: []byte("row")}}}
	if _, err := s.Commit(t.Context(), &small); !errors.Is(err, storage.ErrDiskFull) {
		t.Errorf("put: got %v, want ErrDiskFull", err)
	}
	small.MakesRoom = true
	if _, err := s.Commit(t.Context(), &small); err != nil {
		t.Error(err)
	}

	if err := s.PurgeOnly(gone); err != nil {
		t.Error(err)
	}
	closeStore(t, s)
	free.Store(reserve/4 - 1)
	s = open(t, dir, opts)
	if err := s.Purge(t.Context(), kept, nil); !errors.Is(err, storage.ErrDiskFull) {
		t.Errorf("below a quarter: got %v, want ErrDiskFull", err)
	}
	orphans(t, s, true)
	closeStore(t, s)
	free.Store(reserve / 4)
	s = open(t, dir, opts)
	defer closeStore(t, s)
	orphans(t, s, false)
	if n := tableBytes(t, dir); n > 2<<20 {
		t.Errorf("the tables have %d bytes, of which 6 MB were purged", n)
	}
	free.Store(reserve)
	commit(t, s, 3, 1)
}

// tableBytes returns how large the tables of a store are.
func tableBytes(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(dir, "badger", "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("%d tables: %v", len(tables), err)
	}
	for _, table := range tables {
		info, err := os.Stat(table)
		if err != nil {
			t.Fatal(err)
		}
		bytes += info.Size()
	}
	return bytes
}

// orphans checks whether anything is there that nothing visible refers to.
func orphans(t *testing.T, s *storage.Store, want bool) {
	t.Helper()
	if n, err := s.Orphans(); err != nil || (n > 0) != want {
		t.Errorf("%d orphans (%v), want any: %t", n, err, want)
	}
}

// After a failed write nobody knows what is on the disk: nothing goes on.
func TestFailedWrite(t *testing.T) {
	s := open(t, t.TempDir(), storage.Options{})
	commit(t, s, 1, 1)
	if err := s.BreakDisk(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Commit(t.Context(), appendTo(1, 1, storagetest.NewAuthor(9).Write(t, 10)))
	if !errors.Is(err, storage.ErrFailed) {
		t.Fatalf("got %v, want ErrFailed", err)
	}
	if _, err := s.Document(storagetest.ID('t', 1)); !errors.Is(err, storage.ErrFailed) {
		t.Errorf("reading: got %v, want ErrFailed", err)
	}
	if err := s.Check(t.Context()); !errors.Is(err, storage.ErrFailed) {
		t.Errorf("check: got %v, want ErrFailed", err)
	}
	if s.LastSeq() != 1 {
		t.Errorf("LastSeq is %d, want 1", s.LastSeq())
	}
	closeStore(t, s)
}

// What was staged and never committed is gone after the next opening.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storage.Options{Small: true})
	commit(t, s, 1, 1)
	for range 3 {
		if err := s.Stage(appendTo(1, 1, storagetest.NewAuthor(3).Chain(t, 10, 60_000)...)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Orphans(); err != nil || n < 30 {
		t.Fatalf("%d orphans (%v), want 30 and more", n, err)
	}
	closeStore(t, s)
	s = open(t, dir, storage.Options{Small: true})
	defer closeStore(t, s)
	if n, err := s.Orphans(); err != nil || n != 0 {
		t.Fatalf("%d orphans are left (%v)", n, err)
	}
	commit(t, s, 1, 1)
}

// A staged batch that conflicts leaves nothing, at once.
func TestConflictUnstages(t *testing.T) {
	s := open(t, t.TempDir(), storage.Options{})
	defer closeStore(t, s)
	_, err := s.Commit(t.Context(), appendTo(1, 7, storagetest.NewAuthor(3).Chain(t, 10, 60_000)...))
	if !errors.Is(err, storage.ErrConflict) {
		t.Fatalf("got %v, want ErrConflict", err)
	}
	if n, err := s.Orphans(); err != nil || n != 0 {
		t.Fatalf("%d orphans are left (%v)", n, err)
	}
}
