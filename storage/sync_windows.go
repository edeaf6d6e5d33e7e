package storage

// syncDirectory does nothing: Windows can't sync a directory, and its file
// systems log renames.
func syncDirectory(string) error { return nil }
