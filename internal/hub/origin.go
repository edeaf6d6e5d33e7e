package hub

import (
	"crypto/sha256"

	"github.com/google/uuid"

	"github.com/godwit-sync/godwit/internal/wire"
)

// Origin names, in the log, whoever joins: by the incarnation of its store. Our
// own stores and JavaScript's give that as a UUID; other names, and those of
// peers without a store, are hashed. Two UUIDs are hashed too, because they mean
// something else in the log: the nil one (nobody) and the maximal one
// ([replica.SeveralOrigins]).
func Origin(join wire.Join) (id [16]byte) {
	name := join.Metadata.StorageID
	if u, err := uuid.Parse(name); err == nil && u != uuid.Nil && u != uuid.Max {
		return u
	}
	if name == "" {
		name = join.SenderID
	}
	sum := sha256.Sum256([]byte("godwit origin\x00" + name))
	copy(id[:], sum[:])
	return id
}
