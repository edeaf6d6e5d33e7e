package presence

import "errors"

// What this package can find wrong.
var (
	// ErrValue: the value can't be sent such that JavaScript reads the same.
	ErrValue = errors.New("presence: value can't be broadcast")
	// ErrTooLarge: the payload, or all channels together, exceed [MaxPayload],
	// or there are more than [MaxChannels]. What is that large belongs into the
	// document.
	ErrTooLarge = errors.New("presence: too large")
	// ErrMalformed: what arrived is no payload of an ephemeral message.
	ErrMalformed = errors.New("presence: malformed payload")
	// ErrOther: what arrived is no presence message, but something of the app's.
	ErrOther = errors.New("presence: no presence message")
	// ErrStopped: there is nothing to change, since presence hasn't started.
	ErrStopped = errors.New("presence: not started")
	// ErrStarted: presence has started already.
	ErrStarted = errors.New("presence: started already")
)
