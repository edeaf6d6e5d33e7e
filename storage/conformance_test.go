package storage_test

import (
	"testing"

	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

// opener returns how the suite opens stores with these options.
func opener(opts storage.Options) storagetest.Open {
	return func(tb testing.TB, dir string) storagetest.Store {
		tb.Helper()
		s, err := storage.Open(dir, opts)
		if err != nil {
			tb.Fatal("open:", err)
		}
		return s
	}
}

func TestConformance(t *testing.T) {
	t.Run("relay", func(t *testing.T) { storagetest.Run(t, opener(storage.Options{})) })
	t.Run("small", func(t *testing.T) { storagetest.Run(t, opener(storage.Options{Small: true})) })
	t.Run("memory", func(t *testing.T) { storagetest.RunVolatile(t, opener(storage.Options{InMemory: true})) })
	t.Run("small memory", func(t *testing.T) {
		if testing.Short() {
			t.Skip("either is run by itself")
		}
		storagetest.RunVolatile(t, opener(storage.Options{InMemory: true, Small: true}))
	})
}
