package storage

import "golang.org/x/sys/windows"

// freeSpace returns the bytes that this user may still write on the volume
// that holds path.
func freeSpace(path string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var free uint64
	return free, windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
}
