package storage

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// Check writes a small row durably, through the committer like any other, and
// reads it back. It costs one commit, shared with whatever else is waiting.
func (s *Store) Check(ctx context.Context) error {
	row := write{key: metaHealth, value: seal(metaHealth, []byte(rand.Text()))}
	if _, err := s.commit(ctx, &submission{batch: &Batch{}, extra: []write{row}}); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	return s.view(func(txn *badger.Txn) error {
		if err := readSealed(txn, metaHealth, func([]byte) error { return nil }); err != nil {
			return fmt.Errorf("check: %w", err)
		}
		return nil
	})
}
