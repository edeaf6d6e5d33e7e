package wire

import (
	"fmt"
	"math"

	"github.com/fxamacker/cbor/v2"
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
	kindOffer        kind = "godwit-offer"
	kindSubscribe    kind = "godwit-subscribe"
	kindUnsubscribe  kind = "godwit-unsubscribe"
	kindPage         kind = "godwit-page"
	kindWant         kind = "godwit-want"
	kindAnswer       kind = "godwit-answer"
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

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// texts converts a list of names; nothing stays nil.
func texts[To, From ~string](from []From) []To {
	if len(from) == 0 {
		return nil
	}
	to := make([]To, len(from))
	for i, text := range from {
		to[i] = To(text)
	}
	return to
}
