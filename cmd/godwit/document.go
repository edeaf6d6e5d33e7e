package main

import (
	"fmt"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// documentID is a document's id or URL on a command line.
type documentID crdt.DocumentID

func (d *documentID) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if at := strings.IndexAny(s, "/#"); strings.HasPrefix(s, "automerge:") && at > 0 {
		return fmt.Errorf("%q names a part of a document; write %s, and where in it as a JSON Pointer of its own", s, s[:at])
	}
	id, err := crdt.ParseDocumentID(s)
	if err != nil {
		return fmt.Errorf("%q is no document id; it is what \"godwit doc create\" and \"godwit doc list\" print, and looks like automerge:3f6wPmkz6MuCRa9DBMpD7foc1peA", s)
	}
	*d = documentID(id)
	return nil
}

func (d documentID) id() crdt.DocumentID { return crdt.DocumentID(d) }

// headsFlag is a set of heads on a command line.
type headsFlag []crdt.Hash

func (h *headsFlag) UnmarshalText(text []byte) error {
	for name := range strings.SplitSeq(string(text), ",") {
		hash, err := change.ParseHash(name)
		if err != nil {
			return fmt.Errorf("%q is no head; it has 64 hexadecimal digits", name)
		}
		*h = append(*h, hash)
	}
	return nil
}

func headNames(heads []crdt.Hash) []string {
	names := make([]string, len(heads))
	for i, head := range heads {
		names[i] = head.String()
	}
	return names
}
