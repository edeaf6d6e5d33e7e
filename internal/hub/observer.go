package hub

// Observer is told what happens, for metrics. Its methods are called from many
// goroutines and must not block. The strings are stable words from fixed sets.
type Observer interface {
	Connected()
	Disconnected(reason string)
	Received(kind string, bytes int)
	Sent(kind string, bytes int)
	Refused(reason string)         // one change
	Dropped(what string)           // an ephemeral message not passed on
	Appended(changes, bytes int)   // durable
	Failed(what string, err error) // storing or loading a document
}

// Stats are the hub's gauges.
type Stats struct {
	Sessions  int
	Documents int   // in memory, or talked about
	Bytes     int64 // of the documents' graphs
}

type silent struct{}

func (silent) Connected()           {}
func (silent) Disconnected(string)  {}
func (silent) Received(string, int) {}
func (silent) Sent(string, int)     {}
func (silent) Refused(string)       {}
func (silent) Dropped(string)       {}
func (silent) Appended(int, int)    {}
func (silent) Failed(string, error) {}
