package crdt

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// DocumentID names a document.
type DocumentID = docid.ID

// ActorID names whoever makes changes: another one in each document and each life
// of a store.
type ActorID = change.ActorID

// Hash names a change.
type Hash = change.Hash

// OpID names an operation: by the actor whose it is, and a counter.
type OpID = change.OpID

const (
	actorSize = 16
	urlScheme = "automerge:"
	// reservedActors begin the ids of changes that are derived from a record's
	// key, see docs/PROTOCOL.md.
	reservedActors = "gsk1"
)

// NewDocumentID returns a random id.
func NewDocumentID() DocumentID { return docid.New() }

// ParseDocumentID reads an id or a URL "automerge:<id>".
func ParseDocumentID(text string) (DocumentID, error) {
	if strings.HasPrefix(text, urlScheme) {
		return docid.ParseURL(text)
	}
	return docid.Parse(text)
}

// NewActorID returns sixteen random bytes.
func NewActorID() ActorID {
	var id [actorSize]byte
	for {
		_, _ = rand.Read(id[:]) // never fails, says its documentation
		if actor := ActorID(id[:]); checkActor(actor) == nil {
			return actor
		}
	}
}

func checkActor(actor ActorID) error {
	switch {
	case actor == "" || len(actor) > change.MaxActorSize:
		return fmt.Errorf("%w: %d bytes, want 1 to %d", ErrActor, len(actor), change.MaxActorSize)
	case strings.HasPrefix(string(actor), reservedActors):
		return fmt.Errorf("%w: those that begin with %q are reserved", ErrActor, reservedActors)
	}
	return nil
}

// sorted returns the hashes ascending, each once, in a slice of its own.
func sorted(hashes []Hash) []Hash {
	return slices.Compact(change.SortHashes(slices.Clone(hashes)))
}
