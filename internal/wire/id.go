package wire

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/mr-tron/base58"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

const headChecksum = 4

// document reads the id of a document, which every message that has the field
// must name.
func (n name) document() (docid.ID, error) {
	id, err := docid.Parse(string(n))
	if err != nil {
		return id, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if id == (docid.ID{}) {
		return id, fmt.Errorf("%w: the zero id", ErrDocument)
	}
	return id, nil
}

func documentName(id docid.ID) name { return name(id.String()) }

// heads reads hashes in base58check, as automerge-repo 2.x writes heads, or in
// hexadecimal, as 1.x does; the two differ in length.
func heads(names []name) ([]change.Hash, error) {
	if len(names) == 0 {
		return nil, nil
	}
	hashes := make([]change.Hash, len(names))
	for i, n := range names {
		var err error
		if len(n) == 2*change.HashSize {
			hashes[i], err = change.ParseHash(string(n))
		} else {
			hashes[i], err = n.head()
		}
		if err != nil {
			return nil, fmt.Errorf("%w: head %q: %w", ErrField, n, err)
		}
	}
	return hashes, nil
}

// head reads a hash in base58check.
func (n name) head() (hash change.Hash, err error) {
	raw, err := base58.Decode(string(n))
	if err != nil {
		return hash, err
	}
	if len(raw) != change.HashSize+headChecksum {
		return hash, fmt.Errorf("%d bytes", len(raw))
	}
	hash = change.Hash(raw[:change.HashSize])
	if checksum(hash) != [headChecksum]byte(raw[change.HashSize:]) {
		return hash, errors.New("wrong checksum")
	}
	return hash, nil
}

// headNames writes hashes in base58check.
func headNames(hashes []change.Hash) []name {
	names := make([]name, len(hashes))
	for i, hash := range hashes {
		sum := checksum(hash)
		names[i] = name(base58.Encode(append(hash[:], sum[:]...)))
	}
	return names
}

func checksum(hash change.Hash) [headChecksum]byte {
	first := sha256.Sum256(hash[:])
	second := sha256.Sum256(first[:])
	return [headChecksum]byte(second[:headChecksum])
}
