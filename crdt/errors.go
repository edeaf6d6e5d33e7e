package crdt

import (
	"errors"
	"fmt"
)

var (
	// ErrNoReference is returned for [Reference] in a program that was built without
	// automerge-go.
	ErrNoReference = errors.New("crdt: this program doesn't hold automerge-go: build it with CGO_ENABLED=1 and a C compiler, on Linux or macOS, amd64 or arm64, or leave out crdt.Reference")
	// ErrNotNative is returned for what automerge-go can't do.
	ErrNotNative = errors.New("crdt: automerge-go can't do that; open the document with crdt.Native()")
	// ErrClosed is returned by every method of a closed document.
	ErrClosed = errors.New("crdt: the document is closed")
	// ErrEngine is returned when the engine failed inside. If later calls return
	// it too, the document can only be closed; load it again from where its
	// changes are kept.
	ErrEngine = errors.New("crdt: the document engine failed")
	// ErrRefused is returned for changes that the engine doesn't take, such as a
	// second one with the same actor and seq. Nothing of what came with them is
	// applied.
	ErrRefused = errors.New("crdt: the document engine refused the changes")
	// ErrEnded is returned by handles that are used after the function they
	// were given to has returned. Reads that return no error find nothing then.
	ErrEnded = errors.New("crdt: used after its View or Change ended; get it again from the root")
	// ErrReadOnly is returned by writes inside View.
	ErrReadOnly = errors.New("crdt: View is for reading; write inside Change")
	// ErrDamaged is returned for bytes that are no document, or not whole.
	ErrDamaged = errors.New("crdt: not a document, or damaged")
	// ErrNewerFormat is returned by Change for a document of which
	// [Doc.NewerFormat] is true; by whatever would need the changes that such a
	// document has only as a chunk that this version can't take apart; and by
	// the reference engine, which doesn't open it: nothing of what came with
	// changes that hold something unknown is applied.
	ErrNewerFormat = errors.New("crdt: made by a newer Automerge; update this program")
	// ErrMissing is returned for changes whose dependencies are not here.
	// Nothing of what came with them is applied.
	ErrMissing = errors.New("crdt: changes before these are missing; apply those first")
	// ErrUnknownHeads is returned for heads that name no change of this document.
	ErrUnknownHeads = errors.New("crdt: heads are not in this document; get the changes they name first")
	// ErrDetached is returned when the past of some heads holds a change of an
	// actor but not that actor's change before it, so that no document can be
	// made of that past alone.
	ErrDetached = errors.New("crdt: these heads can't be shown alone: an earlier change of the same actor is not in their past")
	// ErrTooLarge is returned by Change if what was written is more than one
	// change may hold.
	ErrTooLarge = errors.New("crdt: too much for one change; write it in several")

	// ErrInvalid is returned for a value that a document can't hold.
	ErrInvalid = errors.New("crdt: not a value that a document can hold")
	// ErrMismatch is returned by Hydrate for what is of another type in the document
	// than in Go. The error says where; the rest has been read.
	ErrMismatch = errors.New("crdt: the document holds something else")
	// ErrUnsafeInteger is returned for integers beyond ±(2⁵³-1), which make a
	// document unreadable for JavaScript.
	ErrUnsafeInteger = errors.New("crdt: JavaScript can't read integers beyond ±9007199254740991; if none is to read it, write crdt.Int64(n) or crdt.Uint64(n)")
	// ErrTooDeep is returned for values nested deeper than [MaxDepth].
	ErrTooDeep = fmt.Errorf("crdt: nested deeper than %d", MaxDepth)
	// ErrEmptyKey is returned for writes to the key "".
	ErrEmptyKey = errors.New("crdt: a map's key can't be empty")
	// ErrRange is returned for a position outside a list or text.
	ErrRange = errors.New("crdt: out of range")
	// ErrCursor is returned for what is no cursor, and for a cursor whose letter
	// isn't in the text, or not yet.
	ErrCursor = errors.New("crdt: not a cursor of this text")
	// ErrNoBlock is returned by JoinBlock and UpdateBlock where no block stands.
	ErrNoBlock = errors.New("crdt: no block stands there; begin one with SplitBlock")
	// ErrAbsent is returned by writes through a handle for which there is no
	// object of its kind: set the map, list or text first.
	ErrAbsent = errors.New("crdt: there is no such map, list or text; set it first")
	// ErrNotCounter is returned by Increment where no counter is.
	ErrNotCounter = errors.New("crdt: not a counter; set a crdt.Counter first")
	// ErrActor is returned for an actor id that can't be used.
	ErrActor = errors.New("crdt: not a usable actor id; make one with NewActorID")
)

// errPanicked marks an engine that can't be touched again: a lock of its may be
// held for ever.
var errPanicked = fmt.Errorf("%w (it panicked); close the document and load it again", ErrEngine)

// rescue turns a panic of the engine into an error.
func rescue(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", errPanicked, p)
	}
}
