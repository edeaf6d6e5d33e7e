package wire

import (
	"errors"
	"fmt"
)

// What [Decode] can find wrong with a frame. Each ends the connection that
// brought it.
var (
	// ErrMalformed: the frame is not exactly one well-formed CBOR map, names a
	// key twice, or is nested or wide beyond all use.
	ErrMalformed = errors.New("wire: malformed frame")
	// ErrType: the message has no type.
	ErrType = errors.New("wire: message without a type")
	// ErrField: a field is missing, of the wrong type, too long or out of range.
	ErrField = errors.New("wire: bad field")
	// ErrDocument: the document id is missing or is none.
	ErrDocument = errors.New("wire: bad document id")
)

var errNoData = fmt.Errorf("%w: no data", ErrField)
