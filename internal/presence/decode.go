package presence

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// maxNesting bounds how deep arrays, maps and tags lie in each other.
const maxNesting = 32

// maxDate is JavaScript's last date, in seconds from 1970.
const maxDate = 8_640_000_000_000

// decMode reads whatever cbor-x is known to write. Of tags that Go has no type
// for only the content remains: a Set is read as a list, a typed array as its
// bytes. Half a surrogate pair, which JavaScript writes as it is, must not make
// a message unreadable.
var decMode = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey:            cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels:      maxNesting,
		MaxArrayElements:     MaxPayload,
		MaxMapPairs:          MaxPayload,
		IntDec:               cbor.IntDecConvertSignedOrBigInt,
		BigIntDec:            cbor.BigIntDecodePointer,
		UTF8:                 cbor.UTF8DecodeInvalid,
		UnrecognizedTagToAny: cbor.UnrecognizedTagContentToAny,
		FieldNameMatching:    cbor.FieldNameMatchingCaseSensitive,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return mode
}()

// Decode reads the payload of an ephemeral message, up to [MaxPayload]. The
// result is nil (null, undefined, a Date that is none), bool, int64, float64,
// string, []byte, time.Time (in UTC, to the millisecond), *big.Int (a BigInt
// too large for int64), []any or map[string]any of these.
//
// A number is an int64 if it is whole and not beyond ±2⁵³, else a float64,
// however it was written: JavaScript has one kind of number. Keys that are
// integers become strings, as in JavaScript.
//
// The caller may write to data afterwards, and to the result.
func Decode(data []byte) (any, error) {
	if len(data) > MaxPayload {
		return nil, fmt.Errorf("%w: %d bytes of at most %d", ErrTooLarge, len(data), MaxPayload)
	}
	var v any
	if err := decMode.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return plain(v)
}

// plain turns what the CBOR library makes of an item into what [Decode]
// promises.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int64, []byte, *big.Int:
		return v, nil
	case float64:
		return number(v), nil
	case string:
		return strings.ToValidUTF8(v, "\uFFFD"), nil
	case time.Time:
		return date(v)
	case []any:
		return list(v)
	case map[any]any:
		return object(v)
	default:
		return nil, fmt.Errorf("%w: a %T", ErrMalformed, v)
	}
}

func number(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) <= maxInteger {
		return int64(f)
	}
	return f
}

func date(t time.Time) (any, error) {
	if t.IsZero() {
		return nil, nil
	}
	if s := t.Unix(); s < -maxDate || s > maxDate {
		return nil, fmt.Errorf("%w: a date out of range", ErrMalformed)
	}
	return t.Round(time.Millisecond).UTC(), nil
}

func list(items []any) (any, error) {
	for i, item := range items {
		v, err := plain(item)
		if err != nil {
			return nil, err
		}
		items[i] = v
	}
	return items, nil
}

func object(items map[any]any) (any, error) {
	o := make(map[string]any, len(items))
	for k, item := range items {
		name, err := key(k)
		if err != nil {
			return nil, err
		}
		if _, twice := o[name]; twice {
			return nil, fmt.Errorf("%w: key %.40q occurs twice", ErrMalformed, name)
		}
		if o[name], err = plain(item); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func key(k any) (string, error) {
	switch k := k.(type) {
	case string:
		return strings.ToValidUTF8(k, "\uFFFD"), nil
	case int64:
		return strconv.FormatInt(k, 10), nil
	default:
		return "", fmt.Errorf("%w: a key of type %T", ErrMalformed, k)
	}
}
