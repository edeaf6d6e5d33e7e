package socket

import (
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Conn is one WebSocket. One goroutine at a time may call ReadFrame and
// SetReadLimit, one at a time WriteFrame; the other methods may be called from
// any goroutine at any time. Whoever has a Conn must end it, by Close or Abort,
// even if it has failed.
type Conn struct {
	ws           *websocket.Conn
	budget       *Budget
	writeTimeout time.Duration
	pulse        pulse
	done         chan struct{} // closed when the connection has ended

	limit   int64 // the reader's: the longest frame accepted
	readErr error // the reader's: no frame comes after it

	mu    sync.Mutex
	cause error // why the connection has ended
}

func newConn(ws *websocket.Conn, opts Options) *Conn {
	c := &Conn{
		ws:           ws,
		budget:       opts.Budget,
		writeTimeout: opts.WriteTimeout,
		done:         make(chan struct{}),
	}
	c.SetReadLimit(opts.ReadLimit)
	c.pulse.start(c, opts)
	return c
}

// RemoteAddr returns the peer's network address.
func (c *Conn) RemoteAddr() net.Addr { return c.ws.RemoteAddr() }

// Done returns a channel that is closed when the connection has ended, for
// whatever reason.
func (c *Conn) Done() <-chan struct{} { return c.done }

// fail ends the connection at once, unless it has ended before. It returns why
// it has ended.
func (c *Conn) fail(cause error) error {
	cause, first := c.end(cause)
	if first {
		_ = c.ws.Close() // nothing is left to be said
	}
	return cause
}

// end marks the connection as ended. It returns why it has, and whether it was
// this call that ended it.
func (c *Conn) end(cause error) (why error, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return c.cause, false
	}
	c.cause = cause
	c.pulse.stop()
	close(c.done)
	return cause, true
}

// ended returns why the connection has ended; nil if it hasn't.
func (c *Conn) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}
