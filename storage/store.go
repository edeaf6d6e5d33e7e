package storage

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
)

// Store is one store, open. Its methods may be called from any goroutine; none
// but Close and Submit blocks longer than a read takes. The zero Store is of
// no use: see [Open].
type Store struct {
	path    string
	options Options
	profile profile
	log     *slog.Logger
	db      *badger.DB
	unlock  func() error

	incarnation atomic.Pointer[Incarnation]
	renewing    sync.Mutex // one Renew at a time
	recovered   bool
	copied      bool
	witness     *witness // nil in memory

	queue   *queue
	turns   chan struct{} // holds one token while a stage or a sweep writes a transaction
	rows    rowCache
	counts  counts
	last    atomic.Uint64         // newest durable Seq
	failure atomic.Pointer[error] // set once a write has failed

	committer sync.WaitGroup
	closing   chan struct{} // closed when Close begins

	gate     *gate // to calls into the store
	readings readings
	tail     *journalTail

	closeOnce sync.Once
	closeErr  error
}

// LastSeq returns the sequence number of the newest durable journal row, zero
// if there is none.
func (s *Store) LastSeq() Seq { return Seq(s.last.Load()) }

// Close waits for the calls that are under way and for every batch that was
// submitted, and releases the directory. Calls that begin later fail with
// ErrClosed; iterations end with it, and batches whose changes are still being
// staged fail with it. It may be called more than once, from anywhere but a
// Submit callback.
func (s *Store) Close() error {
	s.closeOnce.Do(func() { s.closeErr = s.shutdown() })
	return s.closeErr
}

func (s *Store) shutdown() error {
	close(s.closing)
	s.gate.close()
	s.queue.close()
	s.committer.Wait()
	s.readings.outdate(0)
	var err error
	if s.witness != nil {
		err = s.witness.close()
	}
	return errors.Join(err, s.wrap("close", s.db.Close()), s.wrap("unlock", s.unlock()))
}

// enter begins a call into the store, which keeps Badger open until leave.
func (s *Store) enter() error {
	if failure := s.failure.Load(); failure != nil {
		return *failure
	}
	if !s.gate.enter() {
		return fmt.Errorf("%w: %s", ErrClosed, s.path)
	}
	return nil
}

func (s *Store) leave() { s.gate.leave() }

// viewFunc runs a function on a snapshot of the store, and keeps it open meanwhile.
type viewFunc = func(read func(*badger.Txn) error) error

// view runs read on the store as it is now, and keeps it open meanwhile.
func (s *Store) view(read func(*badger.Txn) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.snapshot(read)
}

// snapshot runs read on a snapshot of the store.
func (s *Store) snapshot(read func(*badger.Txn) error) (err error) {
	r := s.readings.begin(s.db)
	defer r.leave()
	return s.readIn(r, read)
}

// readIn runs read in a reading. Badger panics on some damage that it comes upon;
// that must not take the process along.
func (s *Store) readIn(r *reading, read func(*badger.Txn) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = damaged("reading %s: %v", s.path, p)
		}
	}()
	return read(r.txn)
}

// write makes writes durable at once. If it fails the store has failed: what
// is on the disk then is unknown.
func (s *Store) write(parts ...[]write) error {
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	size := int64(0)
	for _, part := range parts {
		if err := addTo(txn, part); err != nil { // nothing has reached the disk
			return s.wrap("write", err)
		}
		size += sizeOf(part)
	}
	s.readings.keep(s.db)
	var err error
	if s.options.writing != nil {
		err = s.options.writing()
	}
	if err == nil {
		err = txn.Commit()
	}
	if err != nil {
		return s.fail(err)
	}
	s.readings.outdate(size)
	return nil
}

func addTo(txn *badger.Txn, writes []write) (err error) {
	for i := 0; i < len(writes) && err == nil; i++ {
		if w := &writes[i]; w.delete {
			err = txn.Delete(w.key)
		} else {
			err = txn.Set(w.key, w.value)
		}
	}
	return err
}

// fail records the first failed write and returns it.
func (s *Store) fail(cause error) error {
	err := fmt.Errorf("%w: %s: %w; close the store, look to the disk, and open it again", ErrFailed, s.path, cause)
	if s.failure.CompareAndSwap(nil, &err) {
		s.log.Error("a write failed; the store refuses everything until it is opened again", "path", s.path, "error", cause)
	}
	return *s.failure.Load()
}

func (s *Store) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

func (s *Store) wrap(operation string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("storage: %s %s: %w", operation, s.path, err)
}
