package storage

import (
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
		turns: make(chan struct{}, 1), closing: make(chan struct{}), gate: newGate(),
	}
	s.queue = newQueue(s.profile.queueBytes, opts.patience)
	s.rows = newRowCache(s.profile.rowBytes)
	s.readings.limit = opts.held
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
	opts := s.options.badger(dir)
	opts.MemTableSize = max(opts.MemTableSize, memTableLeft(dir))
	db, err := openBadger(opts)
	if err != nil && !isLocked(err) && !errors.Is(err, ErrDamaged) {
		s.log.Warn("could not open the store; trying once more", "path", s.path, "error", err)
		db, err = openBadger(opts)
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
	if err := s.upgrade(); err != nil {
		return err
	}
	last, err := s.lastRow()
	if err != nil {
		return err
	}
	s.last.Store(uint64(last))
	s.tail = newJournalTail(s.profile.tailRows, last)
	if err := s.settleIncarnation(); err != nil {
		return err
	}
	switch err := s.checkSpace(s.reserve(false)); {
	case errors.Is(err, ErrDiskFull):
		s.log.Warn("the store can only be read, and things removed", "path", s.path, "error", err)
		return s.giveBack()
	case err != nil:
		return err
	}
	return s.sweepAll()
}
