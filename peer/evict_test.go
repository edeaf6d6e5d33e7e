package peer_test

import (
	"fmt"
	"slices"
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

// What a former relay holds says nothing about the present one: nothing is evicted
// before that has greeted, nor what it lacks then.
func TestEvictingAtAnotherRelay(t *testing.T) {
	first, second := startRelay(t), startRelay(t)
	dir := t.TempDir()
	p := openPeer(t, peer.Config{Path: dir, Relay: first.url()})
	c := employees(t, p)
	id := made(t, c, employee{Name: "Ada"})
	p.online()
	soon(t, c.Push)
	p.close()

	p = openPeer(t, peer.Config{Path: dir, Relay: second.url()})
	c = employees(t, p, peer.ManualPush())
	evict := func(want ...crdt.DocumentID) {
		t.Helper()
		kept, err := c.Unsubscribe(t.Context(), true)
		if err != nil || !slices.Equal(kept, want) {
			t.Errorf("kept are %v (%v), want %v", kept, err, want)
		}
		exists(t, c, id, len(want) > 0)
	}
	evict(id)
	p.online()
	evict(id)
	soon(t, c.Push)
	p.offline()
	evict()
}
