package hub

import (
	"crypto/sha256"

	"github.com/google/uuid"

	"github.com/godwit-sync/godwit/internal/wire"
)

// originOf names, in the log, a neighbour: by the incarnation of its store. Our
// own stores and JavaScript's give that as a UUID; other names, and those of
// peers without a store, are hashed. Two UUIDs are hashed too, because they mean
// something else in the log: the nil one (nobody) and the maximal one
// ([replica.SeveralOrigins]).
func originOf(peerID string, metadata wire.Metadata) (id [16]byte) {
	name := metadata.StorageID
	if u, err := uuid.Parse(name); err == nil && u != uuid.Nil && u != uuid.Max {
		return u
	}
	if name == "" {
		name = peerID
	}
	sum := sha256.Sum256([]byte("godwit origin\x00" + name))
	copy(id[:], sum[:])
	return id
}
