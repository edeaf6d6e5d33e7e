package socket

import (
	"time"

	"github.com/gorilla/websocket"
)

// fragment is the part of a frame, in bytes, for which the write timeout holds:
// a large frame may take long, as long as it gets on. Between two of them pings
// find their way.
const fragment = 64 << 10

// WriteFrame sends the parts, one after the other, as one frame, and returns
// when the kernel has taken it. The parts are the caller's again then. After an
// error the connection has ended.
func (c *Conn) WriteFrame(parts ...[]byte) error {
	if err := c.ended(); err != nil {
		return err
	}
	if err := c.writeFrame(parts); err != nil {
		return c.fail(writeError(err))
	}
	return nil
}

func (c *Conn) writeFrame(parts [][]byte) error {
	if len(parts) == 1 && len(parts[0]) <= fragment {
		c.extendWrite()
		return c.ws.WriteMessage(websocket.BinaryMessage, parts[0])
	}
	w, err := c.ws.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return err
	}
	for _, part := range parts {
		for len(part) > 0 {
			n := min(len(part), fragment)
			c.extendWrite()
			if _, err := w.Write(part[:n]); err != nil {
				return err
			}
			part = part[n:]
		}
	}
	c.extendWrite()
	return w.Close()
}

func (c *Conn) extendWrite() {
	_ = c.ws.SetWriteDeadline(time.Now().Add(c.writeTimeout)) // it only stores the time
}
