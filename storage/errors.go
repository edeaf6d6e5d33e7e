package storage

import (
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// The errors that callers tell apart with [errors.Is]. What is returned wraps
// one of them, names what it happened to, and says what to do next.
var (
	// ErrNotFound: the store holds no such document or key.
	ErrNotFound = errors.New("storage: not found")

	// ErrConflict: an append's Base is not the length of the document's log.
	// Nothing of the batch was written. Read the document again and retry.
	ErrConflict = errors.New("storage: the log has another length")

	// ErrInvalid: the batch breaks a rule of [Batch] or a limit. Nothing of it
	// was written, and it never will be.
	ErrInvalid = errors.New("storage: invalid batch")

	// ErrOutdated: so much was written since a [Snapshot] began that it was let go.
	// Begin anew.
	ErrOutdated = errors.New("storage: too much was written since this reading began")

	// ErrClosed: the store has been closed.
	ErrClosed = errors.New("storage: closed")

	// ErrLocked: another process, or this one, has the store open.
	ErrLocked = errors.New("storage: already open elsewhere")

	// ErrNotStore: the directory holds something that is not a godwit store.
	ErrNotStore = errors.New("storage: not a godwit store")

	// ErrNewerFormat: a newer version of godwit has written this.
	ErrNewerFormat = errors.New("storage: written by a newer version")

	// ErrDamaged: what was read is not what was written.
	ErrDamaged = errors.New("storage: damaged")

	// ErrDiskFull: free disk space is below the reserve. Writes are refused
	// until there is more, but for those that make room, which need a quarter of
	// it; reads go on.
	ErrDiskFull = errors.New("storage: disk space is below the reserve")

	// ErrFailed: a write to the disk failed, so it is unknown what is on it.
	// Everything is refused until the store is closed and opened again.
	ErrFailed = errors.New("storage: a write failed")
)

// noDocument is ErrNotFound for one document. It is made far more often than
// anybody reads it: whoever creates a document asks for it first.
type noDocument struct{ id docid.ID }

// Error names the document.
func (e noDocument) Error() string { return fmt.Sprintf("%v: document %s", ErrNotFound, e.id) }

// Unwrap returns ErrNotFound.
func (e noDocument) Unwrap() error { return ErrNotFound }
