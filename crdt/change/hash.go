package change

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// HashSize is the length of a change's hash in bytes.
const HashSize = 32

// ErrHash is returned for a text or byte string that is not a hash.
var ErrHash = errors.New("change: not a hash")

// Hash names a change: the SHA-256 of its chunk type, length and body.
type Hash [HashSize]byte

// ParseHash reads 64 hexadecimal digits.
func ParseHash(text string) (Hash, error) {
	var h Hash
	if len(text) != 2*HashSize {
		return h, fmt.Errorf("%w: %d letters, want %d", ErrHash, len(text), 2*HashSize)
	}
	if _, err := hex.Decode(h[:], []byte(text)); err != nil {
		return h, fmt.Errorf("%w: %w", ErrHash, err)
	}
	return h, nil
}

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Compare orders hashes by their bytes, as the wire formats do.
func (h Hash) Compare(other Hash) int { return bytes.Compare(h[:], other[:]) }

// SortHashes sorts hashes ascending in place and returns them. Heads are a
// set; on the wire and in comparisons they are sorted.
func SortHashes(hashes []Hash) []Hash {
	slices.SortFunc(hashes, Hash.Compare)
	return hashes
}
