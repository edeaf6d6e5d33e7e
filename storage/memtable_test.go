package storage_test

import (
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

// TestOpenAfterLargerMemTables: what a relay's store had in memory when it was
// killed is more than a small store's memtable holds.
func TestOpenAfterLargerMemTables(t *testing.T) {
	if !runsInChild(t) { // Badger would end the process
		return
	}
	dir := t.TempDir()
	s := open(t, dir, storage.Options{})
	defer closeStore(t, s)
	const entries = 15
	for i := range entries {
		b := new(storage.Batch)
		for j := range 4 {
			b.Puts = append(b.Puts, storage.Entry{Key: fmt.Appendf(nil, "%d/%d", i, j), Value: make([]byte, 250<<10)})
		}
		if _, err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	small := open(t, copyDir(t, dir), storage.Options{Small: true})
	defer closeStore(t, small)
	if n := len(storagetest.Collect(t, small.Scan(t.Context(), nil))); n != 4*entries {
		t.Errorf("%d entries are left, want %d", n, 4*entries)
	}
}
