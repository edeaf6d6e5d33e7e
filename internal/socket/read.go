package socket

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/gorilla/websocket"
)

// Frame is one binary message.
type Frame struct {
	// Bytes belong to whoever read the frame, for as long as they like.
	Bytes []byte

	share *share // nil for a small frame
}

// Release gives the frame's share of the [Budget] back. Call it when the bytes
// have been dealt with; calling it again does nothing. A frame that is dropped
// without it gives its share back when the garbage collector finds out.
func (f Frame) Release() { f.share.release() }

// smallFrame is how much of a frame goes uncounted, in bytes.
const smallFrame = 4 << 10

var scratches = sync.Pool{New: func() any { return new([smallFrame]byte) }}

// SetReadLimit sets the longest frame that is accepted, in bytes and at least
// one, from the next frame on. A connection with a [Budget] accepts no frame larger than that
// allows.
func (c *Conn) SetReadLimit(limit int64) {
	limit = max(limit, 1)
	if c.budget != nil {
		limit = min(limit, c.budget.largest)
	}
	c.limit = limit
	c.ws.SetReadLimit(limit)
}

// ReadFrame waits for the next frame. After an error no other frame comes. If
// the peer was at fault ([ErrText], [ErrTooLarge]), it can still be told what
// the matter was, by WriteFrame and Close.
func (c *Conn) ReadFrame() (Frame, error) {
	if c.readErr != nil {
		return Frame{}, c.readErr
	}
	c.pulse.listening.Store(true)
	frame, err := c.readFrame()
	c.pulse.listening.Store(false)
	if err != nil {
		c.readErr = c.readingFailed(err)
		return Frame{}, c.readErr
	}
	return frame, nil
}

func (c *Conn) readFrame() (Frame, error) {
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return Frame{}, readError(err)
	}
	if kind != websocket.BinaryMessage {
		return Frame{}, ErrText
	}
	c.pulse.frame.Store(0)
	defer c.pulse.frame.Store(noFrame)
	return c.assemble(r)
}

// readingFailed ends the connection, too, if nothing can be said on it anymore.
func (c *Conn) readingFailed(err error) error {
	if why := c.ended(); why != nil {
		return why
	}
	if errors.Is(err, ErrLost) {
		return c.fail(err)
	}
	return err
}

// assemble reads one message. Most are small and fit into a scratch buffer, of
// which they get an exact copy.
func (c *Conn) assemble(r io.Reader) (Frame, error) {
	scratch := scratches.Get().(*[smallFrame]byte)
	defer scratches.Put(scratch)
	n, complete, err := c.fill(r, scratch[:])
	if err != nil {
		return Frame{}, err
	}
	if complete {
		return Frame{Bytes: bytes.Clone(scratch[:n])}, nil
	}
	share := c.budget.open()
	c.pulse.account.Store(share.content())
	defer c.pulse.account.Store(nil)
	data, err := c.assembleLarge(r, scratch[:], share)
	if err != nil {
		share.release()
		return Frame{}, err
	}
	return Frame{Bytes: data, share: share}, nil
}

// assembleLarge reads on in a buffer that grows as the message arrives, so that
// nobody gets memory for what he only announces.
func (c *Conn) assembleLarge(r io.Reader, begun []byte, share *share) ([]byte, error) {
	data := begun
	for {
		grown, err := c.grow(data, share)
		if err != nil {
			return nil, err
		}
		n, complete, err := c.fill(r, grown[len(data):])
		if err != nil {
			return nil, err
		}
		data = grown[:len(data)+n]
		if complete {
			return data, nil
		}
	}
}

// grow returns a larger copy of data, paid for from the budget. A frame that
// waits for that is not the peer's fault.
func (c *Conn) grow(data []byte, share *share) ([]byte, error) {
	size := int(min(2*int64(len(data)), max(c.limit, int64(len(data)))+1))
	c.pulse.listening.Store(false)
	err := share.grow(int64(size-len(data)), c.done)
	c.pulse.listening.Store(true)
	if err != nil {
		return nil, err
	}
	grown := make([]byte, size)
	copy(grown, data)
	return grown, nil
}

// fill reads until buf is full or the message is complete.
func (c *Conn) fill(r io.Reader, buf []byte) (n int, complete bool, err error) {
	for n < len(buf) {
		read, err := r.Read(buf[n:])
		n += read
		c.pulse.heard.Store(true)
		c.pulse.received.Add(int64(read))
		if err == io.EOF { //nolint:errorlint // a lost connection may wrap it, a complete message doesn't
			return n, true, nil
		}
		if err != nil {
			return n, false, readError(err)
		}
	}
	return n, false, nil
}
