package storage

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
)

// newStage returns a name that was never used before. It begins with the
// journal's length, so that what is staged later sorts later.
func (s *Store) newStage() stageID {
	var id stageID
	binary.BigEndian.PutUint64(id[:8], s.last.Load())
	_, _ = rand.Read(id[8:]) // never fails
	return id
}

// stageChanges writes a batch's changes where nothing refers to them yet. They
// are numbered through from the batch's first to its last.
func (s *Store) stageChanges(ctx context.Context, b *Batch) (stageID, error) {
	w := s.newStageWriter()
	put := func(piece write) error { return w.put(ctx, piece) }
	offset := 0
	for _, a := range b.Appends {
		if err := eachRun(w.id.prefix(), offset, a.Changes, put); err != nil {
			return w.abandon(fmt.Errorf("stage %d changes of %s: %w", len(a.Changes), a.Document, err))
		}
		offset += len(a.Changes)
	}
	if err := w.flush(ctx); err != nil {
		return w.abandon(err)
	}
	return w.id, nil
}

// stageWriter writes staged pieces in transactions of bounded size. The first
// of them also writes the stage's marker, by which Open finds what a crash
// left behind.
type stageWriter struct {
	store   *Store
	id      stageID
	pending []write
	size    int64
	started bool
}

func (s *Store) newStageWriter() *stageWriter {
	w := &stageWriter{store: s, id: s.newStage()}
	key := stageKey(w.id)
	w.pending = []write{{key: key, value: seal(key, nil)}}
	w.size = sizeOf(w.pending)
	return w
}

func (w *stageWriter) put(ctx context.Context, piece write) error {
	if w.size+piece.size() > w.store.profile.stageBytes {
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	w.pending = append(w.pending, piece)
	w.size += piece.size()
	return nil
}

// flush writes what is pending.
func (w *stageWriter) flush(ctx context.Context) error {
	s := w.store
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	defer s.endTurn()
	if err := s.checkSpace(s.reserve(false)); err != nil {
		return err
	}
	w.started = true
	if err := s.write(w.pending); err != nil {
		return err
	}
	s.counts.staged.Add(w.size)
	w.pending, w.size = w.pending[:0], 0
	return nil
}

// takeTurn waits until no other transaction but the committer's is being
// written. Stages and sweeps take turns, a transaction each, so that none of
// the committer's waits behind more than one of them.
func (s *Store) takeTurn(ctx context.Context) error {
	if ctx.Err() == nil && !s.isClosing() { // select might take the turn nevertheless
		select {
		case s.turns <- struct{}{}:
			return nil
		case <-ctx.Done():
		case <-s.closing:
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%w: %s", ErrClosed, s.path)
}

func (s *Store) endTurn() { <-s.turns }

func (w *stageWriter) abandon(err error) (stageID, error) {
	if w.started {
		w.store.unstage(w.id)
	}
	return stageID{}, err
}

// unstage removes what a batch that was not written has staged. If that fails,
// the next Open does it: nothing refers to a stage that was not committed, and
// its name is never used again.
func (s *Store) unstage(id stageID) {
	if id == (stageID{}) || s.isClosing() || s.failure.Load() != nil {
		return
	}
	if err := s.sweepStage(id); err != nil {
		s.log.Warn("could not remove staged changes; the next opening will", "path", s.path, "error", err)
	}
}
