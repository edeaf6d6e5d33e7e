package sequence

import "math"

// ID names an operation: its counter, and its actor by the number that the
// document gave it. The zero ID names the head of a sequence, or nothing.
type ID struct{ Counter, Actor uint32 }

// Plus returns the id of the same actor's operation that many counters later.
func (id ID) Plus(n int32) ID { return ID{id.Counter + uint32(n), id.Actor} }

// Actors orders actors, by their numbers, as the bytes of their ids are ordered.
type Actors interface{ Less(a, b uint32) bool }

func (s *Sequence) less(a, b ID) bool {
	if a.Counter != b.Counter {
		return a.Counter < b.Counter
	}
	return a.Actor != b.Actor && s.actors.Less(a.Actor, b.Actor)
}

// Unit is what positions in a text count.
type Unit uint8

// The units. In a list an element is one of each.
const (
	Points Unit = iota // Unicode code points
	UTF16              // UTF-16 code units, as JavaScript's strings count
	Bytes              // bytes of UTF-8
	units
)

// Width is a length in every unit.
type Width [units]int32

// Plus returns the sum of two widths. What is too long to be counted ends where
// counting does.
func (w Width) Plus(v Width) Width {
	for u := range w {
		if w[u] += v[u]; w[u] < 0 {
			w[u] = math.MaxInt32
		}
	}
	return w
}

// shift makes of a sum the one that it is once a summand has changed. It
// reports whether it could: a sum that ended where counting does has to be made
// anew.
func (w *Width) shift(was, is Width) bool {
	for u := range w {
		sum := int64(w[u]) - int64(was[u]) + int64(is[u])
		if w[u] == math.MaxInt32 || sum >= math.MaxInt32 {
			return false
		}
		w[u] = int32(sum)
	}
	return true
}

// TextWidth measures a string.
func TextWidth[T string | []byte](text T) Width {
	w := Width{Bytes: int32(len(text))}
	for i := range len(text) {
		if c := text[i]; c&0xc0 != 0x80 { // the first byte of a code point
			w[Points]++
			w[UTF16]++
			if c >= 0xf0 {
				w[UTF16]++
			}
		}
	}
	return w
}

func times(n int32) Width { return Width{n, n, n} }
