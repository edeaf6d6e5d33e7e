package change

import "encoding/hex"

// Change is one parsed, structurally valid change. It is immutable and may be
// shared between goroutines.
type Change struct {
	Hash    Hash
	Deps    []Hash // as in the chunk: ascending, distinct
	Actor   ActorID
	Seq     uint64 // ≥ 1
	StartOp uint64 // ≥ 1
	Ops     uint64 // number of operations: its ids are StartOp … StartOp+Ops-1
	Message string // empty if none
	Time    int64  // as the author wrote it, mostly in seconds since 1970; 0 if none; decides nothing
	// OtherActors are the actors, besides Actor, that the operations name by
	// index: index 0 is Actor, index i is OtherActors[i-1].
	OtherActors []ActorID
	// NewerFormat is set if the change holds actions or columns that this
	// version doesn't know. It is passed on untouched; an engine opens such a
	// document read-only.
	NewerFormat bool

	chunk  []byte // of type 1
	body   int32  // where the chunk's body begins
	table  int32  // where its column table begins
	extra  int32  // where the bytes after its columns begin
	refs   []Refs
	oneDep [1]Hash // holds Deps if there is only one, as there mostly is
}

// ActorID is an actor's raw bytes, kept as a string so that it can be compared
// and used as a map key.
type ActorID string

// String returns the actor id in hexadecimal, as JavaScript has it.
func (a ActorID) String() string { return hex.EncodeToString([]byte(a)) }

// Refs is an arithmetic progression of operation ids that a change names and
// that lie outside it: Count ids of one actor, First, First+Step, ….
type Refs struct {
	Actor int // 0 = the change's own actor, i = OtherActors[i-1]
	First uint64
	Step  int64
	Count uint64 // ≥ 1; Step is 0 if it is 1
}

// Bytes returns the change's type-1 chunk. The caller must not modify it.
func (c *Change) Bytes() []byte { return c.chunk }

// Refs returns the ids that the change's operations name as object, element or
// predecessor and that must therefore lie in its causal past. Ids of the
// change itself have been checked by [Parse] and are left out. Each id occurs
// at least once; the order means nothing. A change from [ReadHeader] has none.
// The caller must not modify the slice.
func (c *Change) Refs() []Refs { return c.refs }

// Footprint estimates the memory that the change holds, in bytes. It may be many
// times its chunk: ids that a chunk packs into a bit each may be a reference
// each here.
func (c *Change) Footprint() int {
	const perChange, perRefs = 256, 32
	size := perChange + len(c.chunk) + perRefs*cap(c.refs) + HashSize*len(c.Deps)
	for _, a := range c.OtherActors {
		size += 16 + len(a)
	}
	return size
}

// MaxOp returns the counter of the change's last operation; StartOp-1 if it
// has none.
func (c *Change) MaxOp() uint64 { return c.StartOp + c.Ops - 1 }
