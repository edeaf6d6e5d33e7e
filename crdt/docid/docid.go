package docid

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/mr-tron/base58"
)

// Size is the length of an id in bytes.
const Size = 16

const (
	checksumSize = 4
	urlScheme    = "automerge:"
	// maxText bounds the work that a foreign string can cost: sixteen bytes and
	// a checksum never need more than 28 base58 letters.
	maxText = 32
)

// ErrInvalid is returned for a text that is not a document id or URL.
var ErrInvalid = errors.New("docid: not a document id")

// ID names one document. The zero ID names none.
type ID [Size]byte

// New returns a random id (a UUIDv4), as automerge-repo makes them.
func New() ID { return ID(uuid.New()) }

// Parse reads the base58check text of an id.
func Parse(text string) (ID, error) {
	var id ID
	if len(text) > maxText {
		return id, fmt.Errorf("%w: %d letters", ErrInvalid, len(text))
	}
	raw, err := base58.Decode(text)
	if err != nil {
		return id, fmt.Errorf("%w: %q: %w", ErrInvalid, text, err)
	}
	if len(raw) != Size+checksumSize {
		return id, fmt.Errorf("%w: %q holds %d bytes, want %d", ErrInvalid, text, len(raw), Size+checksumSize)
	}
	copy(id[:], raw)
	if checksum(id) != [checksumSize]byte(raw[Size:]) {
		return ID{}, fmt.Errorf("%w: %q: wrong checksum", ErrInvalid, text)
	}
	return id, nil
}

// ParseURL reads "automerge:<id>". A URL with heads or a path names a part of
// a document and is refused.
func ParseURL(url string) (ID, error) {
	text, ok := strings.CutPrefix(url, urlScheme)
	if !ok {
		return ID{}, fmt.Errorf("%w: %q does not begin with %q", ErrInvalid, url, urlScheme)
	}
	return Parse(text)
}

// String returns the id's base58check text.
func (id ID) String() string {
	sum := checksum(id)
	return base58.Encode(append(id[:], sum[:]...))
}

// URL returns "automerge:" and the id's text.
func (id ID) URL() string { return urlScheme + id.String() }

func checksum(id ID) [checksumSize]byte {
	first := sha256.Sum256(id[:])
	second := sha256.Sum256(first[:])
	return [checksumSize]byte(second[:checksumSize])
}
