package column

import "unicode/utf8"

// The types of values whose bytes have a form. The others are kept as bytes.
const (
	valueNull      = 0
	valueTrue      = 2
	valueUint      = 3
	valueInt       = 4
	valueFloat     = 5
	valueText      = 6
	valueCounter   = 8
	valueTimestamp = 9

	floatSize = 8
)

// Meta is a value's type, below 16, and size in bytes, as a value-metadata
// column holds them.
func Meta(kind uint8, size int) uint64 { return uint64(size)<<4 | uint64(kind) }

// SplitMeta is the reverse of Meta.
func SplitMeta(meta int64) (kind uint8, size int64) { return uint8(meta & 15), meta >> 4 }

// CheckValues verifies the bytes of values of one type and size.
func CheckValues(kind uint8, raw []byte, size int) error {
	switch kind {
	case valueUint, valueInt, valueCounter, valueTimestamp:
		return checkInts(kind, raw, size)
	case valueFloat:
		if size != floatSize {
			return ErrValueSize
		}
	case valueText:
		return checkTexts(raw, size)
	default:
		if kind <= valueTrue && size != 0 {
			return ErrValueSize
		}
	}
	return nil
}

func checkInts(kind uint8, raw []byte, size int) error {
	if size == 0 {
		return ErrValueSize
	}
	for ; len(raw) > 0; raw = raw[size:] {
		var used int
		var err error
		if kind == valueUint {
			_, used, err = Uleb(raw[:size])
		} else {
			_, used, err = Sleb(raw[:size])
		}
		if err != nil || used != size {
			return ErrValueLeb
		}
	}
	return nil
}

func checkTexts(raw []byte, size int) error {
	if size == 1 { // as typed text mostly is
		for _, b := range raw {
			if b >= utf8.RuneSelf {
				return ErrValueText
			}
		}
		return nil
	}
	for ; len(raw) > 0; raw = raw[size:] {
		if !utf8.Valid(raw[:size]) {
			return ErrValueText
		}
	}
	return nil
}
