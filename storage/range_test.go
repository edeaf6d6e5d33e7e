package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/storage"
)

// A store can be closed in the middle of a range, which then ends.
func TestRangeOfAStoreThatIsClosed(t *testing.T) {
	s, err := storage.Open(t.TempDir(), storage.Options{Small: true, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	b := new(storage.Batch)
	for i := range 1000 {
		b.Puts = append(b.Puts, storage.Entry{Key: fmt.Appendf(nil, "%04d", i)})
	}
	if _, err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	n := 0
	var last error
	for _, err := range s.Range(context.Background(), storage.Range{}) {
		if last = err; err != nil {
			break
		}
		if n++; n == 1 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !errors.Is(last, storage.ErrClosed) || n == 1000 {
		t.Errorf("after %d entries it ends with %v", n, last)
	}
}
