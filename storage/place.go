package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// place is what the file system calls the store's [placeFile], which is made
// once and never replaced. A directory keeps it when it is renamed or moved and
// when the machine starts again; a copy has another. The zero place is that of
// a file system of which this isn't known.
type place struct {
	inode uint64
	// handle is the file's handle, where the system has such: it also tells the
	// file from a later one that is given the same inode.
	handle []byte
}

const placeText = "By this file godwit tells this directory from a copy of it. Leave it where it is.\n"

// markPlace returns the directory's place, and makes the file if need be. It
// writes the file again each time, without replacing it, so that a tool which
// restores what has changed restores this file too.
func (s *Store) markPlace() (here place, err error) {
	name := filepath.Join(s.path, placeFile)
	_, err = os.Stat(name)
	missing := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return here, fmt.Errorf("storage: %w", err)
	}
	_, err = f.WriteString(placeText)
	if err == nil && missing {
		err = errors.Join(f.Sync(), syncDirectory(s.path))
	}
	if err == nil {
		here, err = s.options.placeOf(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return here, fmt.Errorf("storage: place of %s: %w", name, err)
	}
	return here, nil
}

func (p place) known() bool { return p.inode != 0 }

func (p place) equal(q place) bool { return p.inode == q.inode && bytes.Equal(p.handle, q.handle) }

// sameFile tells whether a file that is now here may be the one that was
// recorded. One that was on a file system that doesn't tell may be; one that is
// now on such a file system, but was not, is a copy.
func (p place) sameFile(recorded place) bool {
	if !recorded.known() {
		return true
	}
	return p.inode == recorded.inode &&
		(len(p.handle) == 0 || len(recorded.handle) == 0 || bytes.Equal(p.handle, recorded.handle))
}

func (p place) encode() []byte { return append(binary.AppendUvarint(nil, p.inode), p.handle...) }

func decodePlace(body []byte) (place, error) {
	f := fields{rest: body}
	p := place{inode: f.uvarint()}
	if f.bad {
		return p, damaged("the row that says where the store was")
	}
	p.handle = f.rest
	return p, nil
}
