package storage

import "fmt"

// reserve returns how many bytes a write leaves untouched. What makes room takes
// room at first, so it may use what others may not. A quarter is left to the
// compactions of a small store, which write tables anew before they delete the old.
func (s *Store) reserve(makesRoom bool) int64 {
	if makesRoom {
		return s.options.Reserve / 4
	}
	return s.options.Reserve
}

// checkSpace refuses to write below a reserve. One system call is little
// beside the sync that follows it, so it is made before every transaction.
func (s *Store) checkSpace(reserve int64) error {
	if s.options.InMemory || s.options.Reserve < 0 {
		return nil
	}
	free, err := s.options.freeSpace(s.path)
	if err != nil {
		return s.wrap("free disk space", err)
	}
	if free < uint64(reserve) {
		s.counts.refused.Add(1)
		return fmt.Errorf("%w: %s has %d MiB left, the reserve is %d MiB; make room, writes then go on by themselves",
			ErrDiskFull, s.path, free>>20, reserve>>20)
	}
	return nil
}

// giveBack removes what is left of what was deleted, and has Badger give its room
// back, which it does when it compacts tables: never, if nothing is written.
func (s *Store) giveBack() error {
	if err := s.sweepAll(); err != nil || s.checkSpace(s.reserve(true)) != nil {
		return err
	}
	if err := s.db.Flatten(1); err != nil {
		s.log.Warn("could not compact the store to make room", "path", s.path, "error", err)
	}
	return nil
}
