package storage

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dgraph-io/badger/v4"
)

// Open opens the store in the directory path, or creates one if the directory
// is missing or empty. It fails with ErrLocked, ErrNotStore, ErrNewerFormat or
// ErrDamaged where these apply. The caller must Close the store.
func Open(path string, opts Options) (*Store, error) {
	opts = opts.withDefaults()
	if opts.InMemory {
		return openIn("memory", opts, func() error { return nil })
	}
	if err := prepareDirectory(path); err != nil {
		return nil, err
	}
	unlock, err := lockDirectory(path)
	if err != nil {
		return nil, err
	}
	s, err := openIn(path, opts, unlock)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	return s, nil
}

// openIn opens a store in a directory that is ours alone until unlock.
func openIn(path string, opts Options, unlock func() error) (*Store, error) {
	s := &Store{
		path: path, options: opts, profile: opts.profile(), log: opts.Logger, unlock: unlock,
		stages: make(chan struct{}, 1), closing: make(chan struct{}), idle: make(chan struct{}),
	}
	s.queue = newQueue(s.profile.queueBytes)
	s.rows = newRowCache(s.profile.rowBytes)
	if err := s.openBadger(); err != nil {
		return nil, err
	}
	if err := s.begin(); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	s.committer.Go(s.runCommitter)
	return s, nil
}

// preflight looks at the directory before Badger does.
func (s *Store) preflight(dir string) error {
	if s.options.InMemory {
		return nil
	}
	if err := s.checkPresent(dir); err != nil {
		return err
	}
	if err := checkTables(dir, s.options.badger(dir)); err != nil {
		return err
	}
	return s.removeEmpty(dir)
}

// openBadger opens the database. After a crash Badger has been seen to fail
// once and to succeed the next time.
func (s *Store) openBadger() error {
	dir := filepath.Join(s.path, badgerDir)
	if err := s.preflight(dir); err != nil {
		return err
	}
	db, err := openBadger(s.options.badger(dir))
	if err != nil && !isLocked(err) && !errors.Is(err, ErrDamaged) {
		s.log.Warn("could not open the store; trying once more", "path", s.path, "error", err)
		db, err = openBadger(s.options.badger(dir))
	}
	switch {
	case err == nil:
		s.db = db
		return nil
	case isLocked(err):
		return lockedError(s.path)
	case errors.Is(err, ErrDamaged):
		return err
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("storage: open %s: %w", s.path, err)
	default:
		return damaged("%s can't be opened: %v", s.path, err)
	}
}

// openBadger opens a database and turns Badger's panics about damaged files
// into errors.
func openBadger(opts badger.Options) (db *badger.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, damaged("%s: %.200v", opts.Dir, p)
		}
	}()
	return badger.Open(opts)
}

func lockedError(path string) error {
	return fmt.Errorf("%w: %s; stop the other process or give another directory", ErrLocked, path)
}

func isLocked(err error) bool {
	return strings.Contains(err.Error(), "Another process is using this Badger database")
}

// checkPresent refuses to begin an empty store where a witness knows of a
// full one.
func (s *Store) checkPresent(dir string) error {
	t, ok, err := readTestimony(s.path)
	if err != nil || !ok || t.last == 0 {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, badger.ManifestFilename)); errors.Is(err, os.ErrNotExist) {
		return s.lost(t)
	}
	return nil
}

func (s *Store) lost(t testimony) error {
	return damaged("%s has lost its data (%s knows of %d rows)", s.path, witnessFile, t.last)
}

// begin makes an open database a store: finds where its journal ends, sweeps
// what a crash left, and settles which life this is.
func (s *Store) begin() error {
	last, err := s.lastRow()
	if err != nil {
		return err
	}
	s.last.Store(uint64(last))
	if err := s.settleIncarnation(); err != nil {
		return err
	}
	switch err := s.checkSpace(); {
	case errors.Is(err, ErrDiskFull):
		s.log.Warn("the store can only be read", "path", s.path, "error", err)
		return nil
	case err != nil:
		return err
	}
	return s.sweepAll()
}

// settleIncarnation finds out whether this is still the life that the witness
// saw, and begins another if it isn't or if the options say so.
func (s *Store) settleIncarnation() error {
	known, err := s.readIncarnation()
	if err != nil {
		return err
	}
	s.incarnation = known
	var seen testimony
	var ok bool
	if !s.options.InMemory {
		if seen, ok, err = readTestimony(s.path); err != nil {
			return err
		}
	}
	fresh := known == Incarnation{}
	if fresh && ok && seen.last > 0 {
		return s.lost(seen)
	}
	if s.recovered = !fresh && ok && (seen.last > s.LastSeq() || seen.incarnation != known); s.recovered {
		s.log.Warn("the store has gone back in time: rows that were durable are gone; it begins a new incarnation",
			"path", s.path, "rows", s.LastSeq(), "witnessed", seen.last)
	}
	if fresh || s.recovered || s.options.Renew {
		_, _ = rand.Read(s.incarnation[:]) // never fails
	}
	return s.saveIncarnation(s.incarnation != known)
}

// saveIncarnation starts the witness and, if the incarnation is new, writes it.
// The witness comes first: should we crash between the two, they differ, and
// the next Open begins a new life again.
func (s *Store) saveIncarnation(isNew bool) (err error) {
	if !s.options.InMemory {
		if s.witness, err = startWitness(s.path, testimony{s.incarnation, s.LastSeq()}, s.log); err != nil {
			return err
		}
	}
	if isNew {
		err = s.write([]write{{key: metaIncarnation, value: seal(metaIncarnation, s.incarnation[:])}})
	}
	if err != nil && s.witness != nil {
		err = errors.Join(err, s.witness.close())
	}
	return err
}

// readIncarnation returns the stored incarnation, zero if there is none yet.
func (s *Store) readIncarnation() (in Incarnation, err error) {
	err = s.snapshot(func(txn *badger.Txn) error {
		raw, err := readSealed(txn, metaIncarnation)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err == nil && copy(in[:], raw) != len(in) {
			err = damaged("the incarnation of %s", s.path)
		}
		return err
	})
	return in, err
}
