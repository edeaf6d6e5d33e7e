package change

// Limits of version 1 of the protocol. They are the same in every store: a
// change that one accepts, all accept.
const (
	// MaxChunk is the largest change chunk, inflated, in bytes.
	MaxChunk = 64 << 20
	// MaxOps is the largest number of operations in a change, and of
	// predecessors that its operations name.
	MaxOps = 4 << 20
	// MaxDeps is the largest number of dependencies of a change.
	MaxDeps = 10_000
	// MaxActors is the largest number of other actors that a change names.
	MaxActors = 65_536
	// MaxActorSize is the largest actor id in bytes. Automerge's own have 16;
	// the format sets no limit.
	MaxActorSize = 128
	// MaxMessage is the longest commit message in bytes.
	MaxMessage = 64 << 10
	// MaxExtra is the most bytes that may follow a change's columns.
	MaxExtra = 1 << 20
	// MaxCounter bounds operation counters and sequence numbers. Automerge
	// keeps them in 32 bits; half of that leaves room for those who edit after
	// the last operation.
	MaxCounter = 1<<31 - 1

	// maxColumns bounds the column table. Fourteen are known.
	maxColumns = 256
)
