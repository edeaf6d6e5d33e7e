package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

// one returns the only file of Badger's that matches a pattern.
func one(tb testing.TB, dir, pattern string) string {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "badger", pattern))
	if err != nil || len(names) != 1 {
		tb.Fatalf("%d files match %s (%v), want one", len(names), pattern, err)
	}
	return names[0]
}

// flip turns over one bit of a file.
func flip(tb testing.TB, name string, offset int64) {
	tb.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		tb.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, offset); err != nil {
		tb.Fatal(err)
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b, offset); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

// filled returns the directory of a closed store of one table, and its model.
func filled(t *testing.T) (string, *storagetest.Model) {
	t.Helper()
	dir, m := t.TempDir(), storagetest.NewModel()
	s := open(t, dir, storage.Options{})
	for i := range uint32(8) {
		b := appendTo(i, 0, storagetest.NewAuthor(uint64(i)).Chain(t, 30, 300+int(i)*3000)...)
		b.Puts = []storage.Entry{{Key: fmt.Append(nil, "key ", i), Value: fmt.Append(nil, "value ", i)}}
		if _, err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		m.Apply(b)
	}
	closeStore(t, s)
	return dir, m
}

// Wherever a bit of a file is flipped, the store either doesn't open, or what
// it returns is right or an error.
func TestDamagedFile(t *testing.T) {
	if !runsInChild(t) {
		return
	}
	dir, m := filled(t)
	most := int64(60)
	if testing.Short() {
		most = 10
	}
	for _, pattern := range []string{"*.sst", "MANIFEST", "KEYREGISTRY", "*.vlog"} {
		info, err := os.Stat(one(t, dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		refused, flips := 0, min(info.Size(), most)
		for i := range flips {
			image := copyDir(t, dir)
			offset := info.Size() - 1 - i // the end, and then all over
			if i >= most/2 {
				offset = (i - most/2) * (info.Size() - 1) / (most / 2)
			}
			flip(t, one(t, image, pattern), offset)
			if damagedOpen(t, image, m) {
				refused++
			}
		}
		t.Logf("%s: %d of %d flips were noticed by Open", pattern, refused, flips)
	}
	for _, pattern := range []string{"*.sst", "MANIFEST"} {
		image := copyDir(t, dir)
		if err := os.Truncate(one(t, image, pattern), 10); err != nil {
			t.Fatal(err)
		}
		damagedOpen(t, image, m)
		if err := os.Remove(one(t, image, pattern)); err != nil {
			t.Fatal(err)
		}
		if !damagedOpen(t, image, m) {
			t.Errorf("a store without %s was opened", pattern)
		}
	}
}

// damagedOpen opens a damaged store. It returns true if that was refused, and
// fails the test if something that is read is wrong.
func damagedOpen(t *testing.T, dir string, m *storagetest.Model) bool {
	t.Helper()
	s, err := storage.Open(dir, storage.Options{Small: true})
	if err != nil {
		if !errors.Is(err, storage.ErrDamaged) || !strings.Contains(err.Error(), "restore") {
			t.Errorf("got %v, want ErrDamaged", err)
		}
		return true
	}
	defer closeStore(t, s)
	if s.LastSeq() < storage.Seq(len(m.Rows)) && !s.Recovered() {
		t.Error("rows are gone and nobody says so")
	}
	if err := rightOrError(t, s, m); err != nil {
		t.Error(err)
	}
	return false
}

// A disk can go bad under an open store.
func TestDamageWhileOpen(t *testing.T) {
	dir, m := filled(t)
	s := open(t, dir, storage.Options{})
	defer closeStore(t, s)
	table := one(t, dir, "*.sst")
	content, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	id := storagetest.ID('t', 5)
	offset := bytes.Index(content, m.Documents[id].Chunks[12])
	if offset < 0 {
		t.Fatal("change 12 isn't in the table")
	}
	flip(t, table, int64(offset)+150)
	n := 0
	for chunk, err := range s.Changes(t.Context(), id, 0) {
		if err != nil {
			if !errors.Is(err, storage.ErrDamaged) || !strings.Contains(err.Error(), "change 12 of "+id.String()) {
				t.Errorf("got %v, want ErrDamaged with document and index", err)
			}
			break
		}
		if !bytes.Equal(chunk, m.Documents[id].Chunks[n]) {
			t.Fatalf("change %d is another", n)
		}
		n++
	}
	if n != 12 {
		t.Errorf("%d changes before the damage, want 12", n)
	}
	if err := rightOrError(t, s, m); err != nil {
		t.Error(err)
	}
}

// rightOrError reads everything and returns an error if something is wrong, and
// not merely refused.
func rightOrError(t *testing.T, s *storage.Store, m *storagetest.Model) error {
	t.Helper()
	for id := range m.Documents {
		n := 0
		for chunk, err := range s.Changes(t.Context(), id, 0) {
			if err != nil {
				break
			}
			if n >= len(m.Documents[id].Chunks) || !bytes.Equal(chunk, m.Documents[id].Chunks[n]) {
				return fmt.Errorf("change %d of %s is another", n, id)
			}
			n++
		}
	}
	for info, err := range s.Documents(t.Context(), nil, docid.ID{}) {
		if err == nil && fmt.Sprint(info) != fmt.Sprint(m.Info(info.Document)) {
			return fmt.Errorf("row of %s is another", info.Document)
		}
	}
	for row, err := range s.Since(t.Context(), 0, nil) {
		if err == nil && row != m.Rows[row.Seq-1] {
			return fmt.Errorf("journal row %d is another", row.Seq)
		}
	}
	for entry, err := range s.Scan(t.Context(), nil) {
		if err == nil && m.Entries[string(entry.Key)] != string(entry.Value) {
			return fmt.Errorf("entry %q is another", entry.Key)
		}
	}
	return nil
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte{1, 2, 3, 0})
	f.Add(append([]byte{2, 1}, make([]byte, 17)...))
	f.Add(append([]byte{1}, make([]byte, 40)...))
	f.Add(append([]byte{1, 0, 1}, storagetest.NewAuthor(1).Write(f, 10).Bytes()...))
	f.Fuzz(func(t *testing.T, value []byte) {
		if err := storage.RoundTrip(value); err != nil {
			t.Fatal(err)
		}
	})
}
