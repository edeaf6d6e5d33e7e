package storage

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// steady are the file systems that give a file the same number for as long as
// it lives, whoever mounts them and when.
var steady = map[uint32]bool{
	unix.EXT4_SUPER_MAGIC:      true, // and ext2, ext3
	unix.XFS_SUPER_MAGIC:       true,
	unix.BTRFS_SUPER_MAGIC:     true,
	unix.F2FS_SUPER_MAGIC:      true,
	unix.TMPFS_MAGIC:           true,
	unix.OVERLAYFS_SUPER_MAGIC: true,
	0x2fc12fc1:                 true, // ZFS
	0xca451a4e:                 true, // bcachefs
}

// placeOf names a file by its inode and, where the file system can, by its
// handle, which holds the inode's generation and, on Btrfs, the subvolume.
func placeOf(f *os.File) (p place, err error) {
	var system unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &system); err != nil {
		return p, err
	}
	if !steady[uint32(system.Type)] {
		return p, nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return p, err
	}
	p.inode = st.Ino
	if handle, _, err := unix.NameToHandleAt(int(f.Fd()), "", unix.AT_EMPTY_PATH); err == nil {
		p.handle = binary.BigEndian.AppendUint32(nil, uint32(handle.Type()))
		p.handle = append(p.handle, handle.Bytes()...)
	}
	return p, nil
}
