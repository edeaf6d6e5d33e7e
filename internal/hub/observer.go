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
	// Appended tells of changes that are durable, and how long they waited for
	// that.
	Appended(changes, bytes int, took time.Duration)
}

// Stats are the hub's gauges.
type Stats struct {
	Sessions  int
	Documents int   // in memory, or talked about
	Bytes     int64 // of the documents: graphs and conversations
}

type silent struct{}

func (silent) Connected()                       {}
func (silent) Disconnected(string)              {}
func (silent) Received(string, int)             {}
func (silent) Sent(string, int)                 {}
func (silent) Delivered(int)                    {}
func (silent) Refused(string)                   {}
func (silent) Dropped(string)                   {}
func (silent) Failed(string, error)             {}
func (silent) Appended(int, int, time.Duration) {}
