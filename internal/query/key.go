package query

import (
	"encoding/binary"
	"math"
	"math/bits"
	"time"
)

// MaxKey is how many bytes of a value's key an index and an order look at.
const MaxKey = 224

// A value's key is a tag and what tells it from others of its kind. Keys compare
// as the values do, and none is the beginning of another. So they can stand one
// behind the other, and a key that is cut at any length still compares rightly
// with all that differ from it before.
const (
	tagNothing byte = 0x10
	tagFalse   byte = 0x20
	tagTrue    byte = 0x21
	tagNaN     byte = 0x30
	tagNumber  byte = 0x31
	tagTime    byte = 0x40
	tagBytes   byte = 0x50
	tagString  byte = 0x60
	tagList    byte = 0x70
	tagMap     byte = 0x71
	tagMany    byte = 0x80 // stands for the elements of a long list
	tagEnd     byte = 0x90
)

// Bytes and strings end with a zero. The two lowest bytes are escaped.
const (
	terminator byte = 0x00
	escape     byte = 0x01
)

// whole is a limit that cuts nothing.
const whole = math.MaxInt

// appendKey appends at most limit bytes of a value's key.
func appendKey(dst []byte, v any, limit int) []byte {
	start := len(dst)
	n, _ := normalized(v)
	switch v := n.(type) {
	case nil:
		dst = append(dst, tagNothing)
	case bool:
		dst = append(dst, tagOf(v))
	case int64:
		dst = appendInt(dst, v)
	case uint64:
		dst = appendUint(append(dst, tagNumber), v)
	case float64:
		dst = appendFloat(dst, v)
	case time.Time:
		dst = binary.BigEndian.AppendUint64(append(dst, tagTime), uint64(v.UnixMilli())^1<<63)
	case []byte:
		dst = appendEscaped(append(dst, tagBytes), v, limit)
	case string:
		dst = appendEscaped(append(dst, tagString), v, limit)
	case []any:
		dst = append(dst, tagList)
	case map[string]any:
		dst = append(dst, tagMap)
	}
	if len(dst)-start > limit {
		dst = dst[:start+limit]
	}
	return dst
}

func tagOf(b bool) byte {
	if b {
		return tagTrue
	}
	return tagFalse
}

func appendInt(dst []byte, n int64) []byte {
	dst = append(dst, tagNumber)
	if n >= 0 {
		return appendUint(dst, uint64(n))
	}
	start := len(dst)
	dst = appendUint(dst, -uint64(n))
	complement(dst[start:])
	return dst
}

func appendUint(dst []byte, n uint64) []byte {
	if n == 0 {
		return appendZero(dst)
	}
	zeros := bits.LeadingZeros64(n)
	return appendMagnitude(dst, 63-zeros, n<<zeros)
}

func appendFloat(dst []byte, f float64) []byte {
	if math.IsNaN(f) {
		return append(dst, tagNaN)
	}
	dst = append(dst, tagNumber)
	start := len(dst)
	switch size := math.Abs(f); {
	case size == 0:
		return appendZero(dst)
	case math.IsInf(size, 0):
		dst = appendMagnitude(dst, 1024, 1<<63)
	default:
		fraction, exponent := math.Frexp(size)
		dst = appendMagnitude(dst, exponent-1, uint64(math.Ldexp(fraction, 64)))
	}
	if f < 0 {
		complement(dst[start:])
	}
	return dst
}

func appendZero(dst []byte) []byte { return append(dst, 0x80, 0) }

// appendMagnitude appends a positive number: the exponent of its highest bit,
// from -1074 to 1024, and the bits behind that in groups of seven, the lowest
// bit of each byte saying whether others follow.
func appendMagnitude(dst []byte, exponent int, mantissa uint64) []byte {
	dst = binary.BigEndian.AppendUint16(dst, 1<<15|uint16(exponent+1075))
	for rest := mantissa << 1; ; {
		group := byte(rest>>57) << 1
		if rest <<= 7; rest == 0 {
			return append(dst, group)
		}
		dst = append(dst, group|1)
	}
}

// appendEscaped appends bytes and their end, and stops after limit.
func appendEscaped[T string | []byte](dst []byte, s T, limit int) []byte {
	s = s[:min(len(s), limit)]
	from := 0
	for i := range len(s) {
		if c := s[i]; c <= escape {
			dst = append(append(dst, s[from:i]...), escape, c+1)
			from = i + 1
		}
	}
	return append(append(dst, s[from:]...), terminator)
}

// complement turns the order of what begins with these bytes around.
func complement(key []byte) {
	for i := range key {
		key[i] = ^key[i]
	}
}

// next returns the lowest key above all that begin with key, and nil if there
// is none. It is never longer.
func next(key []byte) []byte {
	for i := len(key) - 1; i >= 0; i-- {
		if key[i] < 0xff {
			after := append([]byte{}, key[:i+1]...)
			after[i]++
			return after
		}
	}
	return nil
}
