package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// What a store's directory holds.
const (
	formatFile  = "FORMAT"  // "godwit store 2\n"
	witnessFile = "WITNESS" // see witness
	placeFile   = "PLACE"   // see place
	badgerDir   = "badger"
	tempSuffix  = ".tmp"

	formatMark = "godwit store "
)

var formatLine = fmt.Sprintf("%s%d\n", formatMark, directoryVersion)

// prepareDirectory checks that path is a store of a format that we know, or
// empty or missing, in which case it makes it one.
func prepareDirectory(path string) error {
	text, err := os.ReadFile(filepath.Join(path, formatFile))
	switch {
	case err == nil:
		return checkFormat(path, string(text))
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("storage: open %s: %w", path, err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("storage: create %s: %w", path, err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("storage: open %s: %w", path, err)
	}
	for _, e := range entries {
		if name := e.Name(); name != formatFile+tempSuffix && name != "lost+found" {
			return fmt.Errorf("%w: %s holds %q and no %s file; give an empty or a new directory", ErrNotStore, path, name, formatFile)
		}
	}
	return writeFormat(path)
}

func writeFormat(path string) error {
	if err := replaceFile(path, formatFile, []byte(formatLine)); err != nil {
		return fmt.Errorf("storage: write %s: %w", filepath.Join(path, formatFile), err)
	}
	return nil
}

// upgrade marks a store of an older format as one of ours, before anything is
// written that an older godwit would misread.
func (s *Store) upgrade() error {
	if s.options.InMemory {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(s.path, formatFile))
	if err != nil {
		return fmt.Errorf("storage: open %s: %w", s.path, err)
	}
	if string(text) == formatLine {
		return nil
	}
	s.log.Info("the store gets a newer format; older versions of godwit will refuse it", "path", s.path, "format", directoryVersion)
	return writeFormat(s.path)
}

func checkFormat(path, text string) error {
	rest, ok := strings.CutPrefix(text, formatMark)
	version, err := strconv.Atoi(strings.TrimSpace(rest))
	if !ok || err != nil || version < 1 {
		return fmt.Errorf("%w: the %s file in %s is not ours; give another directory", ErrNotStore, formatFile, path)
	}
	if version > directoryVersion {
		return fmt.Errorf("%w: %s has format %d, this godwit knows up to %d; use a newer godwit",
			ErrNewerFormat, path, version, directoryVersion)
	}
	return nil
}

// replaceFile writes a file so that after a crash either the old or the new
// content is there, whole.
func replaceFile(dir, name string, content []byte) error {
	temp := filepath.Join(dir, name+tempSuffix)
	if err := writeSynced(temp, content); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDirectory(dir)
}

func writeSynced(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
