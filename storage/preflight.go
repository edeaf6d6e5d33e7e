package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
)

// removeEmpty removes the empty files that Badger leaves when it is killed while
// it makes one. They hold nothing, but Badger fails over them, once.
func (s *Store) removeEmpty(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil {
		return fmt.Errorf("storage: open %s: %w", dir, err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err == nil && info.Size() == 0 {
			s.log.Warn("removing an empty file that a crash has left", "name", name)
			err = os.Remove(name)
		}
		if err != nil {
			return fmt.Errorf("storage: open %s: %w", dir, err)
		}
	}
	return nil
}

// maxMemTable is the size of the largest memtables that any godwit has made.
const maxMemTable = 64 << 20

// memTableLeft returns the size of the largest memtable whose file a crash has
// left, zero if there is none. Badger reads it into one of the present size, and
// ends the process if it doesn't fit; a relay's don't fit into a small store's.
func memTableLeft(dir string) (largest int64) {
	names, _ := filepath.Glob(filepath.Join(dir, "*.mem")) // the pattern is right
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			largest = max(largest, info.Size()/2) // Badger makes the file twice as large
		}
	}
	return min(largest, maxMemTable)
}

// checkTables looks at the end of every table that the database counts as its
// own, where the lengths of its checksum and its index are. Badger trusts these
// lengths in goroutines of its own, whose panics nobody can recover; all else
// it verifies itself. A crash can leave other tables, half written; Badger
// deletes them.
func checkTables(dir string, opts badger.Options) error {
	f, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("storage: open %s: %w", dir, err)
	}
	defer f.Close() //nolint:errcheck // only read
	manifest, _, err := badger.ReplayManifestFile(f, opts.ExternalMagicVersion, opts)
	if err != nil {
		return damaged("%s can't be read: %v", f.Name(), err)
	}
	for id := range manifest.Tables {
		if err := checkTable(table.NewFilename(id, dir)); err != nil {
			return err
		}
	}
	return nil
}

func checkTable(name string) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return damaged("table %s is missing", name)
	}
	if err != nil {
		return fmt.Errorf("storage: open table: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("storage: open table: %w", err)
	}
	// From the end: length of the checksum, checksum, length of the index, index.
	end := info.Size()
	for range 2 {
		var length [4]byte
		if _, err := f.ReadAt(length[:], end-4); err != nil {
			return damaged("table %s of %d bytes is cut short", name, info.Size())
		}
		end -= 4 + int64(binary.BigEndian.Uint32(length[:]))
		if end < 0 {
			return damaged("table %s has a wrong length at its end", name)
		}
	}
	return nil
}
