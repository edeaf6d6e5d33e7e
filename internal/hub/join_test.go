package hub_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/godwit-sync/godwit/internal/hub"
)

func TestMadeOfflineThenJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.node("alice"), n.node("bob")
		for range 3 {
			alice.edit(id(1))
		}
		bob.edit(id(1))
		bob.edit(id(2))
		alice.join(id(1), id(2))
		synctest.Wait()
		if alice.unavailable[id(2)] != 1 {
			t.Errorf("alice was told %d times that bob's isn't there", alice.unavailable[id(2)])
		}
		bob.join(id(1), id(2))
		synctest.Wait()
		n.checkNodes(id(1), alice, bob)
		n.checkNodes(id(2), alice, bob)
		alice.edit(id(1))
		bob.edit(id(2))
		synctest.Wait()
		n.checkNodes(id(1), alice, bob)
		n.checkNodes(id(2), alice, bob)
	})
}

func TestJoinEndsWithTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice").join(id(1))
		synctest.Wait()
		alice.hub.Close()
		if err := <-alice.ended; !errors.Is(err, hub.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
		n.checkEnded("peer_closed")
		if err := alice.hub.Append(t.Context(), id(1)); err != nil {
			t.Errorf("appending nothing: %v", err)
		}
	})
}
