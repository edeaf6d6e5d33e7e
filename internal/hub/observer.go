package hub

import "time"

// Observer is told what happens, for metrics. Its methods are called from many
// goroutines and must not block. The strings are stable words from fixed sets.
type Observer interface {
	Connected()
	Disconnected(reason string)
	Received(kind string, bytes int)
	Sent(kind string, bytes int)
	Delivered(changes int)         // in a message that was sent
	Refused(reason string)         // one change
	Dropped(reason string)         // an ephemeral message, not passed on; none that a server sent us
	Failed(what string, err error) // storing or loading a document
	Announced(documents int)       // in a page that was sent
	NotTaken(reason string)        // a document that was announced to us, or not all of it
	// Appended tells of changes that are durable, and how long they waited for
	// that.
	Appended(changes, bytes int, took time.Duration)
}

// Stats are the hub's gauges.
type Stats struct {
	Sessions  int
	Documents int   // in memory, or talked about
	Bytes     int64 // of the documents: graphs and conversations

	Announcing int // subscriptions in which we announce
	Listening  int // in which we listen
	Pages      int // that we have sent, and that are not answered
}

// Silent is an Observer that nothing interests, for those whom little does.
type Silent struct{ silent }

type silent struct{}

func (silent) Connected()                       {}
func (silent) Disconnected(string)              {}
func (silent) Received(string, int)             {}
func (silent) Sent(string, int)                 {}
func (silent) Delivered(int)                    {}
func (silent) Refused(string)                   {}
func (silent) Dropped(string)                   {}
func (silent) Failed(string, error)             {}
func (silent) Announced(int)                    {}
func (silent) NotTaken(string)                  {}
func (silent) Appended(int, int, time.Duration) {}
