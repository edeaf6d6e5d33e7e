package storage_test

import (
	"testing"

	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

// TestSinceNearTheEndReadsNoDisk follows the journal of a store whose disk is
// broken.
func TestSinceNearTheEndReadsNoDisk(t *testing.T) {
	if !runsInChild(t) {
		return
	}
	s := open(t, t.TempDir(), storage.Options{Small: true})
	const rows = 1500 // a small store keeps 1,024 of them
	for i := range uint32(rows) {
		s.Submit(appendTo(i, 0, storagetest.NewAuthor(uint64(i)).Write(t, 10)), func(_ storage.Seq, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := s.Check(t.Context()); err != nil { // after all of them
		t.Fatal(err)
	}
	if err := s.BreakDisk(); err != nil {
		t.Fatal(err)
	}
	next := storage.Seq(rows - 1000)
	for row, err := range s.Since(t.Context(), next, nil) {
		if next++; err != nil || row.Seq != next || row.Document != storagetest.ID('t', uint32(next-1)) {
			t.Fatalf("row %d is %+v: %v", next, row, err)
		}
	}
	if next != rows {
		t.Errorf("the journal ends at %d, want %d", next, rows)
	}
	for _, err := range s.Since(t.Context(), 1, nil) {
		if err == nil {
			t.Error("what is older is read from a broken disk")
		}
		break
	}
}
