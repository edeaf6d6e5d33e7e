package peer_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// What no relay has is never evicted, also while it is being written.
func TestEvictingWhileWriting(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true, Relay: "ws://127.0.0.1:1"})
	c := employees(t, p)
	made(t, c, employee{Name: "first"})
	var done atomic.Bool
	var evicting sync.WaitGroup
	evicting.Go(func() {
		for !done.Load() {
			if _, err := c.Unsubscribe(t.Context(), true); err != nil {
				t.Error(err)
			}
		}
	})
	var ids []crdt.DocumentID
	for i := range 10 {
		if err := p.Commit(t.Context(), func(tx *peer.Tx) error {
			for k := range 300 {
				id, err := c.In(tx).Create(t.Context(), employee{Name: fmt.Sprint(i, k)})
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	done.Store(true)
	evicting.Wait()
	for _, id := range ids {
		exists(t, c, id, true)
	}
}
