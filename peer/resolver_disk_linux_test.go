package peer_test

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// TestResolvingAfterAFullDisk: the disk was full for a moment while a conflict was to
// be resolved. Once there is room again, Sync has the conflict resolved, and doesn't
// go on to fail with what is long over.
func TestResolvingAfterAFullDisk(t *testing.T) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(t.TempDir(), &disk); err != nil {
		t.Fatal(err)
	}
	free := int64(disk.Bavail) * disk.Bsize
	if free < 8<<30 {
		t.Skip("it takes a file of 4 GiB")
	}
	r := startRelay(t)
	ada := openPeer(t, peer.Config{Relay: r.url(), Reserve: free - 2<<30})
	bob := openPeer(t, peer.Config{Relay: r.url()})
	peers := []*node{ada, bob}
	ballast := filepath.Join(t.TempDir(), "ballast")
	var once sync.Once
	mine := tickets(t, ada, peer.Resolve(func(c peer.Conflict) (any, error) {
		once.Do(func() {
			f, err := os.Create(ballast)
			if err == nil {
				err = syscall.Fallocate(int(f.Fd()), 0, 0, 4<<30)
			}
			if err != nil {
				t.Error(err)
			}
			_ = f.Close()
		})
		return c.Local, nil
	}))
	id := estimates(t, peers)
	bob.online()
	soon(t, tickets(t, bob).Sync)
	ada.online()
	fails(t, mine.Sync(t.Context()), storage.ErrDiskFull)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	soon(t, mine.Sync)
	if found := conflictsOf(t, mine, id); len(found) > 0 {
		t.Errorf("still in conflict: %v", found)
	}
}
