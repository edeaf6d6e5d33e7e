package storage

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
)

// checkTables looks at the end of every table file, where the lengths of its
// checksum and its index are. Badger trusts these lengths in goroutines of its
// own, whose panics nobody can recover; all else it verifies itself.
func checkTables(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return fmt.Errorf("storage: open %s: %w", dir, err)
	}
	for _, name := range names {
		if err := checkTable(name); err != nil {
			return err
		}
	}
	return nil
}

func checkTable(name string) error {
	f, err := os.Open(name)
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
		if _, err := f.ReadAt(length[:], end-4); end < 4 || err != nil {
			return damaged("table %s of %d bytes is cut short", name, info.Size())
		}
		end -= 4 + int64(binary.BigEndian.Uint32(length[:]))
		if end < 0 {
			return damaged("table %s has a wrong length at its end", name)
		}
	}
	return nil
}
