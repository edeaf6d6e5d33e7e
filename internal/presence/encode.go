package presence

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// MaxPayload is the length in bytes beyond which a payload is neither written
// nor read; no relay passes on more.
const MaxPayload = 64 << 10

// maxInteger is the last integer up to which a JavaScript number has no gaps.
const maxInteger = 1 << 53

// encMode writes the same bytes for the same value, and lists and maps where
// Go has nil. Like encoding/json it prefers a type's text to its bytes.
var encMode = func() cbor.EncMode {
	mode, err := cbor.EncOptions{
		Sort:            cbor.SortBytewiseLexical,
		BigIntConvert:   cbor.BigIntConvertReject,
		Time:            cbor.TimeUnixDynamic,
		TimeTag:         cbor.EncTagRequired,
		IndefLength:     cbor.IndefLengthForbidden,
		NilContainers:   cbor.NilContainerAsEmpty,
		BinaryMarshaler: cbor.BinaryMarshalerNone,
		TextMarshaler:   cbor.TextMarshalerTextString,
	}.EncMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return mode
}()

// Encode turns a value into the payload of an ephemeral message. JavaScript
// reads nil as null, numbers of any type as numbers, []byte as Uint8Array,
// time.Time as Date; structs as objects whose keys are named by `cbor` or
// `json` tags. Integers beyond ±2⁵³, where a JavaScript number would lose
// digits, and strings that aren't UTF-8 are refused. The value must not contain
// itself.
//
// An object is the best choice for the outermost value: a JavaScript client
// that runs Presence for the document logs an error for each message that is
// no object or array.
func Encode(v any) ([]byte, error) {
	data, err := encMode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValue, err)
	}
	if len(data) > MaxPayload {
		return nil, fmt.Errorf("%w: %d bytes of at most %d", ErrTooLarge, len(data), MaxPayload)
	}
	if err := forJavaScript(data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValue, err)
	}
	if _, err := Decode(data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValue, err)
	}
	return data, nil
}

// forJavaScript rewrites what JavaScript would not read as it is meant: of an
// integer of eight bytes it makes a BigInt, so a float of eight bytes takes its
// place.
func forJavaScript(data []byte) error {
	for i := 0; i < len(data); {
		major, size := data[i]>>5, headSize(data[i])
		argument := argument(data[i : i+size])
		switch major {
		case majorNatural, majorNegative:
			if size == 9 {
				if err := float(data[i:i+size], major, argument); err != nil {
					return err
				}
			}
		case majorBytes, majorText:
			content := data[i+size : i+size+int(argument)]
			if major == majorText && !utf8.Valid(content) {
				return fmt.Errorf("%.40q is not UTF-8; send it as []byte", content)
			}
			size += len(content)
		}
		i += size
	}
	return nil
}

// The major types of CBOR that matter here (RFC 8949, section 3.1).
const (
	majorNatural  = 0
	majorNegative = 1
	majorBytes    = 2
	majorText     = 3
)

// headSize is the length of an item's first byte and its argument.
func headSize(first byte) int {
	switch first & 0x1f {
	case 24:
		return 2
	case 25:
		return 3
	case 26:
		return 5
	case 27:
		return 9
	default:
		return 1
	}
}

func argument(head []byte) uint64 {
	switch rest := head[1:]; len(rest) {
	case 1:
		return uint64(rest[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(rest))
	case 4:
		return uint64(binary.BigEndian.Uint32(rest))
	case 8:
		return binary.BigEndian.Uint64(rest)
	default:
		return uint64(head[0] & 0x1f)
	}
}

// float replaces the head of an integer of eight bytes.
func float(head []byte, major byte, argument uint64) error {
	if argument > maxInteger-uint64(major) {
		return fmt.Errorf("an integer beyond ±2⁵³ would lose digits in JavaScript; send it as a string")
	}
	f := float64(argument)
	if major == majorNegative {
		f = -1 - f
	}
	head[0] = 0xfb
	binary.BigEndian.PutUint64(head[1:], math.Float64bits(f))
	return nil
}
