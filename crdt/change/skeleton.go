package change

import (
	"crypto/sha256"
	"encoding/binary"
)

// skeletonPrefix and skeletonDigest are the parts of a skeleton change's actor.
const (
	skeletonPrefix = "gsk1"
	skeletonDigest = 16
	chunkPrefix    = 4 + 4 + 1 // magic, checksum, type
)

// ReservedForSkeletons reports whether only skeleton changes may have this
// actor.
func (a ActorID) ReservedForSkeletons() bool {
	return len(a) >= len(skeletonPrefix) && a[:len(skeletonPrefix)] == skeletonPrefix
}

// IsSkeleton reports whether this is a skeleton change: one that peers derive
// byte for byte from a record's natural key, whose actor is a digest of its
// body (with an empty actor in its place), so that nobody can occupy it with
// another change.
func (c *Change) IsSkeleton() bool {
	if !c.Actor.ReservedForSkeletons() || c.Seq != 1 {
		return false
	}
	body := c.chunk[chunkPrefix:]
	_, n := binary.Uvarint(body) // the body's length
	body = body[n:]
	_, n = binary.Uvarint(body) // the number of deps
	deps := n + len(c.Deps)*HashSize
	_, n = binary.Uvarint(body[deps:]) // the actor's length
	rest := body[deps+n+len(c.Actor):]

	return c.Actor == skeletonActor(body[:deps], rest)
}

// skeletonActor returns the actor of a skeleton change, by what comes before and
// after the actor in its body.
func skeletonActor(before, after []byte) ActorID {
	digest := sha256.New()
	digest.Write(before)
	digest.Write([]byte{0}) // the length of no actor
	digest.Write(after)
	return ActorID(skeletonPrefix + string(digest.Sum(nil)[:skeletonDigest]))
}

// Skeleton makes the skeleton change of the draft's operations, first operation
// and deps. Its actor follows from them; no operation may name it.
func (d *Draft) Skeleton() (*Change, error) {
	s := Draft{Actor: skeletonPrefix, Seq: 1, StartOp: d.StartOp, Deps: d.Deps, Ops: d.Ops}
	_, tail, _ := s.Seal(nil)
	deps := appendAuthor(nil, d.Deps, "")
	s.Actor = skeletonActor(deps[:len(deps)-1], tail)
	return s.Encode()
}
