package hub_test

import (
	"crypto/sha256"
	"testing"

	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/wire"
)

func TestOrigin(t *testing.T) {
	incarnation := [16]byte{
		0x3f, 0x9d, 0x2a, 0x61, 0x0c, 0x4b, 0x4e, 0x07, 0x8d, 0x15, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6,
	}
	const none, several = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
	for _, row := range []struct {
		peer, storage string
		want          [16]byte
	}{
		{"alice", "3f9d2a61-0c4b-4e07-8d15-a1b2c3d4e5f6", incarnation},
		{"bob", "3f9d2a61-0c4b-4e07-8d15-a1b2c3d4e5f6", incarnation}, // of one store
		{"alice", "", hashed("alice")},
		{"alice", "my storage", hashed("my storage")},
		{"alice", none, hashed(none)},
		{"alice", several, hashed(several)},
	} {
		join := wire.Join{SenderID: row.peer, Metadata: wire.Metadata{StorageID: row.storage}}
		if got := hub.Origin(join); got != row.want {
			t.Errorf("%s with storage %q: %x, want %x", row.peer, row.storage, got, row.want)
		}
	}
}

func hashed(name string) [16]byte {
	sum := sha256.Sum256([]byte("godwit origin\x00" + name))
	return [16]byte(sum[:16])
}
