package storage_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/storage"
	"github.com/godwit-sync/godwit/storage/storagetest"
)

// keystroke is about the size of a change that types one letter.
const keystroke = 40

var profiles = map[string]storage.Options{"relay": {}, "small": {Small: true}}

// BenchmarkCommit has writers commit keystrokes, each to 16 documents in turn
// and each waiting for its acknowledgement.
func BenchmarkCommit(b *testing.B) {
	for name, opts := range profiles {
		for _, writers := range []int{1, 64} {
			b.Run(name+"/writers="+strconv.Itoa(writers), func(b *testing.B) {
				s := open(b, b.TempDir(), opts)
				defer closeStore(b, s)
				share(b, writers, func(w int) func() error { return committer(b, s, w, min(b.N, 4*b.N/writers+1000)) })
				stats := s.Stats()
				b.ReportMetric(float64(stats.Batches)/float64(stats.Transactions), "batches/txn")
			})
		}
	}
}

// committer returns what one writer does again and again: at most n times.
func committer(b *testing.B, s *storage.Store, w, n int) func() error {
	const documents = 16
	var logs [documents][]*change.Change
	for d := range logs {
		logs[d] = storagetest.NewAuthor(uint64(w)).Chain(b, n/documents+1, keystroke)
	}
	step := 0
	return func() error {
		d, i := step%documents, step/documents
		step++
		if i == len(logs[d]) {
			return errors.New("this writer is too far ahead of the others")
		}
		_, err := s.Commit(b.Context(), appendTo(uint32(w*documents+d), i, logs[d][i]))
		return err
	}
}

// BenchmarkBareBadger is what BenchmarkCommit is measured against: as many
// bytes under one key, a synced transaction each.
func BenchmarkBareBadger(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run("writers="+strconv.Itoa(writers), func(b *testing.B) {
			opts := badger.DefaultOptions(b.TempDir()).WithSyncWrites(true).WithDetectConflicts(false).
				WithLogger(nil).WithMetricsEnabled(false).WithNumMemtables(3)
			db, err := badger.Open(opts)
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			var number atomic.Uint64
			value := storagetest.NewAuthor(1).Write(b, keystroke).Bytes()
			share(b, writers, func(int) func() error {
				return func() error {
					key := binary.BigEndian.AppendUint64(nil, number.Add(1))
					return db.Update(func(txn *badger.Txn) error { return txn.Set(key, value) })
				}
			})
		})
	}
}

// share has b.N steps done by some workers.
func share(b *testing.B, workers int, worker func(w int) func() error) {
	steps := make([]func() error, workers)
	for w := range steps {
		steps[w] = worker(w)
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for _, step := range steps {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := step(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// longDocument writes a document of 260,000 changes, about 28 MB, so many of
// them at a time.
func longDocument(b *testing.B, s *storage.Store, at int) {
	const length = 260_000
	author := storagetest.NewAuthor(1)
	var dep []change.Hash
	var wg sync.WaitGroup
	for base := 0; base < length; base += at {
		changes := author.Chain(b, min(at, length-base), 37, dep...)
		dep = []change.Hash{changes[len(changes)-1].Hash}
		wg.Add(1)
		s.Submit(appendTo(1, base, changes...), func(_ storage.Seq, err error) {
			if err != nil {
				b.Error(err)
			}
			wg.Done()
		})
	}
	wg.Wait()
}

// BenchmarkRead reads a document of 260,000 changes and verifies each.
func BenchmarkRead(b *testing.B) {
	for name, at := range map[string]int{"appended whole": 260_000, "appended by 100": 100, "appended singly": 1} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			s := open(b, dir, storage.Options{})
			longDocument(b, s, at)
			closeStore(b, s)
			s = open(b, dir, storage.Options{})
			defer closeStore(b, s)
			info, err := s.Document(storagetest.ID('t', 1))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Bytes)
			for b.Loop() {
				n := 0
				for _, err := range s.Changes(b.Context(), info.Document, 0) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != info.Changes {
					b.Fatalf("read %d changes of %d", n, info.Changes)
				}
			}
		})
	}
}

// BenchmarkStage appends 28 MB at once.
func BenchmarkStage(b *testing.B) {
	changes := storagetest.NewAuthor(1).Chain(b, 260_000, 37)
	for name, opts := range profiles {
		b.Run(name, func(b *testing.B) {
			s := open(b, b.TempDir(), opts)
			defer closeStore(b, s)
			n := uint32(0)
			for b.Loop() {
				n++
				if _, err := s.Commit(b.Context(), appendTo(n, 0, changes...)); err != nil {
					b.Fatal(err)
				}
			}
			info, err := s.Document(storagetest.ID('t', n))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Bytes)
		})
	}
}

// BenchmarkCommitBesideStaging is one writer of keystrokes while another
// appends 28 MB again and again. It reports how long the slowest hundredth of
// the small commits took.
func BenchmarkCommitBesideStaging(b *testing.B) {
	for name, opts := range profiles {
		b.Run(name, func(b *testing.B) {
			s := open(b, b.TempDir(), opts)
			defer closeStore(b, s)
			large := storagetest.NewAuthor(1).Chain(b, 260_000, 37)
			step := committer(b, s, 1, b.N)
			var stop atomic.Bool
			var wg sync.WaitGroup
			wg.Go(func() {
				for n := uint32(1000); !stop.Load(); n++ {
					if _, err := s.Commit(b.Context(), appendTo(n, 0, large...)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			took := make([]time.Duration, 0, b.N)
			b.ResetTimer()
			for range b.N {
				began := time.Now()
				if err := step(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			b.StopTimer()
			stop.Store(true)
			wg.Wait()
			slices.Sort(took)
			for name, at := range map[string]int{"p50-ms": 500, "p99-ms": 990} {
				b.ReportMetric(float64(took[len(took)*at/1000].Microseconds())/1000, name)
			}
		})
	}
}

// BenchmarkEntries puts 10 MB of entries of 60 KB, and deletes them.
func BenchmarkEntries(b *testing.B) {
	for name, opts := range profiles {
		b.Run(name, func(b *testing.B) {
			s := open(b, b.TempDir(), opts)
			defer closeStore(b, s)
			value := make([]byte, 60_000)
			b.SetBytes(10_000_000)
			for b.Loop() {
				var wg sync.WaitGroup
				for i := range 10_000_000 / len(value) {
					wg.Add(1)
					entry := storage.Entry{Key: fmt.Appendf(nil, "saved/%08d", i), Value: value}
					s.Submit(&storage.Batch{Puts: []storage.Entry{entry}}, func(_ storage.Seq, err error) {
						if err != nil {
							b.Error(err)
						}
						wg.Done()
					})
				}
				wg.Wait()
				if err := s.DeletePrefix(b.Context(), []byte("saved/")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPurge appends 28 MB and purges it.
func BenchmarkPurge(b *testing.B) {
	changes := storagetest.NewAuthor(1).Chain(b, 260_000, 37)
	for name, opts := range profiles {
		b.Run(name, func(b *testing.B) {
			s := open(b, b.TempDir(), opts)
			defer closeStore(b, s)
			for b.Loop() {
				b.StopTimer()
				if _, err := s.Commit(b.Context(), appendTo(1, 0, changes...)); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := s.Purge(b.Context(), storagetest.ID('t', 1), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen opens and closes a store of 10,000 documents of ten changes,
// and tells what anonymous memory one takes in a process of its own: in this
// one the memory of earlier stores is used again, and so all of it counts.
func BenchmarkOpen(b *testing.B) {
	for name, opts := range profiles {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			s := open(b, dir, opts)
			var wg sync.WaitGroup
			for i := range uint32(10_000) {
				wg.Add(1)
				changes := storagetest.NewAuthor(uint64(i)).Chain(b, 10, keystroke)
				s.Submit(appendTo(i, 0, changes...), func(_ storage.Seq, err error) {
					if err != nil {
						b.Error(err)
					}
					wg.Done()
				})
			}
			wg.Wait()
			closeStore(b, s)
			for b.Loop() {
				closeStore(b, open(b, dir, opts))
			}
			b.ReportMetric(memoryOfOpen(b, dir, name), "MiB-anon")
		})
	}
}

// memoryDir and memoryProfile make a child of this test binary that opens a
// store and prints how many bytes of memory that took.
const (
	memoryDir     = "GODWIT_STORAGE_MEMORY_DIR"
	memoryProfile = "GODWIT_STORAGE_MEMORY_PROFILE"
)

func memoryOfOpen(b *testing.B, dir, profile string) float64 {
	b.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), memoryDir+"="+dir, memoryProfile+"="+profile)
	out, err := child.Output()
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return float64(n) / (1 << 20)
}

func memoryChild(dir string) error {
	before := anonymous()
	s, err := storage.Open(dir, profiles[os.Getenv(memoryProfile)])
	if err != nil {
		return err
	}
	fmt.Println(anonymous() - before)
	return s.Close()
}

// anonymous returns the process's anonymous memory in bytes, zero where the
// system doesn't tell.
func anonymous() int64 {
	debug.FreeOSMemory()
	return anonymousNow()
}

// anonymousNow is anonymous with what the garbage collector has not yet given back.
func anonymousNow() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}
