package crdt

import (
	"fmt"

	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// Unit is what positions and lengths in texts count.
type Unit uint8

// The units of positions. What is no text in a text is one U+FFFC.
const (
	CodePoints = Unit(sequence.Points) // Unicode code points, Go's runes
	UTF16      = Unit(sequence.UTF16)  // UTF-16 code units, as JavaScript's strings and browsers count
	Bytes      = Unit(sequence.Bytes)  // bytes of UTF-8, as Go's strings count
)

// Positions says what positions in the document's texts count; without it they
// are [CodePoints]. The document itself is the same in any unit. [Reference] knows
// no others: with it, [New] and [Load] return [ErrNotNative].
//
// A position within a code point stands for its end. What is deleted from there
// on begins behind it, and a code point whose beginning is deleted goes as a
// whole. JavaScript does the same.
func Positions(unit Unit) Option {
	return func(e engines) engines {
		e.unit = unit
		return e
	}
}

// width measures a string.
func (u Unit) width(s string) int { return int(sequence.TextWidth(s)[u]) }

// check says whether an engine that counts in any unit, or in code points alone,
// counts in this one.
func (u Unit) check(anyUnit bool) error {
	switch {
	case u > Bytes:
		return fmt.Errorf("%w: positions in unit %d", ErrInvalid, u)
	case u != CodePoints && !anyUnit:
		return fmt.Errorf("%w: positions are to count other units than code points", ErrNotNative)
	}
	return nil
}
