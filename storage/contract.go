package storage

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// Seq numbers the rows of a store's journal: 1, 2, 3 … without gaps, in commit
// order. A reader that has seen n has seen everything below it.
type Seq uint64

// Incarnation names one life of one store. A restored or replaced store gets a
// new one, and cursors of another life are void.
type Incarnation [16]byte

// Kind says what a journal row records. Unknown kinds can be skipped.
type Kind uint8

// The kinds of journal rows.
const (
	KindChanges Kind = 1
	KindPurge   Kind = 2
)

// Append adds changes to the end of one document's log.
type Append struct {
	Document docid.ID
	// Base is how many changes the caller believes the log holds; the batch
	// fails with ErrConflict if it holds another number.
	Base int
	// Changes in log order: each after its deps and after its actor's previous
	// change. The caller has checked that; the store trusts it.
	Changes []*change.Change
	// Origin is the incarnation of the neighbour that brought the changes; zero
	// means that they are this store's own.
	Origin Incarnation
}

// Entry is a key of the caller's and its value.
type Entry struct{ Key, Value []byte }

// Batch is what becomes durable and visible at once, or not at all.
type Batch struct {
	Appends []Append // at most one per document
	Puts    []Entry
	Deletes [][]byte
}

// Info is what a store knows of a document without reading its history.
type Info struct {
	Document docid.ID
	Heads    []change.Hash // ascending
	Changes  int           // length of its log
	Bytes    int64         // of its changes' chunks
	Last     Seq           // its newest journal row
}

// Row is one journal row.
type Row struct {
	Seq      Seq
	Kind     Kind
	Document docid.ID
	First    int // index of its first change in the document's log
	Count    int // number of changes
	Batch    Seq // the first sequence number of the batch that wrote it
	Origin   Incarnation
}
