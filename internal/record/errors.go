package record

import "errors"

var (
	// ErrNoKey is returned for what can't be a natural key.
	ErrNoKey = errors.New("record: not a natural key")
	// ErrKey is returned for a record that has another key: their ids collide, or
	// somebody has written it by hand.
	ErrKey = errors.New("record: not the record of that key")
	// ErrShape is returned for a value with more than [MaxContainers] maps and counters.
	ErrShape = errors.New("record: too many maps and counters for a record with a natural key")
	// ErrStale is returned by [Resolve] if other values stand there by now.
	ErrStale = errors.New("record: the conflict is another one by now")
)
