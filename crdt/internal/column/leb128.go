package column

import "math/bits"

// Uleb reads an unsigned LEB128 number and returns it with its length in
// bytes. Only the shortest encoding is accepted.
func Uleb(b []byte) (uint64, int, error) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1, nil
	}
	var v uint64
	for i, x := range b {
		if i == 9 && x > 1 {
			return 0, 0, ErrTooLarge
		}
		v |= uint64(x&0x7f) << (7 * i)
		if x < 0x80 {
			if x == 0 {
				return 0, 0, ErrOverlong
			}
			return v, i + 1, nil
		}
	}
	return 0, 0, ErrShort
}

// Sleb reads a signed LEB128 number. Only the shortest encoding is accepted.
func Sleb(b []byte) (int64, int, error) {
	if len(b) > 0 && b[0] < 0x80 {
		return int64(int8(b[0]<<1)) >> 1, 1, nil
	}
	var v int64
	for i, x := range b {
		if i == 9 {
			return slebTenth(v, b[8], x)
		}
		v |= int64(x&0x7f) << (7 * i)
		if x < 0x80 {
			if signRepeated(b[i-1], x) {
				return 0, 0, ErrOverlong
			}
			shift := 64 - 7*(i+1)
			return v << shift >> shift, i + 1, nil
		}
	}
	return 0, 0, ErrShort
}

// slebTenth ends a number of ten bytes, whose last holds bit 63 and nothing
// but copies of it.
func slebTenth(v int64, before, last byte) (int64, int, error) {
	if last != 0 && last != 0x7f {
		return 0, 0, ErrTooLarge
	}
	if signRepeated(before, last) {
		return 0, 0, ErrOverlong
	}
	return v | int64(last)<<63, 10, nil
}

// signRepeated reports whether the last byte says no more than the sign that
// the byte before it already has.
func signRepeated(before, last byte) bool {
	return last == 0 && before&0x40 == 0 || last == 0x7f && before&0x40 != 0
}

// AppendUleb appends v, unsigned.
func AppendUleb(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// AppendSleb appends v, signed.
func AppendSleb(b []byte, v int64) []byte {
	for v < -0x40 || v >= 0x40 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v)&0x7f)
}

// UlebSize is the length of v's encoding in bytes.
func UlebSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
