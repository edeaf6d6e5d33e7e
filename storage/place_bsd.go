//go:build darwin || freebsd

package storage

import (
	"os"

	"golang.org/x/sys/unix"
)

// placeOf names a file by its inode, on the file systems that give a file the
// same one for as long as it lives.
func placeOf(f *os.File) (p place, err error) {
	var system unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &system); err != nil {
		return p, err
	}
	switch unix.ByteSliceToString(system.Fstypename[:]) {
	case "apfs", "hfs", "ufs", "zfs":
	default:
		return p, nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return p, err
	}
	return place{inode: st.Ino}, nil
}
