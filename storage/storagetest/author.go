package storagetest

import (
	"encoding/binary"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// Author writes one document's changes: valid ones, without operations, whose
// content depends on the author's number alone. It belongs to one goroutine.
type Author struct {
	actor change.ActorID
	seq   uint64
}

// NewAuthor returns the author with a number.
func NewAuthor(number uint64) *Author {
	actor := binary.BigEndian.AppendUint64([]byte("storagetest"), number)
	return &Author{actor: change.ActorID(actor)}
}

// Resume sets how many changes the author has written, and returns the author.
func (a *Author) Resume(seq uint64) *Author {
	a.seq = seq
	return a
}

// Write returns a change on top of deps that is a little larger than size
// bytes, at most 1 MiB.
func (a *Author) Write(tb TB, size int, deps ...change.Hash) *change.Change {
	tb.Helper()
	c, err := a.write(size, deps)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func (a *Author) write(size int, deps []change.Hash) (*change.Change, error) {
	a.seq++
	extra := make([]byte, size)
	for i := range extra {
		extra[i] = byte(uint64(i)*31 + uint64(i>>8)*7 + a.seq)
	}
	draft := change.Draft{Actor: a.actor, Seq: a.seq, StartOp: 1, Deps: deps, Extra: extra}
	c, err := draft.Encode()
	if err != nil {
		return nil, fmt.Errorf("storagetest: change of %d bytes: %w", size, err)
	}
	return c, nil
}

// Chain returns n changes of a size, each on top of the one before, the first
// on top of deps.
func (a *Author) Chain(tb TB, n, size int, deps ...change.Hash) []*change.Change {
	tb.Helper()
	changes := make([]*change.Change, n)
	for i := range changes {
		changes[i] = a.Write(tb, size, deps...)
		deps = []change.Hash{changes[i].Hash}
	}
	return changes
}

// ID returns the document id with a number. Ids sort by collection, then by
// number.
func ID(collection byte, number uint32) docid.ID {
	id := docid.ID{collection, 'c', 'o', 'l', 'l', '.'}
	binary.BigEndian.PutUint32(id[12:], number)
	return id
}
