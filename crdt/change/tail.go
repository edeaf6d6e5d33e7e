package change

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// Tail returns the part of the chunk behind the dependencies and the author.
// Whoever keeps these, and the hash, needs no more to make the chunk again: see
// [FromTail]. The caller must not modify it.
func (c *Change) Tail() []byte {
	start := int(c.body) + column.UlebSize(uint64(len(c.Deps))) + len(c.Deps)*HashSize
	return c.chunk[start+column.UlebSize(uint64(len(c.Actor)))+len(c.Actor):]
}

// FromTail makes the type-1 chunk of a change of its parts. The dependencies may
// come in any order.
func FromTail(hash Hash, deps []Hash, actor ActorID, tail []byte) []byte {
	head := column.UlebSize(uint64(len(deps))) + len(deps)*HashSize + column.UlebSize(uint64(len(actor))) + len(actor)
	length := uint64(head + len(tail))
	chunk := make([]byte, 0, lengthStart+column.UlebSize(length)+int(length))
	chunk = append(chunk, magic...)
	chunk = append(chunk, hash[:checksumSize]...)
	chunk = append(chunk, TypeChange)
	chunk = column.AppendUleb(chunk, length)
	chunk = appendAuthor(chunk, deps, actor)
	return append(chunk, tail...)
}

// appendAuthor appends what a body begins with: dependencies and author.
func appendAuthor(b []byte, deps []Hash, actor ActorID) []byte {
	if !slices.IsSortedFunc(deps, Hash.Compare) {
		deps = SortHashes(slices.Clone(deps))
	}
	b = column.AppendUleb(b, uint64(len(deps)))
	for i := range deps {
		b = append(b, deps[i][:]...)
	}
	return appendText(b, string(actor))
}
