package storage_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/godwit-sync/godwit/storage"
)

func replaceBadger(tb testing.TB, dir, from string) {
	tb.Helper()
	name := filepath.Join(dir, "badger")
	if err := os.RemoveAll(name); err != nil {
		tb.Fatal(err)
	}
	if err := os.CopyFS(name, os.DirFS(filepath.Join(from, "badger"))); err != nil {
		tb.Fatal(err)
	}
}

// A database that is older than the witness file beside it is noticed, and
// begins a new life, once.
func TestGoneBackInTime(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storage.Options{})
	commit(t, s, 1, 5)
	life := s.Incarnation()
	closeStore(t, s)
	backup := copyDir(t, dir)

	s = open(t, dir, storage.Options{})
	if s.Recovered() || s.Incarnation() != life {
		t.Fatal("an ordinary opening began a new life")
	}
	commit(t, s, 1, 5)
	closeStore(t, s)
	replaceBadger(t, dir, backup)

	s = open(t, dir, storage.Options{})
	second := s.Incarnation()
	if !s.Recovered() || second == life || s.LastSeq() != 5 {
		t.Fatalf("recovered is %v, incarnation %s after %s, last row %d", s.Recovered(), second, life, s.LastSeq())
	}
	commit(t, s, 1, 1)
	closeStore(t, s)

	s = open(t, dir, storage.Options{})
	if s.Recovered() || s.Incarnation() != second {
		t.Fatal("it began yet another life")
	}
	commit(t, s, 1, 50)
	closeStore(t, s)

	// The former life's database under the later life's witness, however short
	// its journal, is another store.
	replaceBadger(t, dir, backup)
	s = open(t, dir, storage.Options{})
	defer closeStore(t, s)
	if !s.Recovered() {
		t.Fatal("a database of a former life went unnoticed")
	}
}

// A store can't always know that it was restored; it is told.
func TestRenewAtOpen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storage.Options{})
	commit(t, s, 1, 5)
	life := s.Incarnation()
	closeStore(t, s)

	s = open(t, dir, storage.Options{Renew: true})
	defer closeStore(t, s)
	if s.Incarnation() == life || s.Recovered() || s.Copied() {
		t.Fatalf("incarnation is %s after %s, recovered is %v, copied is %v", s.Incarnation(), life, s.Recovered(), s.Copied())
	}
	commit(t, s, 1, 1)
	if s.LastSeq() != 6 {
		t.Fatalf("LastSeq is %d, want 6", s.LastSeq())
	}
}

// A crash in Renew leaves the new life, or begins a third; never does the old
// one go on under a witness that has named another.
func TestCrashInRenew(t *testing.T) {
	dir, between := t.TempDir(), ""
	renewing := false
	// Images of a crash are no copies: they are in the same place.
	opts := storage.WithPlace(storage.Options{Small: true}, 7, "here")
	s := open(t, dir, storage.WithWriting(opts, func() error {
		if renewing {
			between = copyDir(t, dir)
		}
		return nil
	}))
	commit(t, s, 1, 5)
	life := s.Incarnation()
	renewing = true
	next, err := s.Renew(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	renewing = false
	done := copyDir(t, dir)
	closeStore(t, s)

	s = open(t, between, opts)
	if in := s.Incarnation(); in == life || in == next || !s.Recovered() {
		t.Errorf("between witness and store: incarnation is %s after %s, recovered is %v", in, life, s.Recovered())
	}
	closeStore(t, s)
	for _, dir := range []string{done, dir} {
		s = open(t, dir, opts)
		if in := s.Incarnation(); in != next || s.Recovered() || s.LastSeq() != 5 {
			t.Errorf("incarnation is %s, want %s; recovered is %v, LastSeq %d", in, next, s.Recovered(), s.LastSeq())
		}
		closeStore(t, s)
	}
}

// One flipped bit in Badger's journal silently drops all that was written
// after it. The witness tells.
func TestLostTail(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storage.Options{Small: true})
	commit(t, s, 1, 100)
	life := s.Incarnation()
	crashed := copyDir(t, dir)
	closeStore(t, s)
	witness, err := os.ReadFile(filepath.Join(dir, "WITNESS"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, witness, crashed, "WITNESS")
	untouched := copyDir(t, crashed)
	flip(t, one(t, crashed, "*.mem"), 20_000)

	s = open(t, crashed, storage.Options{Small: true})
	defer closeStore(t, s)
	if !s.Recovered() || s.Incarnation() == life || s.LastSeq() >= 100 {
		t.Fatalf("recovered is %v, incarnation %s after %s, last row %d", s.Recovered(), s.Incarnation(), life, s.LastSeq())
	}
	whole := open(t, untouched, storage.Options{Small: true})
	defer closeStore(t, whole)
	if whole.Recovered() || whole.LastSeq() != 100 {
		t.Fatalf("without the flip: recovered is %v, last row %d", whole.Recovered(), whole.LastSeq())
	}
}

// A damaged or missing witness says nothing; a witness of rows whose database
// is gone says that the store is lost.
func TestWitnessFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storage.Options{})
	commit(t, s, 1, 5)
	life := s.Incarnation()
	closeStore(t, s)
	for _, content := range []string{"", "1 zz 9\n", "1 " + life.String() + " 99 00000000\n"} {
		writeFile(t, []byte(content), dir, "WITNESS")
		s = open(t, dir, storage.Options{})
		if s.Recovered() || s.Incarnation() != life {
			t.Errorf("with the witness %q the store began a new life", content)
		}
		closeStore(t, s)
	}
	if err := os.RemoveAll(filepath.Join(dir, "badger")); err != nil {
		t.Fatal(err)
	}
	wantOpen(t, dir, storage.ErrDamaged, "lost its data", "backup")
}
