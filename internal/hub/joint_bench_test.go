package hub_test

import (
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// born returns the n'th of many documents and its first change, of about so many
// bytes.
func born(n, size int) (docid.ID, *change.Change) {
	var doc docid.ID
	var actor [16]byte
	binary.BigEndian.PutUint64(doc[:], uint64(n)*0x9e3779b97f4a7c15+1)
	binary.BigEndian.PutUint64(actor[:], uint64(n)+1)
	draft := change.Draft{
		Actor: change.ActorID(actor[:]), Seq: 1, StartOp: 1,
		Ops: []change.Op{{Key: change.MapKey("k"), Action: change.ActionSet, Value: change.Bytes(make([]byte, size))}},
	}
	made, err := draft.Encode()
	if err != nil {
		panic(err)
	}
	return doc, made
}

// BenchmarkAppendAll creates documents, so many in one commit. "store" commits the
// same without a hub.
func BenchmarkAppendAll(b *testing.B) {
	for _, each := range []int{1, 100} {
		b.Run(fmt.Sprintf("hub/documents=%d", each), func(b *testing.B) {
			h := hub.New(hub.Config{Store: openStore(b), PeerID: "bench"})
			defer h.Close()
			createAll(b, each, func(own []hub.Own) error { return h.AppendAll(b.Context(), own) })
		})
		b.Run(fmt.Sprintf("store/documents=%d", each), func(b *testing.B) {
			store := openStore(b)
			createAll(b, each, func(own []hub.Own) error {
				batch := storage.Batch{}
				for _, o := range own {
					batch.Appends = append(batch.Appends, storage.Append{Document: o.Document, Changes: o.Changes})
				}
				_, err := store.Commit(b.Context(), &batch)
				return err
			})
		})
	}
}

func createAll(b *testing.B, each int, commit func([]hub.Own) error) {
	own := make([]hub.Own, b.N)
	for i := range own {
		doc, made := born(i, 200)
		own[i] = hub.Own{Document: doc, Changes: []*change.Change{made}}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for next := range (b.N + each - 1) / each {
		if err := commit(own[next*each : min(b.N, (next+1)*each)]); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

// BenchmarkBring takes in documents of one change, a thousand of them under way.
func BenchmarkBring(b *testing.B) {
	h := hub.New(hub.Config{Store: openStore(b), PeerID: "bench"})
	defer h.Close()
	docs, changes := make([]docid.ID, b.N), make([]*change.Change, b.N)
	for i := range b.N {
		docs[i], changes[i] = born(i, 200)
	}
	room := make(chan struct{}, 1000)
	var under sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		room <- struct{}{}
		under.Add(1)
		h.Bring(docs[i], changes[i:i+1], nil, [16]byte{1}, func(got hub.Brought) {
			if got.Err != nil || got.Held+len(got.Refused) > 0 {
				b.Errorf("brought: %+v", got)
			}
			<-room
			under.Done()
		})
	}
	under.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}
