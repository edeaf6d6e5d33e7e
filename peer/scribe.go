package peer

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/godwit-sync/godwit/storage"
)

// scribeEvery is the least time between two writings. It is a matter of cost
// only: what is lost in a crash is learned again.
const scribeEvery = time.Second

// scribe writes rows that need not be durable at once, many in one commit.
type scribe struct {
	store *storage.Store
	log   *slog.Logger
	quit  chan struct{}

	flushing sync.Mutex // held while rows are written; before mu

	mu      sync.Mutex
	rows    map[string][]byte // nil = to be deleted
	writing bool
	stopped bool
	done    sync.WaitGroup
}

func newScribe(store *storage.Store, log *slog.Logger) *scribe {
	return &scribe{store: store, log: log, quit: make(chan struct{}), rows: map[string][]byte{}}
}

func (s *scribe) put(key, value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[string(key)] = value
	if !s.writing && !s.stopped {
		s.writing = true
		s.done.Go(s.run)
	}
}

func (s *scribe) delete(key []byte) { s.put(key, nil) }

// forget drops what waits to be written under some keys: once it has returned,
// nothing that was put before is written any more.
func (s *scribe) forget(keys ...[]byte) {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		delete(s.rows, string(key))
	}
}

// pending returns a row that waits to be written.
func (s *scribe) pending(key []byte) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.rows[string(key)]
	return row, ok
}

// run writes until nothing waits.
func (s *scribe) run() {
	for {
		select {
		case <-time.After(scribeEvery):
		case <-s.quit:
			return
		}
		s.flush()
		s.mu.Lock()
		if len(s.rows) == 0 {
			s.writing = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
	}
}

// flush writes what waits now.
func (s *scribe) flush() {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	s.mu.Lock()
	rows := s.rows
	s.rows = map[string][]byte{}
	s.mu.Unlock()
	for batch := range batches(rows) {
		if _, err := s.store.Commit(context.Background(), batch); err != nil {
			s.log.Warn("could not note how far documents are synced; it will be found out again", "error", err)
			return
		}
	}
}

// batches cuts rows into batches that the store takes.
func batches(rows map[string][]byte) func(yield func(*storage.Batch) bool) {
	return func(yield func(*storage.Batch) bool) {
		batch, n, size := &storage.Batch{}, 0, 0
		for key, value := range maps.All(rows) {
			if n == storage.MaxEntries || size+len(key)+len(value) > storage.MaxEntryBytes {
				if !yield(batch) {
					return
				}
				batch, n, size = &storage.Batch{}, 0, 0
			}
			n, size = n+1, size+len(key)+len(value)
			if value == nil {
				batch.Deletes = append(batch.Deletes, []byte(key))
				continue
			}
			batch.Puts = append(batch.Puts, storage.Entry{Key: []byte(key), Value: value})
		}
		if n > 0 {
			yield(batch)
		}
	}
}

// stop writes what waits and ends.
func (s *scribe) stop() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	close(s.quit)
	s.done.Wait()
	s.flush()
}
