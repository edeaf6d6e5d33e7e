package relay

import "time"

// Impatient makes the connections that come from now on ping their peers at
// this interval, and end when one has been silent, or has taken nothing, for
// three of them.
func (r *Relay) Impatient(interval time.Duration) {
	r.sockets.PingInterval = interval
	r.sockets.Silence = 3 * interval
	r.sockets.WriteTimeout = 3 * interval
}
