package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// Check writes a small row durably, through the committer like any other, and
// reads it back. It costs one commit, shared with whatever else is waiting.
func (s *Store) Check(ctx context.Context) error {
	mark := make([]byte, 8)
	rand.Read(mark) //nolint:errcheck // never fails
	row := write{key: metaHealth, value: seal(metaHealth, mark)}
	if _, err := s.commit(ctx, &submission{batch: &Batch{}, extra: []write{row}}); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	return s.view(func(txn *badger.Txn) error {
		read, err := readSealed(txn, metaHealth)
		if err == nil && len(read) != len(mark) {
			err = damaged("check of %s: read %x after writing %x", s.path, read, mark)
		}
		if err == nil && !bytes.Equal(read, mark) {
			return nil // another check has written since
		}
		return err
	})
}
