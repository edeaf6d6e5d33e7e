package storage

import (
	"encoding/hex"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// What one [Batch] may hold, the same in every store, so that what one store
// accepted the next accepts too. Changes count against none of them: they are
// staged when they don't fit into a transaction, and each is bounded by
// [change.MaxChunk].
const (
	// MaxAppends is how many documents a batch may append to.
	MaxAppends = 512
	// MaxEntries is how many puts and deletes a batch may hold together.
	MaxEntries = 8192
	// MaxEntryBytes bounds the sum of the lengths of all keys and values that
	// a batch puts and of all keys that it deletes.
	MaxEntryBytes = 1 << 20
	// MaxKey is the greatest length of a caller's key in bytes.
	MaxKey = 1 << 10
	// MaxValue is the greatest length of a caller's value in bytes.
	MaxValue = 256 << 10
)

// Seq numbers the rows of a store's journal: 1, 2, 3 … without gaps, in commit
// order. A reader that has seen n has seen everything below it.
type Seq uint64

// Incarnation names one life of one store. A restored or replaced store gets a
// new one, and cursors of another life are void.
type Incarnation [16]byte

// String returns the incarnation in hexadecimal.
func (in Incarnation) String() string { return hex.EncodeToString(in[:]) }

// Kind says what a journal row records. Unknown kinds can be skipped.
type Kind uint8

// The kinds of journal rows.
const (
	// KindChanges: changes were appended.
	KindChanges Kind = 1
	// KindPurge: the document was removed with all its changes. Rows of the
	// document before this one are of a former life: see [Store.Since].
	KindPurge Kind = 2
)

// Append adds changes to the end of one document's log.
type Append struct {
	Document docid.ID
	// Base is how many changes the caller believes the log holds; the batch
	// fails with ErrConflict if it holds another number.
	Base int
	// Changes in log order: each after its deps and after its actor's previous
	// change. The caller has checked that; the store trusts it. At least one.
	Changes []*change.Change
	// Origin is the incarnation of the neighbour that brought the changes; zero
	// means that they are this store's own.
	Origin Incarnation
}

// Entry is a key of the caller's and its value.
type Entry struct{ Key, Value []byte }

// Batch is what becomes durable and visible at once, or not at all. It must not
// be modified between [Store.Submit] and the callback.
type Batch struct {
	Appends []Append // at most one per document, at most MaxAppends
	Puts    []Entry  // keys of 1 to MaxKey bytes
	Deletes [][]byte // take effect before Puts; a missing key is no error
	// MakesRoom has the batch written when the disk is nearly full, too, as a
	// purge is: see [Options.Reserve]. It must append nothing, and put little.
	MakesRoom bool
	// Patient says that nobody waits for the batch: it becomes durable with the
	// next one that isn't patient, or else within about a tenth of a second. It
	// saves the disk a commit of its own.
	Patient bool
}

// Info is what a store knows of a document without reading its history.
type Info struct {
	Document docid.ID
	Heads    []change.Hash // ascending
	Changes  int           // length of its log
	Bytes    int64         // of its changes' chunks
	Born     Seq           // its first journal row since it was last purged; zero if a godwit of format 1 wrote that
	Last     Seq           // its newest journal row
}

// Row is one journal row.
type Row struct {
	Seq      Seq
	Kind     Kind
	Document docid.ID
	First    int // index of its first change in the document's log
	Count    int // number of changes, added or purged
	Batch    Seq // the first sequence number of the batch that wrote it
	Origin   Incarnation
}
