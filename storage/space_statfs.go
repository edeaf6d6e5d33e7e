//go:build linux || darwin || freebsd

package storage

import "golang.org/x/sys/unix"

// freeSpace returns the bytes that an ordinary user may still write on the
// file system that holds path.
func freeSpace(path string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, err
	}
	return uint64(max(st.Bavail, 0)) * uint64(st.Bsize), nil //nolint:unconvert // not on every system
}
