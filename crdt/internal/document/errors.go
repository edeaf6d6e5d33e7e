package document

import (
	"errors"
	"fmt"
)

// ErrInvalid is wrapped by every error of this package: the chunk is no
// document that Automerge would write.
var ErrInvalid = errors.New("document: invalid")

// ErrTooLarge is returned by [Writer.Chunk] for what [Parse] would refuse to
// read back; such a history is better kept as change chunks.
var ErrTooLarge = errors.New("document: too large for one chunk")

// A fault is what is wrong, before it is known where.
type fault string

func (f fault) Error() string { return string(f) }

const (
	errFrame     fault = "not one chunk"
	errType      fault = "not a document chunk"
	errChecksum  fault = "checksum doesn't match"
	errShort     fault = "bytes end too early"
	errTrailing  fault = "bytes after the end"
	errLarge     fault = "more than the limit, inflated"
	errInflate   fault = "broken deflate stream"
	errSpec      fault = "malformed"
	errOrder     fault = "not ascending and distinct"
	errActorSize fault = "empty or too long"
	errIndex     fault = "index out of range"
	errHeads     fault = "more than there are changes, or none of any"
	errMany      fault = "more rows than the limit"
	errRows      fault = "columns of different length"
	errHalf      fault = "actor without counter, or counter without actor"
	errCounter   fault = "counter out of range"
	errActor     fault = "actor index out of range"
	errKey       fault = "neither a map key nor an element, or both"
	errRoot      fault = "an element of the root, which is a map"
	errHead      fault = "the head of a list is no element"
	errBytes     fault = "lengths and bytes disagree"
	errDelete    fault = "a delete has no row of its own"
	errIncrement fault = "an increment by something else than an integer"
	errNumber    fault = "number out of range"
)

// invalid says what is wrong where.
func invalid(err error, where string) error {
	return fmt.Errorf("%w: %s: %w", ErrInvalid, where, err)
}
