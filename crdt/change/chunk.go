package change

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// A chunk is: four magic bytes, the first four bytes of the hash, the type,
// the body's length, the body. The hash covers everything after the checksum,
// and of a compressed change it covers the chunk as it was before.
// https://automerge.org/automerge-binary-format-spec/#_chunks
const (
	magic = "\x85\x6f\x4a\x83"

	checksumStart = len(magic)
	typeStart     = checksumStart + checksumSize
	lengthStart   = typeStart + 1
	checksumSize  = 4
	// maxFrame is the most bytes before a body.
	maxFrame = lengthStart + 10
	// maxBody keeps every chunk within MaxChunk.
	maxBody = int64(MaxChunk - maxFrame)
)

// The types of chunks.
const (
	TypeDocument   byte = 0
	TypeChange     byte = 1
	TypeCompressed byte = 2
	TypeBundle     byte = 3
)

// ErrSplit is returned by [Split] where the bytes are not a chunk.
var ErrSplit = errors.New("change: not a chunk")

var (
	errFrameShort = &fault{RuleFrame, "chunk ends too early"}
	errMagic      = &fault{RuleFrame, "wrong magic bytes"}
	errLength     = &fault{RuleFrame, "length is malformed"}
	errTrailing   = &fault{RuleFrame, "bytes after the chunk"}
	errType       = &fault{RuleFrame, "not a change chunk"}
	errChecksum   = &fault{RuleChecksum, "checksum doesn't match"}
	errChunkSize  = &fault{RuleLimit, "chunk too large"}
)

// frame is where a chunk's body lies.
type frame struct {
	kind       byte
	start, end int
}

// readFrame reads the frame of the chunk that b begins with.
func readFrame(b []byte) (frame, error) {
	if len(b) < lengthStart {
		return frame{}, errFrameShort
	}
	if string(b[:checksumStart]) != magic {
		return frame{}, errMagic
	}
	length, n, err := column.Uleb(b[lengthStart:])
	if err != nil {
		return frame{}, errLength
	}
	start := lengthStart + n
	if length > uint64(len(b)-start) {
		return frame{}, errFrameShort
	}
	return frame{kind: b[typeStart], start: start, end: start + int(length)}, nil
}

// Split takes the first chunk off b and returns it, its type (one of the Type
// constants, or another), and what follows it. It looks at the frame only: a
// change still has to be parsed. The results alias b.
func Split(b []byte) (chunk []byte, kind byte, rest []byte, err error) {
	f, err := readFrame(b)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("%w: %w", ErrSplit, err)
	}
	return b[:f.end:f.end], f.kind, b[f.end:], nil
}

// open finds the body of the single change chunk that b must be, inflates it
// if need be and verifies the checksum. The returned chunk is of type 1.
func open(b []byte) (chunk []byte, body int, hash Hash, err error) {
	f, err := readFrame(b)
	switch {
	case err != nil:
		return nil, 0, hash, err
	case f.end != len(b):
		return nil, 0, hash, errTrailing
	case int64(f.end-f.start) > maxBody:
		return nil, 0, hash, errChunkSize
	}
	chunk, body = b, f.start
	switch f.kind {
	case TypeChange:
	case TypeCompressed:
		if chunk, body, err = inflate(b, f); err != nil {
			return nil, 0, hash, err
		}
	default:
		return nil, 0, hash, errType
	}
	hash = sha256.Sum256(chunk[typeStart:])
	if string(hash[:checksumSize]) != string(chunk[checksumStart:typeStart]) {
		return nil, 0, Hash{}, errChecksum
	}
	return chunk, body, hash, nil
}
