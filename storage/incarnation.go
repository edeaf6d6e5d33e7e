package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// Incarnation returns the name of this life of the store.
func (s *Store) Incarnation() Incarnation { return *s.incarnation.Load() }

// Recovered tells whether Open found that the store had gone back in time, and
// so began a new incarnation without being asked to. Rows are gone that were
// acknowledged.
func (s *Store) Recovered() bool { return s.recovered }

// Copied tells whether Open found that the directory is a copy of a store's, or
// was restored from one, and so began a new incarnation without being asked to.
// Nothing is gone. Where the file system doesn't tell, it is false.
func (s *Store) Copied() bool { return s.copied }

// Renew begins a new incarnation and returns it, once it is durable. That voids
// every cursor that others hold. It is for callers who learn, while the store
// is open, that it isn't the one that others take it for: a neighbour holds
// more of it than it does itself. Once begun it doesn't end with ctx.
func (s *Store) Renew(ctx context.Context) (Incarnation, error) {
	s.renewing.Lock()
	defer s.renewing.Unlock()
	if err := s.enter(); err != nil {
		return Incarnation{}, err
	}
	defer s.leave()
	if err := ctx.Err(); err != nil {
		return Incarnation{}, fmt.Errorf("storage: renew: %w", err)
	}
	in := newIncarnation()
	if err := s.renew(context.WithoutCancel(ctx), in); err != nil {
		return Incarnation{}, fmt.Errorf("renew %s: %w", s.path, err)
	}
	s.incarnation.Store(&in)
	return in, nil
}

// renew writes the witness first and the incarnation second, as Open does. A
// refused write puts the witness back.
func (s *Store) renew(ctx context.Context, in Incarnation) error {
	if s.witness != nil {
		if err := s.witness.renew(in); err != nil {
			return err
		}
	}
	_, err := s.commit(ctx, &submission{batch: new(Batch), extra: []write{incarnationRow(in)}})
	if err != nil && s.witness != nil {
		err = errors.Join(err, s.witness.renew(s.Incarnation()))
	}
	return err
}

func newIncarnation() (in Incarnation) {
	_, _ = rand.Read(in[:]) // never fails
	return in
}

func incarnationRow(in Incarnation) write {
	return write{key: metaIncarnation, value: seal(metaIncarnation, in[:])}
}

// settleIncarnation finds out whether this is still the life that the witness
// saw, in the place where it was lived, and begins another if it isn't or if
// the options say so.
func (s *Store) settleIncarnation() error {
	known, err := s.readIncarnation()
	if err != nil {
		return err
	}
	if err := s.compareWitness(known); err != nil {
		return err
	}
	moved, err := s.comparePlace()
	if err != nil {
		return err
	}
	if known == (Incarnation{}) || s.recovered || s.copied || s.options.Renew {
		in := newIncarnation()
		s.incarnation.Store(&in)
		return s.saveIncarnation(append(moved, incarnationRow(in)))
	}
	s.incarnation.Store(&known)
	return s.saveIncarnation(moved)
}

// compareWitness finds out whether the store has gone back in time.
func (s *Store) compareWitness(known Incarnation) error {
	if s.options.InMemory {
		return nil
	}
	seen, ok, err := readTestimony(s.path)
	if err != nil || !ok {
		return err
	}
	if known == (Incarnation{}) {
		if seen.last > 0 {
			return s.lost(seen)
		}
		return nil
	}
	switch {
	case seen.last > s.LastSeq():
		s.log.Warn("the store has gone back in time: rows that were durable are gone; it begins a new incarnation",
			"path", s.path, "rows", s.LastSeq(), "witnessed", seen.last)
	case seen.incarnation != known:
		s.log.Warn("the store has another incarnation than it last had: its database was replaced, "+
			"or a crash cut short a renewal; it begins a new incarnation", "path", s.path)
	default:
		return nil
	}
	s.recovered = true
	return nil
}

// comparePlace finds out whether the directory is a copy, and returns what to
// write for it to be an original from now on.
func (s *Store) comparePlace() ([]write, error) {
	if s.options.InMemory {
		return nil, nil
	}
	here, err := s.markPlace()
	if err != nil {
		return nil, err
	}
	row := write{key: metaPlace, value: seal(metaPlace, here.encode())}
	var recorded place
	err = s.snapshot(func(txn *badger.Txn) error {
		return readSealed(txn, metaPlace, func(raw []byte) (err error) {
			recorded, err = decodePlace(bytes.Clone(raw))
			return err
		})
	})
	switch {
	case errors.Is(err, ErrNotFound): // the first opening, or the first by a godwit that looks
		return []write{row}, nil
	case err != nil || here.equal(recorded):
		return nil, err
	}
	if s.copied = !here.sameFile(recorded); s.copied {
		s.log.Warn("the directory is a copy of another store's, or was restored from one; "+
			"it begins a new incarnation, and neighbours will compare documents anew", "path", s.path)
	}
	return []write{row}, nil
}

// saveIncarnation starts the witness, and then writes what is new. Should we
// crash between the two, they differ, or the place still does, and the next
// Open begins a new life again.
func (s *Store) saveIncarnation(writes []write) (err error) {
	if !s.options.InMemory {
		if s.witness, err = startWitness(s.path, testimony{s.Incarnation(), s.LastSeq()}, s.log); err != nil {
			return err
		}
	}
	if len(writes) > 0 {
		err = s.write(writes)
	}
	if err != nil && s.witness != nil {
		err = errors.Join(err, s.witness.close())
	}
	return err
}

// readIncarnation returns the stored incarnation, zero if there is none yet.
func (s *Store) readIncarnation() (in Incarnation, err error) {
	err = s.snapshot(func(txn *badger.Txn) error {
		return readSealed(txn, metaIncarnation, func(raw []byte) error {
			if copy(in[:], raw) != len(in) {
				return damaged("the incarnation of %s", s.path)
			}
			return nil
		})
	})
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return in, err
}
