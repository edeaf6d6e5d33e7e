package peer_test

import (
	"bytes"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// openBare opens a directory with Badger alone, with the options that a peer's
// store has (storage/options.go).
func openBare(tb testing.TB, dir string) *badger.DB {
	tb.Helper()
	db, err := badger.Open(badger.DefaultOptions(dir).
		WithSyncWrites(true).WithDetectConflicts(false).WithMetricsEnabled(false).WithLogger(nil).
		WithNumVersionsToKeep(1).WithCompression(options.None).WithBlockCacheSize(0).WithIndexCacheSize(0).
		WithChecksumVerificationMode(options.OnTableRead).
		WithMemTableSize(10 << 20).WithNumMemtables(2).WithBaseTableSize(1 << 20).WithBaseLevelSize(10 << 20).
		WithNumLevelZeroTables(2).WithNumLevelZeroTablesStall(4).WithNumCompactors(2).
		WithValueThreshold(1 << 20).WithValueLogFileSize(16 << 20))
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

// bareTxn is what one transaction wrote: values by key, nil where a key was
// deleted.
type bareTxn map[string][]byte

// transactions reads from the directory of a peer that has been closed what it
// has written, as it has written it. What was overwritten since, and compacted
// away, is missing; of records that were only created that is next to nothing.
func transactions(tb testing.TB, dir string) (all []bareTxn) {
	tb.Helper()
	db := openBare(tb, filepath.Join(dir, "badger"))
	defer db.Close()
	at := map[uint64]bareTxn{}
	err := db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{AllVersions: true})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			item := it.Item()
			if at[item.Version()] == nil {
				at[item.Version()] = bareTxn{}
			}
			var value []byte
			if !item.IsDeletedOrExpired() {
				var err error
				if value, err = item.ValueCopy([]byte{}); err != nil {
					return err
				}
			}
			at[item.Version()][string(item.KeyCopy(nil))] = value
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	for _, version := range slices.Sorted(maps.Keys(at)) {
		all = append(all, at[version])
	}
	return all
}

// joined makes so many transactions of some, all equally large.
func joined(all []bareTxn, n int) (fewer []bareTxn) {
	entries := 0
	for _, one := range all {
		entries += len(one)
	}
	left := 0
	for _, one := range all {
		for key, value := range one {
			if left == 0 {
				fewer, left = append(fewer, bareTxn{}), (entries+n-1)/n
			}
			fewer[len(fewer)-1][key] = value
			left--
		}
	}
	return fewer
}

// writeBare has Badger alone write the same transactions, and returns how long
// that took.
func writeBare(tb testing.TB, db *badger.DB, all []bareTxn) time.Duration {
	tb.Helper()
	start := time.Now()
	for _, entries := range all {
		txn := db.NewTransaction(true)
		for key, value := range entries {
			var err error
			if value == nil {
				err = txn.Delete([]byte(key))
			} else {
				err = txn.Set([]byte(key), value)
			}
			if err != nil {
				tb.Fatal(err)
			}
		}
		if err := txn.Commit(); err != nil {
			tb.Fatal(err)
		}
	}
	return time.Since(start)
}

// readBare reads values with Badger alone, as a store does that hands them out.
func readBare(tb testing.TB, db *badger.DB, key []byte) (value []byte) {
	err := db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if err != nil {
			return err
		}
		value, err = item.ValueCopy(nil)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return value
}

// keysWith returns the keys that contain something.
func keysWith(tb testing.TB, db *badger.DB, part string) (keys [][]byte) {
	tb.Helper()
	err := db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if key := it.Item().KeyCopy(nil); bytes.Contains(key, []byte(part)) {
				keys = append(keys, key)
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}
