package storage

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"
)

// Get returns the value of a caller's key, ErrNotFound if there is none.
func (s *Store) Get(key []byte) (value []byte, err error) {
	err = s.view(func(txn *badger.Txn) (err error) {
		value, err = readSealed(txn, entryKey(key))
		return err
	})
	return value, err
}

// Scan yields, ascending by key, the caller's entries whose keys begin with
// prefix. Each is as new as its reading, so entries that come or go meanwhile
// may or may not be seen. The slices are the caller's to keep. An error is the
// last thing yielded.
func (s *Store) Scan(ctx context.Context, prefix []byte) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		from := entryKey(prefix)
		for {
			page, err := s.entriesPage(ctx, entryKey(prefix), from)
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if len(page) == 0 {
				return
			}
			from = after(entryKey(page[len(page)-1].Key))
		}
	}
}

// DeletePrefix deletes all of the caller's entries whose keys begin with prefix,
// however many, ascending and in as many commits as it takes: if ctx ends or the
// process dies in between, the last of them are still there. Entries that are
// put meanwhile may or may not be deleted. No value is read.
func (s *Store) DeletePrefix(ctx context.Context, prefix []byte) error {
	for from := entryKey(prefix); ; {
		keys, err := s.entryKeys(entryKey(prefix), from)
		if err != nil || len(keys) == 0 {
			return err
		}
		if _, err := s.Commit(ctx, &Batch{Deletes: keys}); err != nil {
			return fmt.Errorf("delete %q…: %w", prefix, err)
		}
		from = after(entryKey(keys[len(keys)-1]))
	}
}

// entryKeys returns as many of the caller's keys as one batch may delete.
func (s *Store) entryKeys(prefix, from []byte) (keys [][]byte, err error) {
	size := 0
	err = s.view(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		for it.Seek(from); it.Valid() && len(keys) < MaxEntries && size <= MaxEntryBytes-MaxKey; it.Next() {
			key := it.Item().KeyCopy(nil)[2:]
			keys = append(keys, key)
			size += len(key)
		}
		return nil
	})
	return keys, err
}

func (s *Store) entriesPage(ctx context.Context, prefix, from []byte) (page []Entry, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("storage: scan: %w", err)
	}
	size := 0
	err = s.view(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		for it.Seek(from); it.Valid() && len(page) < pageRows && size < pageBytes; it.Next() {
			key := it.Item().KeyCopy(nil)
			sealed, err := it.Item().ValueCopy(nil)
			if err != nil {
				return fmt.Errorf("storage: scan: %w", err)
			}
			value, err := unseal(key, sealed)
			if err != nil {
				return err
			}
			page = append(page, Entry{Key: key[2:], Value: value})
			size += len(key) + len(value)
		}
		return nil
	})
	return page, err
}

// readSealed returns what is sealed under a key.
func readSealed(txn *badger.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, fmt.Errorf("%w: key %q", ErrNotFound, key[2:])
	}
	if err != nil {
		return nil, fmt.Errorf("storage: key %q: %w", key[2:], err)
	}
	sealed, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("storage: key %q: %w", key[2:], err)
	}
	return unseal(key, sealed)
}
