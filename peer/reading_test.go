package peer_test

import (
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// Whatever heads a document has, what they stand for can be looked at, also
// while others write.
func TestHeadsCanBeLookedAt(t *testing.T) {
	const writes = 400
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	atAda := ada.create(set("n", 0))
	reaches(t, atAda, peer.Synced)
	atBob := bob.find(atAda.ID())
	written := make(chan error, 1)
	go func() {
		var err error
		for n := 0; n < writes && err == nil; n++ {
			err = atAda.Change(t.Context(), set("n", n+1))
		}
		written <- err
	}()
	var seen []crdt.Hash
	for done := false; !done; {
		select {
		case err := <-written:
			if err != nil {
				t.Fatal(err)
			}
			agree(t, atAda, atBob)
			done = true
		default:
		}
		now := heads(t, atBob)
		if slices.Equal(now, seen) {
			continue // until they are new
		}
		seen = now
		if err := atBob.ChangeAt(t.Context(), seen, func(crdt.Map) error { return nil }); err != nil {
			t.Fatalf("the heads are %v, and then: %v", seen, err)
		}
	}
}
