package storage_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
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

// goldenStore commits one of each: an ordinary append, two heads, another's
// changes, a staged change in two pieces, entries, and heads that spill.
func goldenStore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir, storage.Options{})
	defer closeStore(t, s)
	a := storagetest.NewAuthor(1)
	one := a.Chain(t, 2, 3)
	batch := appendTo(1, 0, one...)
	batch.Puts = []storage.Entry{{Key: []byte("key"), Value: []byte("value")}}
	large := appendTo(2, 0, storagetest.NewAuthor(2).Write(t, 300_000))
	large.Appends[0].Origin = storage.Incarnation{1, 2, 3}
	large.Appends = append(large.Appends, appendTo(1, 2, storagetest.NewAuthor(3).Write(t, 0, one[0].Hash)).Appends...)
	var many []*change.Change
	for i := range 65 {
		many = append(many, storagetest.NewAuthor(uint64(100+i)).Write(t, 0))
	}
	for _, b := range []*storage.Batch{batch, large, appendTo(3, 0, many...)} {
		if _, err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
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
	compareGolden(t, filepath.Join("testdata", "format-1.txt"), normal(dump.String(), stages))
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
		if strings.HasPrefix(line, "m ") {
			line = line[:len(line)-41] + "[random]\n"
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
