package wire

import (
	"crypto/sha256"
	"fmt"
	"math"

	"github.com/fxamacker/cbor/v2"
	"github.com/mr-tron/base58"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// MaxName is the length in bytes beyond which a name (of a peer, a session, a
// store, a version) is refused: names are kept and compared, and need not be
// long.
const MaxName = 512

// maxInteger is the last integer up to which a JavaScript number has no gaps.
const maxInteger = 1 << 53

// kind is a message's type. The known ones decode without allocating.
type kind string

const (
	kindJoin         kind = "join"
	kindPeer         kind = "peer"
	kindSync         kind = "sync"
	kindRequest      kind = "request"
	kindUnavailable  kind = "doc-unavailable"
	kindEphemeral    kind = "ephemeral"
	kindSubscription kind = "remote-subscription-change"
	kindRemoteHeads  kind = "remote-heads-changed"
	kindError        kind = "error"
	kindLeave        kind = "leave"
	kindRefused      kind = "godwit-refused"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *kind) UnmarshalText(text []byte) error {
	switch string(text) {
	case string(kindSync):
		*k = kindSync
	case string(kindRequest):
		*k = kindRequest
	case string(kindEphemeral):
		*k = kindEphemeral
	default:
		return (*name)(k).UnmarshalText(text)
	}
	return nil
}

// name is a text of bounded length.
type name string

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *name) UnmarshalText(text []byte) error {
	if len(text) > MaxName {
		return fmt.Errorf("%w: a name of %d bytes, at most %d", ErrField, len(text), MaxName)
	}
	*n = name(text)
	return nil
}

// document is a document id, on the wire in base58check.
type document docid.ID

// MarshalText implements encoding.TextMarshaler.
func (d document) MarshalText() ([]byte, error) {
	return []byte(docid.ID(d).String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *document) UnmarshalText(text []byte) error {
	id, err := docid.Parse(string(text))
	*d = document(id)
	return err
}

// check refuses the id of no document.
func (d document) check() error {
	if d == (document{}) {
		return fmt.Errorf("%w: none", ErrDocument)
	}
	return nil
}

// blob is a byte string that stays part of the frame it came in. (A general
// UnmarshalBinary must copy what it keeps; this one may rely on Decode, whose
// caller leaves the frame to the message.)
type blob []byte

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (b *blob) UnmarshalBinary(data []byte) error {
	*b = data[:len(data):len(data)]
	return nil
}

// number is a natural number in the form that every client reads: an integer
// of up to four bytes, or a float.
type number float64

// MarshalCBOR implements cbor.Marshaler.
func (n number) MarshalCBOR() ([]byte, error) {
	if n <= math.MaxUint32 {
		return cbor.Marshal(uint32(n))
	}
	return cbor.Marshal(float64(n))
}

// natural returns the number if it is one.
func (n number) natural() (uint64, error) {
	if !(n >= 0 && n <= maxInteger) || n != number(math.Trunc(float64(n))) {
		return 0, fmt.Errorf("%w: %v is no natural number", ErrField, float64(n))
	}
	return uint64(n), nil
}

// head is a change's hash, on the wire in base58check.
type head change.Hash

const (
	headChecksum = 4
	maxHeadText  = 56
)

// MarshalText implements encoding.TextMarshaler.
func (h head) MarshalText() ([]byte, error) {
	sum := checksum(h[:])
	return []byte(base58.Encode(append(h[:], sum[:]...))), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *head) UnmarshalText(text []byte) error {
	if len(text) > maxHeadText {
		return fmt.Errorf("%w: a head of %d letters", ErrField, len(text))
	}
	raw, err := base58.Decode(string(text))
	if err != nil {
		return fmt.Errorf("%w: head %q: %w", ErrField, text, err)
	}
	if len(raw) != change.HashSize+headChecksum {
		return fmt.Errorf("%w: head %q holds %d bytes", ErrField, text, len(raw))
	}
	if checksum(raw[:change.HashSize]) != [headChecksum]byte(raw[change.HashSize:]) {
		return fmt.Errorf("%w: head %q: wrong checksum", ErrField, text)
	}
	copy(h[:], raw)
	return nil
}

func checksum(data []byte) [headChecksum]byte {
	first := sha256.Sum256(data)
	second := sha256.Sum256(first[:])
	return [headChecksum]byte(second[:headChecksum])
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// texts converts a list of names; nothing stays nil.
func texts[To, From ~string](from []From) []To {
	return convert(from, func(f From) To { return To(f) })
}

// hashes converts a list of heads; nothing stays nil.
func hashes[To, From ~[change.HashSize]byte](from []From) []To {
	return convert(from, func(f From) To { return To(f) })
}

func convert[To, From any](from []From, one func(From) To) []To {
	if len(from) == 0 {
		return nil
	}
	to := make([]To, len(from))
	for i := range from {
		to[i] = one(from[i])
	}
	return to
}
