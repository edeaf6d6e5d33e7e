package storage_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenBatches are one of each: an ordinary append, two heads, another's
// changes, a staged change in several pieces, entries, and heads that spill.
// The store in testdata/store-1.tar.gz was written with them.
func goldenBatches(t *testing.T) []*storage.Batch {
	t.Helper()
	one := storagetest.NewAuthor(1).Chain(t, 2, 3)
	batch := appendTo(1, 0, one...)
	batch.Puts = []storage.Entry{{Key: []byte("key"), Value: []byte("value")}}
	large := appendTo(2, 0, storagetest.NewAuthor(2).Write(t, 300_000))
	large.Appends[0].Origin = storage.Incarnation{1, 2, 3}
	large.Appends = append(large.Appends, appendTo(1, 2, storagetest.NewAuthor(3).Write(t, 0, one[0].Hash)).Appends...)
	var many []*change.Change
	for i := range 65 {
		many = append(many, storagetest.NewAuthor(uint64(100+i)).Write(t, 0))
	}
	return []*storage.Batch{batch, large, appendTo(3, 0, many...)}
}

// goldenStore commits the golden batches, and ends a document's life whose
// payload is still there.
func goldenStore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir, storage.Options{})
	defer closeStore(t, s)
	batches := append(goldenBatches(t), appendTo(4, 0, storagetest.NewAuthor(4).Write(t, 3)))
	for _, b := range batches {
		if _, err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PurgeOnly(storagetest.ID('t', 4)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestFormat compares every key and value with those on record: what is on
// people's disks must stay readable.
func TestFormat(t *testing.T) {
	db, err := badger.Open(badger.DefaultOptions(filepath.Join(goldenStore(t), "badger")).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var dump bytes.Buffer
	stages := make(map[string]string)
	err = db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			key := it.Item().Key()
			if key[0] == 'q' && stages[string(key[2:18])] == "" {
				stages[string(key[2:18])] = fmt.Sprint("[stage ", len(stages)+1, "]")
			}
			fmt.Fprintf(&dump, "%c %x = %s\n", key[0], key[1:], short(value))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, filepath.Join("testdata", "format-2.txt"), normal(dump.String(), stages))
}

// short leaves out the middle of a long value.
func short(value []byte) string {
	if len(value) < 400 {
		return hex.EncodeToString(value)
	}
	return fmt.Sprintf("%x [%d bytes] %x", value[:20], len(value)-24, value[len(value)-4:])
}

// normal replaces what is random, and the checksums over it. The second stage
// holds heads, which are sealed.
func normal(dump string, stages map[string]string) string {
	lines := strings.SplitAfter(dump, "\n")
	for i, line := range lines {
		if key, _, ok := strings.Cut(line, " = "); ok && line[0] == 'm' {
			line = key + " = [random]\n"
		}
		for id, name := range stages {
			id = hex.EncodeToString([]byte(id))
			if strings.Contains(line, id) && (line[0] != 'q' || name == "[stage 2]") {
				line = line[:len(line)-9] + "[checksum]\n"
			}
			line = strings.ReplaceAll(line, id, name)
		}
		lines[i] = line
	}
	return strings.Join(lines, "")
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		writeFile(t, []byte(got), name)
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the format has changed. Got\n%s\nwant\n%s", got, want)
	}
}

// unpack returns a directory with the content of an archive.
func unpack(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir, archive := t.TempDir(), tar.NewReader(zipped)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		path := filepath.Join(dir, header.Name)
		if err == nil && header.FileInfo().IsDir() {
			err = os.MkdirAll(path, 0o700)
		} else if err == nil {
			var content []byte
			content, err = io.ReadAll(archive)
			err = errors.Join(err, os.WriteFile(path, content, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A store that the first version of this package wrote is read, written and
// purged like any other, and from then on refused by that version.
func TestFormatOne(t *testing.T) {
	dir, m := unpack(t, filepath.Join("testdata", "store-1.tar.gz")), storagetest.NewModel()
	for _, b := range goldenBatches(t) {
		m.Apply(b)
	}
	for _, d := range m.Documents {
		d.Born = 0
	}
	s := open(t, dir, storage.Options{})
	life := s.Incarnation()
	if s.Recovered() || s.Copied() {
		t.Fatalf("recovered is %v, copied is %v", s.Recovered(), s.Copied())
	}
	storagetest.Compare(t, s, m)
	commit := func(b *storage.Batch) {
		t.Helper()
		if _, err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		m.Apply(b)
	}
	commit(appendTo(1, 3, storagetest.NewAuthor(1).Resume(2).Write(t, 100)))
	commit(appendTo(3, 65, storagetest.NewAuthor(9).Write(t, 300_000)))
	storagetest.Compare(t, s, m)
	for _, id := range []uint32{1, 3} {
		if err := s.PurgeOnly(storagetest.ID('t', id)); err != nil {
			t.Fatal(err)
		}
		m.Purge(storagetest.ID('t', id))
		commit(appendTo(id, 0, storagetest.NewAuthor(20).Chain(t, 2, 100)...))
	}
	storagetest.Compare(t, s, m)
	closeStore(t, s)

	s = open(t, dir, storage.Options{})
	defer closeStore(t, s)
	if s.Incarnation() != life {
		t.Error("the incarnation changed")
	}
	storagetest.Compare(t, s, m)
	if n, err := s.Orphans(); n != 0 || err != nil {
		t.Errorf("%d keys are left over (%v)", n, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "FORMAT")); err != nil || string(text) != "godwit store 2\n" {
		t.Errorf("FORMAT says %q (%v)", text, err)
	}
}
