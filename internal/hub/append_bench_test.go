package hub_test

import (
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/storage"
)

// BenchmarkAppend makes small changes durable in a peer's store: one writer in
// one document, and many in many. "store" commits the same without a hub.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name    string
		writers int
	}{{"one", 1}, {"many=64", 64}} {
		b.Run("hub/"+c.name, func(b *testing.B) {
			store := openStore(b)
			h := hub.New(hub.Config{Store: store, PeerID: "bench"})
			defer h.Close()
			shareChanges(b, c.writers, func(id docid.ID, _ int, made *change.Change) error {
				return h.Append(b.Context(), id, made)
			})
		})
		b.Run("store/"+c.name, func(b *testing.B) {
			store := openStore(b)
			shareChanges(b, c.writers, func(id docid.ID, base int, made *change.Change) error {
				_, err := store.Commit(b.Context(), &storage.Batch{Appends: []storage.Append{{
					Document: id, Base: base, Changes: []*change.Change{made},
				}}})
				return err
			})
		})
	}
}

func openStore(b *testing.B) *storage.Store {
	store, err := storage.Open(b.TempDir(), storage.Options{Small: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	return store
}

// shareChanges makes b.N changes, in as many documents as there are writers.
func shareChanges(b *testing.B, writers int, commit func(id docid.ID, base int, made *change.Change) error) {
	logs := make([][]*change.Change, writers)
	for w := range logs {
		author := replicatest.NewClient("bench")
		for range (b.N - w + writers - 1) / writers {
			logs[w] = append(logs[w], author.Edit())
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	var writing sync.WaitGroup
	for w, log := range logs {
		writing.Go(func() {
			for base, made := range log {
				if err := commit(id(w), base, made); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}
