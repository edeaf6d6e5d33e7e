package storage_test

import (
	"testing"
	"time"

	"github.com/godwit-sync/godwit/storage"
)

// patient submits a batch that nobody waits for, and tells when it is durable.
func patient(s *storage.Store, key string) (durable chan error) {
	b := entry(key, 10)
	b.Patient = true
	durable = make(chan error, 1)
	s.Submit(b, func(_ storage.Seq, err error) { durable <- err })
	return durable
}

// What is patient is written in one transaction with the next that is not.
func TestPatientBatchesAreWrittenWithOthers(t *testing.T) {
	s := open(t, t.TempDir(), storage.WithPatience(storage.Options{Small: true, Reserve: -1}, time.Hour))
	defer closeStore(t, s)
	before := s.Stats().Transactions
	first, second := patient(s, "first"), patient(s, "second")
	if _, err := s.Commit(t.Context(), entry("third", 10)); err != nil {
		t.Fatal(err)
	}
	for _, durable := range []chan error{first, second} {
		if err := <-durable; err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Stats().Transactions - before; n != 1 {
		t.Errorf("three batches, of which two were patient, took %d transactions", n)
	}
}

// If nothing else is written, it doesn't wait for long; and Close waits for it.
func TestPatientBatchesAreWritten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, storage.WithPatience(storage.Options{Small: true, Reserve: -1}, time.Millisecond))
	if err := <-patient(s, "alone"); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	s = open(t, dir, storage.WithPatience(storage.Options{Small: true, Reserve: -1}, time.Hour))
	last := patient(s, "last")
	closeStore(t, s)
	if err := <-last; err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, storage.Options{Small: true, Reserve: -1})
	defer closeStore(t, s)
	for _, key := range []string{"alone", "last"} {
		if _, err := s.Get([]byte(key)); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
}
