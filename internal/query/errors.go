package query

import "errors"

var (
	// ErrInvalid is returned for a query or an index that makes no sense, such
	// as a comparison with a channel. It says which field and value.
	ErrInvalid = errors.New("query: invalid")

	// ErrCursor is returned for a text that is no cursor, or one of a query in
	// another order.
	ErrCursor = errors.New("query: not a cursor of this query")
)
