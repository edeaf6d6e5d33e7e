package load

import "errors"

var (
	// ErrStalled means that something that the clients wait for doesn't come. The text
	// says what is missing where.
	ErrStalled = errors.New("load: no progress")
	// ErrForeign means that the server sent a change that nobody made, or changed one.
	ErrForeign = errors.New("load: a change that nobody made")
	// ErrServer means that the server ended a connection, or answered what no server may.
	ErrServer = errors.New("load: the server misbehaved")
	// ErrTrace means that an editing trace is not what this package reads.
	ErrTrace = errors.New("load: not an editing trace")
	// ErrOverload means that not even the lowest offered load was carried.
	ErrOverload = errors.New("load: the lowest offered load is too much")
)
