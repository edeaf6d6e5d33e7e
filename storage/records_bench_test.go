package storage_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// A record is a document of one change of 1 KB, with a view of 1 KB and two index
// entries: six keys.
const (
	recordBytes = 1000
	recordBatch = 100
)

// records makes up records, none twice.
type records struct {
	tb      testing.TB
	made    int
	entropy [1 << 16]byte // so that nothing is smaller than it looks
}

func newRecords(tb testing.TB) *records {
	r := &records{tb: tb}
	_, _ = rand.Read(r.entropy[:]) // never fails
	return r
}

func (r *records) id(n int) (id docid.ID) {
	copy(id[:], "bench8")
	binary.BigEndian.PutUint64(id[8:], uint64(n)*0x9e3779b97f4a7c15)
	return id
}

func (r *records) content(n int) []byte {
	from := n * 7919 % (len(r.entropy) - recordBytes)
	return r.entropy[from : from+recordBytes]
}

// batch returns the next so many records.
func (r *records) batch(n int) *storage.Batch {
	b := new(storage.Batch)
	for range n {
		id := r.id(r.made)
		draft := change.Draft{Actor: change.ActorID(id[:]), Seq: 1, StartOp: 1, Ops: []change.Op{{
			Key: change.MapKey("k"), Action: change.ActionSet, Value: change.Bytes(r.content(r.made)),
		}}}
		made, err := draft.Encode()
		if err != nil {
			r.tb.Fatal(err)
		}
		b.Appends = append(b.Appends, storage.Append{Document: id, Changes: []*change.Change{made}})
		b.Puts = append(b.Puts, storage.Entry{Key: append([]byte("peer1/view/"), id[:]...), Value: r.content(r.made + 1)})
		for field := range 2 {
			key := fmt.Appendf(nil, "peer1/index/bench8%c value %d", field, r.made%1000)
			b.Puts = append(b.Puts, storage.Entry{Key: append(key, id[:]...)})
		}
		r.made++
	}
	return b
}

// besideBare opens a store, and a bare database of the same options, which close
// with the benchmark.
func besideBare(b *testing.B, opts storage.Options) (*storage.Store, *badger.DB) {
	b.Helper()
	s := open(b, b.TempDir(), opts)
	b.Cleanup(func() { closeStore(b, s) })
	db, err := badger.Open(opts.Badger(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return s, db
}

// bare writes as many bytes under the same keys into a database of the same options.
func bare(db *badger.DB, b *storage.Batch, seq uint64) error {
	txn := db.NewTransaction(true)
	defer txn.Discard()
	var filler [2000]byte
	for i, a := range b.Appends {
		key := append([]byte("d1"), a.Document[:]...)
		for _, w := range []struct{ key, value []byte }{
			{key, filler[:45]},
			{binary.BigEndian.AppendUint64([]byte("j1"), seq+uint64(i)), filler[:26]},
			{append(append([]byte("p2"), a.Document[:]...), filler[:20]...), filler[:len(a.Changes[0].Bytes())+3]},
		} {
			if err := txn.Set(w.key, w.value); err != nil {
				return err
			}
		}
	}
	for _, e := range b.Puts {
		if err := txn.Set(append([]byte("k1"), e.Key...), append(filler[:5:5], e.Value...)); err != nil {
			return err
		}
	}
	return txn.Commit()
}

// memTables are those that were chosen from.
var memTables = []int64{1, 4, 8, 10, 16}

// BenchmarkRecords creates records, a hundred in a batch, in a store and, turn by
// turn, in a bare database of the same options.
func BenchmarkRecords(b *testing.B) {
	for _, size := range memTables {
		b.Run(fmt.Sprintf("memtable=%dMiB", size), func(b *testing.B) {
			s, db := besideBare(b, storage.WithMemTable(storage.Options{}, size<<20))
			r, each := newRecords(b), recordBatch
			if size == 1 {
				each /= 2 // no more fit
			}
			var ours, theirs time.Duration
			b.ResetTimer()
			for n := 0; n < b.N; n += each {
				batch := r.batch(each)
				began := time.Now()
				if _, err := s.Commit(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
				between := time.Now()
				if err := bare(db, batch, uint64(n)); err != nil {
					b.Fatal(err)
				}
				ours += between.Sub(began)
				theirs += time.Since(between)
			}
			b.StopTimer()
			b.ReportMetric(float64(r.made)/ours.Seconds(), "records/s")
			b.ReportMetric(float64(r.made)/theirs.Seconds(), "bare-records/s")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of-bare")
		})
	}
}

// BenchmarkMemory tells the anonymous memory of a process with a store of 100,000
// records: when they have just been created, garbage included; once that has been
// collected, as it is after some minutes without work; and when it has been opened
// again.
func BenchmarkMemory(b *testing.B) {
	for _, size := range memTables {
		b.Run(fmt.Sprintf("memtable=%dMiB", size), func(b *testing.B) {
			dir := b.TempDir()
			for b.Loop() {
				filled, idle := memoryOf(b, dir, size, "fill")
				_, opened := memoryOf(b, dir, size, "open")
				b.ReportMetric(filled, "filled-MiB")
				b.ReportMetric(idle, "idle-MiB")
				b.ReportMetric(opened, "opened-MiB")
			}
		})
	}
}

// recordsChild makes a child of this test binary that fills or opens a store and
// prints how many bytes of memory that took.
const recordsChild = "GODWIT_STORAGE_RECORDS"

func memoryOf(b *testing.B, dir string, memTable int64, what string) (now, idle float64) {
	b.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), recordsChild+"="+fmt.Sprint(what, " ", memTable, " ", dir))
	child.Stderr = os.Stderr
	out, err := child.Output()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Sscan(string(out), &now, &idle); err != nil {
		b.Fatal(err)
	}
	return now / (1 << 20), idle / (1 << 20)
}

// settled returns the anonymous memory once Badger has tidied up and the garbage is
// collected.
func settled() int64 {
	least := anonymous()
	for quiet := 0; quiet < 5; quiet++ {
		time.Sleep(time.Second)
		if now := anonymous(); now < least-least/50 {
			least, quiet = now, 0
		}
	}
	return least
}

func fillOrOpen(order string) error {
	var what, dir string
	var memTable int64
	if _, err := fmt.Sscan(order, &what, &memTable, &dir); err != nil {
		return err
	}
	before := anonymous()
	s, err := storage.Open(dir, storage.WithMemTable(storage.Options{}, memTable<<20))
	if err != nil {
		return err
	}
	if what == "fill" {
		const all = 100_000
		for r := newRecords(nil); r.made < all; {
			if _, err := s.Commit(context.Background(), r.batch(50)); err != nil {
				return err
			}
		}
	}
	fmt.Println(anonymousNow()-before, settled()-before)
	return s.Close()
}

// BenchmarkGet reads values of 1 KB, all over and again, beside a bare database.
func BenchmarkGet(b *testing.B) {
	const all = 20_000
	s, db := besideBare(b, storage.Options{Small: true})
	r := newRecords(b)
	for n := 0; n < all; n += recordBatch {
		batch := r.batch(recordBatch)
		if _, err := s.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		if err := bare(db, batch, uint64(n)); err != nil {
			b.Fatal(err)
		}
	}
	key := func(n int) []byte {
		id := r.id(n * 7919 % all)
		return append([]byte("peer1/view/"), id[:]...)
	}
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			err := db.View(func(txn *badger.Txn) error {
				item, err := txn.Get(append([]byte("k1"), key(n)...))
				if err == nil {
					_, err = item.ValueCopy(nil)
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if _, err := s.Get(key(n)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Read", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if err := s.Read(key(n), func([]byte) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Document", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if _, err := s.Document(r.id(n % all)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("no document", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if _, err := s.Document(docid.ID{1, byte(n), byte(n >> 8)}); err == nil {
				b.Fatal("it is there")
			}
		}
	})
}
