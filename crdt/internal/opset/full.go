package opset

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrFull is returned for what would make a list or text hold more than 2 GiB,
// deleted elements included.
var ErrFull = errors.New("opset: more than a list or text can hold")

// maxContent is the most bytes of the contents of a sequence, which counts them
// in 32 bits. Tests make it less.
var maxContent int64 = math.MaxInt32

// fits reports whether each sequence has room for some bytes and values more. A
// bound is enough nearly always, so only that is kept.
func (s *Set) fits(bytes, values int) bool {
	more := int64(bytes) + int64(values)*binary.MaxVarintLen32 // each value has its metadata
	if s.content+more > maxContent {
		s.content = 0
		for _, o := range s.objects {
			if !o.IsMap() {
				s.content = max(s.content, int64(o.seq.Size()))
			}
		}
	}
	if s.content+more > maxContent {
		return false
	}
	s.content += more
	return true
}
