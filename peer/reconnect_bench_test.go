package peer_test

import (
	"testing"

	"github.com/godwit-sync/godwit/peer"
)

// BenchmarkReconnectCollection meets a relay again with which a collection of 100,000
// records is the same, but for ten changes, and is done when these are here.
func BenchmarkReconnectCollection(b *testing.B) {
	relay := startRelay(b)
	ann, bob := openPeer(b, peer.Config{Relay: relay.url()}), openPeer(b, peer.Config{Relay: relay.url()})
	anns, bobs := employees(b, ann), employees(b, bob)
	ann.online()
	const many = 100_000
	for range many / peer.MaxRecords {
		commit(b, ann, func(tx *peer.Tx) error {
			for range peer.MaxRecords {
				if _, err := anns.In(tx).Create(b.Context(), employee{Name: "Ada"}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	soon(b, ann.Sync)
	bob.online()
	soon(b, bob.Sync)
	for b.Loop() {
		b.StopTimer()
		bob.offline()
		for range 10 {
			made(b, anns, employee{Name: "New"})
		}
		soon(b, ann.Sync)
		b.StartTimer()
		bob.online()
		soon(b, bobs.Pull)
	}
}
