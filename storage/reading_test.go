package storage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/storage"
)

// While something is being written there is a snapshot for whoever reads, since to
// begin one takes until that is on the disk. An idle store holds none.
func TestReadersDontWaitForAWrite(t *testing.T) {
	var s *storage.Store
	ready := true
	s = open(t, t.TempDir(), storage.WithWriting(storage.Options{Small: true, Reserve: -1}, func() error {
		ready = ready && (s == nil || s.HasReading()) // it writes as it is opened, too
		return nil
	}))
	defer closeStore(t, s)
	for range 3 {
		if _, err := s.Commit(t.Context(), entry("key", 1000)); err != nil {
			t.Fatal(err)
		}
		if s.HasReading() {
			t.Error("nobody reads, and there is a snapshot")
		}
	}
	if !ready {
		t.Error("there was no snapshot for who would have read meanwhile")
	}
}

func entry(key string, size int) *storage.Batch {
	return &storage.Batch{Puts: []storage.Entry{{Key: []byte(key), Value: make([]byte, size)}}}
}

// Somebody gets a value every millisecond, while somebody else writes without a pause.
func BenchmarkGetWhileWriting(b *testing.B) {
	s := open(b, b.TempDir(), storage.Options{Small: true, Reserve: -1})
	defer closeStore(b, s)
	if _, err := s.Commit(b.Context(), entry("key", 1000)); err != nil {
		b.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := s.Commit(b.Context(), entry("other", 64<<10)); err != nil {
				b.Error(err)
				return
			}
		}
	}()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := s.Get([]byte("key")); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		time.Sleep(time.Millisecond)
	}
	close(stop)
	<-stopped
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e6, "p50-µs")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e6, "p99-µs")
}
