package storage_test

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/storage"
)

// smallRecord is a document's first change of about 150 bytes, with six small
// entries beside it.
func (r *records) smallRecord(b *storage.Batch) {
	id := r.id(r.made)
	draft := change.Draft{Actor: change.ActorID(id[:]), Seq: 1, StartOp: 1, Ops: []change.Op{{
		Key: change.MapKey("k"), Action: change.ActionSet, Value: change.Bytes(r.content(r.made)[:100]),
	}}}
	made, err := draft.Encode()
	if err != nil {
		r.tb.Fatal(err)
	}
	b.Appends = append(b.Appends, storage.Append{Document: id, Changes: []*change.Change{made}})
	b.Puts = append(b.Puts, storage.Entry{Key: append([]byte("peer1/view/"), id[:]...), Value: r.content(r.made + 1)[:100]})
	for field := range 5 {
		key := fmt.Appendf(nil, "peer1/index/bench8%c value %d", field, r.made%1000)
		b.Puts = append(b.Puts, storage.Entry{Key: append(key, id[:]...)})
	}
	r.made++
}

// pair is a key and its value.
type pair struct{ key, value []byte }

// pairs returns as many bytes under the same keys as a store writes for a batch.
func pairs(b *storage.Batch, seq uint64) (all []pair) {
	var filler [2000]byte
	for i, a := range b.Appends {
		all = append(all,
			pair{append([]byte("d1"), a.Document[:]...), filler[:45]},
			pair{binary.BigEndian.AppendUint64([]byte("j1"), seq+uint64(i)), filler[:26]},
			pair{append(append([]byte("p2"), a.Document[:]...), filler[:20]...), filler[:len(a.Changes[0].Bytes())+3]})
	}
	for _, e := range b.Puts {
		all = append(all, pair{append([]byte("k1"), e.Key...), append(filler[:5:5], e.Value...)})
	}
	return all
}

// bareGroups is the least that group commit takes: what waits becomes one
// transaction, of up to a megabyte.
type bareGroups struct {
	db *badger.DB

	mu      sync.Mutex
	changed *sync.Cond
	waiting []bareBatch
	closed  bool
}

type bareBatch struct {
	pairs []pair
	done  chan error
}

func (g *bareGroups) commit(pairs []pair) error {
	done := make(chan error, 1)
	g.mu.Lock()
	g.waiting = append(g.waiting, bareBatch{pairs, done})
	g.mu.Unlock()
	g.changed.Signal()
	return <-done
}

func (g *bareGroups) run() {
	for {
		g.mu.Lock()
		for len(g.waiting) == 0 && !g.closed {
			g.changed.Wait()
		}
		taken := g.waiting
		g.waiting = nil
		g.mu.Unlock()
		if len(taken) == 0 {
			return
		}
		for len(taken) > 0 {
			taken = taken[g.write(taken):]
		}
	}
}

func (g *bareGroups) write(waiting []bareBatch) (n int) {
	txn := g.db.NewTransaction(true)
	defer txn.Discard()
	var err error
	for size := 0; n < len(waiting) && size < 1<<20; n++ {
		for _, p := range waiting[n].pairs {
			size += len(p.key) + len(p.value)
			if err == nil {
				err = txn.Set(p.key, p.value)
			}
		}
	}
	if err == nil {
		err = txn.Commit()
	}
	for _, w := range waiting[:n] {
		w.done <- err
	}
	return n
}

// BenchmarkGroup has 64 writers commit batches of small records, each waiting for
// its own, in a store and in a bare database with the least of a committer.
func BenchmarkGroup(b *testing.B) {
	for _, each := range []int{1, 100} {
		b.Run(fmt.Sprintf("records=%d", each), func(b *testing.B) {
			s, db := besideBare(b, storage.Options{Small: true})
			groups := &bareGroups{db: db}
			groups.changed = sync.NewCond(&groups.mu)
			go groups.run()
			r := newRecords(b)
			var ours, theirs time.Duration
			for b.Loop() {
				const round = 64 * 50
				var batches []*storage.Batch
				var bares [][]pair
				for range round / each {
					batch := new(storage.Batch)
					for range each {
						r.smallRecord(batch)
					}
					batches, bares = append(batches, batch), append(bares, pairs(batch, uint64(r.made)))
				}
				ours += among(64, len(batches), func(i int) {
					if _, err := s.Commit(b.Context(), batches[i]); err != nil {
						b.Error(err)
					}
				})
				theirs += among(64, len(bares), func(i int) {
					if err := groups.commit(bares[i]); err != nil {
						b.Error(err)
					}
				})
			}
			groups.mu.Lock()
			groups.closed = true
			groups.mu.Unlock()
			groups.changed.Signal()
			b.ReportMetric(float64(r.made)/ours.Seconds(), "records/s")
			b.ReportMetric(float64(r.made)/theirs.Seconds(), "bare-records/s")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of-bare")
		})
	}
}

// among has workers do n things, and returns how long that takes.
func among(workers, n int, do func(i int)) time.Duration {
	var next atomic.Int64
	var working sync.WaitGroup
	began := time.Now()
	for range workers {
		working.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	working.Wait()
	return time.Since(began)
}
