package storage

import (
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// Get returns the value of a caller's key, ErrNotFound if there is none.
func (s *Store) Get(key []byte) ([]byte, error) { return get(s.view, key) }

func get(view viewFunc, key []byte) (value []byte, err error) {
	err = view(func(txn *badger.Txn) error {
		return readSealed(txn, entryKey(key), func(lent []byte) error {
			value = append(make([]byte, 0, len(lent)), lent...)
			return nil
		})
	})
	return value, err
}

// Read lends the value of a caller's key to a function, which must not keep it,
// and returns what that returns; ErrNotFound if there is none.
func (s *Store) Read(key []byte, use func(value []byte) error) error {
	return s.view(func(txn *badger.Txn) error { return readSealed(txn, entryKey(key), use) })
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
		if _, err := s.Commit(ctx, &Batch{Deletes: keys, MakesRoom: true}); err != nil {
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

// readSealed lends what is sealed under a key.
func readSealed(txn *badger.Txn, key []byte, use func(body []byte) error) error {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return fmt.Errorf("%w: key %q", ErrNotFound, key[2:])
	}
	if err != nil {
		return fmt.Errorf("storage: key %q: %w", key[2:], err)
	}
	return item.Value(func(sealed []byte) error {
		body, err := unseal(key, sealed)
		if err != nil {
			return err
		}
		return use(body)
	})
}
