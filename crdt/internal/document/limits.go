package document

import "github.com/godwit-sync/godwit/crdt/change"

// Limits keep what a few bytes can claim within what a machine can hold.
const (
	// MaxInflated is the most bytes of a chunk's columns, inflated.
	MaxInflated = 4 * change.MaxChunk
	// MaxRows is the largest number of operations, and of their successors.
	MaxRows = 1 << 26
	// MaxChanges is the largest number of changes.
	MaxChanges = 1 << 24
)
