package hub

import (
	"errors"

	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// endings name the errors that end sessions: a stable word, and the code that
// the peer is told.
var endings = []struct {
	err  error
	word string
	code socket.Code
}{
	{replica.ErrGreeting, "greeting", socket.CodeProtocol},
	{replica.ErrVersion, "version", socket.CodeProtocol},
	{replica.ErrSender, "sender", socket.CodePolicy},
	{replica.ErrUnexpected, "unexpected", socket.CodeProtocol},
	{replica.ErrLeft, "left", socket.CodeNormal},
	{crdtsync.ErrMessage, "sync_message", socket.CodeProtocol},
	{errChunk, "chunk", socket.CodeProtocol},
	{errDocuments, "documents", socket.CodePolicy},
	{errSaid, "memory", socket.CodePolicy},
	{errReplies, "answers", socket.CodePolicy},
	{errStore, "store", socket.CodeTryLater},
	{errReplaced, "replaced", socket.CodePolicy},
	{errJoined, "joined", socket.CodePolicy},
	{errSilent, "no_greeting", socket.CodePolicy},
	{ErrClosed, "stopping", socket.CodeGoingAway},
	{wire.ErrDocument, "document_id", socket.CodeProtocol},
	{wire.ErrType, "no_type", socket.CodeProtocol},
	{wire.ErrField, "bad_field", socket.CodeProtocol},
	{wire.ErrMalformed, "malformed", socket.CodeProtocol},
}

// Reason names the error that ended a session in one stable word, for metrics.
func Reason(err error) string {
	for _, e := range endings {
		if errors.Is(err, e.err) {
			return e.word
		}
	}
	return socket.Reason(err)
}

// farewell returns what the peer is told when a session ends. Details stay in
// the log: they may be about others.
func farewell(err error) (socket.Code, string) {
	for _, e := range endings {
		if errors.Is(err, e.err) {
			return e.code, e.err.Error()
		}
	}
	return socket.CodeOf(err), err.Error()
}
