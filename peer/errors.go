package peer

import (
	"errors"
	"fmt"
	"strings"
)

// The errors that callers tell apart with errors.Is. What is returned wraps one
// of them, or one of packages storage, crdt and change, and says what to do
// next.
var (
	// ErrClosed: the peer has been closed, or is being closed.
	ErrClosed = errors.New("peer: closed")

	// ErrConfig: the configuration can't work.
	ErrConfig = errors.New("peer: bad configuration")

	// ErrNoRelay: Run and Sync need a relay, and the configuration names none.
	ErrNoRelay = errors.New("peer: no relay configured; set Config.Relay")

	// ErrRunning: Run is running already.
	ErrRunning = errors.New("peer: Run is running already")

	// ErrUnknown: this peer neither has the document nor looks for it. Find it
	// first.
	ErrUnknown = errors.New("peer: unknown document")

	// ErrNotHere: the document has not arrived yet, and whether the relay has it
	// is not known. It is delivered when it turns up.
	ErrNotHere = errors.New("peer: the document is not here yet")

	// ErrUnavailable: the relay says that it doesn't have the document. It is
	// delivered if it turns up later.
	ErrUnavailable = errors.New("peer: the relay does not have the document")

	// ErrSetAside: something in the document has ended the process before, so
	// it isn't opened until [Document.Retry] says so.
	ErrSetAside = errors.New("peer: the document is set aside")

	// ErrRefused: a change breaks a rule that every store enforces.
	ErrRefused = errors.New("peer: change refused")

	// ErrCollection: the collection's name can't be used here, because another
	// name has the same tag.
	ErrCollection = errors.New("peer: another collection is in the way")

	// ErrLocalOnly: the collection stays at this peer; see [LocalOnly].
	ErrLocalOnly = errors.New("peer: the collection is local only")

	// ErrUnsubscribed: the collection doesn't follow the relay until
	// [Records.Subscribe] says so.
	ErrUnsubscribed = errors.New("peer: the collection is unsubscribed; subscribe first")

	// ErrNoRecord: there has never been such a record, or it is not here.
	ErrNoRecord = errors.New("peer: no such record")

	// ErrDeleted: the record is deleted. Restore brings it back.
	ErrDeleted = errors.New("peer: the record is deleted")

	// ErrExists: there is a record with that key already.
	ErrExists = errors.New("peer: the record exists")

	// ErrKey: the record of that id has another natural key.
	ErrKey = errors.New("peer: the record has another key")

	// ErrUnread: the relay can't read some records that it holds, so they didn't come.
	// All others did. When it is repaired, [Records.Resync] brings them; if it begins
	// a new life then, as after restoring a backup, they come by themselves.
	ErrUnread = errors.New("peer: the relay can't read some records")

	// ErrInvalid: a record, name, index or query that can't be. The error says
	// which part of it, and why.
	ErrInvalid = errors.New("peer: invalid")

	// ErrStale: other values stand there by now. Look at the conflicts anew.
	ErrStale = errors.New("peer: the conflict is another one by now")

	// ErrCursor: the cursor is of another life of the directory. What was read until
	// there may not be here any more: begin anew.
	ErrCursor = errors.New("peer: the cursor is of another life of the directory")

	// ErrTooMuch: more than one transaction can hold.
	ErrTooMuch = errors.New("peer: too much for one transaction")
)

// during says what could not be done, and why, in words that name this package once.
func during(why error, what string, args ...any) error {
	return &doingError{fmt.Sprintf(what, args...), why}
}

type doingError struct {
	what string
	why  error
}

func (e *doingError) Error() string {
	return "peer: " + e.what + ": " + strings.TrimPrefix(e.why.Error(), "peer: ")
}

func (e *doingError) Unwrap() error { return e.why }
