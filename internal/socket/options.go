package socket

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

const (
	// FirstLimit is the read limit in bytes that a connection begins with: room
	// for a greeting.
	FirstLimit = 4 << 10
	// FrameLimit is the read limit in bytes for a peer that has been let in.
	FrameLimit = 128 << 20
)

const (
	defaultHandshakeTimeout = 10 * time.Second
	defaultPingInterval     = 5 * time.Second
	defaultSilence          = 15 * time.Second
	defaultFrameTimeout     = 5 * time.Minute
	defaultWriteTimeout     = 30 * time.Second
)

// contestedFill is the pace of a frame that keeps others waiting: it receives
// as much as it holds of the budget in this time. 2 MiB need 18 KB/s, the
// largest frame 1.1 MB/s.
const contestedFill = 2 * time.Minute

// Options are a connection's limits. The zero value is ready for use.
type Options struct {
	// CheckOrigin decides whether a page may connect; nil = what
	// [AllowOrigins] allows without any pattern. Only [Accept] looks at it.
	CheckOrigin func(*http.Request) bool
	// DialContext makes the network connection; nil = a net.Dialer's. Only
	// [Dial] looks at it.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Header goes along with the request that opens the connection, for what the
	// server asks for besides. Only [Dial] looks at it.
	Header http.Header
	// TLS is how servers of "wss:" URLs are recognised; nil = by the system's
	// roots. Only [Dial] looks at it.
	TLS *tls.Config
	// Budget is where frames above 4 KiB reserve their memory; nil = nowhere,
	// the read limit alone bounds them. If others wait for memory throughout a
	// time of Silence in which a frame received less than its part of what
	// would, in two minutes, be as much as it holds, its connection ends.
	Budget *Budget
	// ReadLimit is the longest frame accepted, in bytes, until
	// [Conn.SetReadLimit] says otherwise; 0 = [FirstLimit].
	ReadLimit int64
	// HandshakeTimeout bounds the HTTP upgrade; 0 = 10 s.
	HandshakeTimeout time.Duration
	// PingInterval is the time between two pings; 0 = 5 s.
	PingInterval time.Duration
	// Silence is how long nothing may come from a peer, in whole ping
	// intervals; 0 = 15 s.
	Silence time.Duration
	// FrameTimeout is how long the arrival of one frame may take, in whole ping
	// intervals; 0 = 5 min.
	FrameTimeout time.Duration
	// WriteTimeout is how long the peer may take to make room for a ping, or
	// for the next 64 KiB of a frame; 0 = 30 s.
	WriteTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.CheckOrigin == nil {
		o.CheckOrigin = defaultOrigins
	}
	if o.ReadLimit <= 0 {
		o.ReadLimit = FirstLimit
	}
	orDefault(&o.HandshakeTimeout, defaultHandshakeTimeout)
	orDefault(&o.PingInterval, defaultPingInterval)
	orDefault(&o.Silence, defaultSilence)
	orDefault(&o.FrameTimeout, defaultFrameTimeout)
	orDefault(&o.WriteTimeout, defaultWriteTimeout)
	return o
}

func orDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// intervals returns how many pings fit into d, at least one.
func (o Options) intervals(d time.Duration) int32 {
	return int32(max(1, (d+o.PingInterval-1)/o.PingInterval))
}
