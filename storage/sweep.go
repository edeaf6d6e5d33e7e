package storage

import (
	"bytes"
	"context"
	"errors"

	"github.com/dgraph-io/badger/v4"
)

// sweepKeys bounds the keys that one transaction of a sweep deletes.
const sweepKeys = 500

// sweeper deletes keys that nothing visible refers to, in order and in bounded
// transactions, so that a crash leaves a beginning deleted and an end to find.
type sweeper struct {
	store   *Store
	pending []write
}

func (w *sweeper) delete(ctx context.Context, key []byte) error {
	w.pending = append(w.pending, write{key: key, delete: true})
	if len(w.pending) < sweepKeys {
		return nil
	}
	return w.flush(ctx)
}

func (w *sweeper) flush(ctx context.Context) error {
	if err := w.store.takeTurn(ctx); err != nil {
		return err
	}
	defer w.store.endTurn()
	if err := w.store.checkSpace(w.store.reserve(true)); err != nil {
		return err
	}
	err := w.store.write(w.pending)
	w.pending = w.pending[:0]
	return err
}

// staged deletes what is staged under a name from one key to before another;
// nil means to the end.
func (w *sweeper) staged(ctx context.Context, txn *badger.Txn, id stageID, from, end []byte) error {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: id.prefix()})
	defer it.Close()
	for it.Seek(from); it.Valid() && (end == nil || bytes.Compare(it.Item().Key(), end) < 0); it.Next() {
		if err := w.delete(ctx, it.Item().KeyCopy(nil)); err != nil {
			return err
		}
	}
	return nil
}

// payload deletes the payload of a life that has ended. What a link refers to
// goes before the link; other documents may have changes in the same stage.
func (w *sweeper) payload(ctx context.Context, txn *badger.Txn, l life) error {
	log := l.prefix()
	it := txn.NewIterator(badger.IteratorOptions{Prefix: log})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().KeyCopy(nil)
		err := it.Item().Value(func(value []byte) error {
			if !isLink(log, value) {
				return nil
			}
			return w.linked(ctx, txn, key, value)
		})
		if err == nil {
			err = w.delete(ctx, key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *sweeper) linked(ctx context.Context, txn *badger.Txn, key, value []byte) error {
	l, err := decodeLink(key, value)
	if err != nil {
		return err
	}
	stage := l.stage.prefix()
	return w.staged(ctx, txn, l.stage, runKey(stage, l.offset, 0), runKey(stage, l.offset+l.count, 0))
}

// sweepStage removes one stage that was not committed: its pieces first, its
// marker last.
func (s *Store) sweepStage(id stageID) error {
	w, ctx := sweeper{store: s}, context.Background()
	err := s.snapshot(func(txn *badger.Txn) error { return w.staged(ctx, txn, id, id.prefix(), nil) })
	if err == nil {
		err = w.delete(ctx, stageKey(id))
	}
	if err == nil {
		err = w.flush(ctx)
	}
	return err
}

// sweepLife removes what is left of a purged document: its payload first, its
// marker last.
func (s *Store) sweepLife(ctx context.Context, l life) error {
	w := sweeper{store: s}
	err := s.snapshot(func(txn *badger.Txn) error { return w.payload(ctx, txn, l) })
	if err == nil {
		err = w.delete(ctx, l.purgedKey())
	}
	if err == nil {
		err = w.flush(ctx)
	}
	return err
}

// sweepAll removes the stages, and what is left of purged documents, that a
// crash or a Close has left behind.
func (s *Store) sweepAll() error {
	err := s.sweepStages()
	if err == nil {
		err = s.sweepPurged(context.Background(), tagged(tagPurged))
	}
	if errors.Is(err, ErrDiskFull) {
		s.log.Warn("left what was removed to the next opening", "path", s.path, "error", err)
		return nil
	}
	return err
}

func (s *Store) sweepStages() error {
	left, err := s.markers(tagged(tagStage))
	for i := 0; i < len(left) && err == nil; i++ {
		if len(left[i]) != 2+ownerSize {
			return damaged("stage key %q", left[i])
		}
		err = s.sweepStage(stageID(left[i][2:]))
	}
	if len(left) > 0 && err == nil {
		s.log.Info("removed changes that were staged but never committed", "path", s.path, "batches", len(left))
	}
	return err
}

// sweepPurged removes what is left of the purged documents whose markers begin
// with prefix.
func (s *Store) sweepPurged(ctx context.Context, prefix []byte) error {
	left, err := s.markers(prefix)
	for i := 0; i < len(left) && err == nil; i++ {
		l, ok := parsePurgedKey(left[i])
		if !ok {
			return damaged("key %q of a purged document", left[i])
		}
		err = s.sweepLife(ctx, l)
	}
	return err
}

// markers returns all keys that begin with prefix.
func (s *Store) markers(prefix []byte) (keys [][]byte, err error) {
	err = s.snapshot(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			keys = append(keys, it.Item().KeyCopy(nil))
		}
		return nil
	})
	return keys, err
}
