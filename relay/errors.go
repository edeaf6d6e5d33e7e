package relay

import (
	"context"
	"errors"

	"github.com/godwit-sync/godwit/storage"
)

var (
	// ErrNoStore is returned by [New] for a configuration without a store.
	ErrNoStore = errors.New("relay: the configuration names no store")

	// errStopping: the relay's Run has begun to end.
	errStopping = errors.New("relay: stopping")
)

// sickness names why a relay is not healthy in one stable word.
func sickness(err error) string {
	for _, s := range []struct {
		err  error
		word string
	}{
		{errStopping, "stopping"},
		{storage.ErrDiskFull, "disk_full"},
		{storage.ErrFailed, "write_failed"},
		{storage.ErrDamaged, "damaged"},
		{storage.ErrClosed, "closed"},
		{context.DeadlineExceeded, "slow"},
	} {
		if errors.Is(err, s.err) {
			return s.word
		}
	}
	return "other"
}
