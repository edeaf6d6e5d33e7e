//go:build linux || darwin || freebsd

package storage

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lockDirectory makes sure that nobody else has the directory open, before
// anything in it is looked at. The lock ends with the process, if not before.
func lockDirectory(path string) (release func() error, err error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("storage: lock: %w", err)
	}
	err = unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(lockedError(path), dir.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("storage: lock %s: %w", path, err), dir.Close())
	}
	return dir.Close, nil
}
