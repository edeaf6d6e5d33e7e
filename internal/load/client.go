package load

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// client is one connection: an automerge-repo peer without documents.
type client struct {
	conn    *socket.Conn
	id      string // its own peer id
	server  string // the server's
	problem func(error)
	ended   chan struct{} // closed when its reader has returned

	writing sync.Mutex // one frame at a time

	mu    sync.Mutex
	seats map[docid.ID]*seat

	last   *seat // the reader's own: whose message came last
	opener opener
}

// Greets reports whether the server at a URL answers a greeting. Some accept
// connections before they listen to them.
func Greets(ctx context.Context, url string) bool {
	c, err := dial(ctx, url, peerName("probe"), func(error) {})
	if err != nil {
		return false
	}
	c.close()
	return true
}

// dial opens a connection and greets. problem is told why the connection
// ended, if not by close.
func dial(ctx context.Context, url, id string, problem func(error)) (*client, error) {
	conn, err := socket.Dial(ctx, url, socket.Options{ReadLimit: socket.FrameLimit})
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, id: id, problem: problem, ended: make(chan struct{}), seats: map[docid.ID]*seat{}}
	stop := context.AfterFunc(ctx, conn.Abort)
	defer stop()
	if err := c.greet(); err != nil {
		conn.Abort()
		return nil, fmt.Errorf("greet %s: %w", url, err)
	}
	go c.read()
	return c, nil
}

func (c *client) greet() error {
	join := wire.Join{SenderID: c.id, Metadata: wire.Metadata{Ephemeral: true}, Versions: []string{wire.Version}}
	if err := c.conn.WriteFrame(wire.Append(nil, join)); err != nil {
		return err
	}
	frame, err := c.conn.ReadFrame()
	if err != nil {
		return err
	}
	m, err := wire.Decode(frame.Bytes)
	if err != nil {
		return err
	}
	peer, ok := m.(wire.Peer)
	if !ok {
		return fmt.Errorf("%w: it answered a join with %s", ErrServer, m.Kind())
	}
	c.server = peer.SenderID
	return nil
}

// close ends the connection and returns when its reader is gone.
func (c *client) close() {
	c.conn.Close(socket.CodeNormal, "")
	<-c.ended
}

func (c *client) read() {
	defer close(c.ended)
	for {
		frame, err := c.conn.ReadFrame()
		if err == nil {
			err = c.receive(frame.Bytes)
		}
		if errors.Is(err, socket.ErrClosed) {
			return
		}
		if err != nil {
			c.problem(fmt.Errorf("client %s: %w", c.id, err))
			c.conn.Abort()
			return
		}
	}
}

func (c *client) receive(frame []byte) error {
	if data, ok := c.opener.open(frame); ok {
		return c.last.receive(data)
	}
	m, err := wire.Decode(frame)
	if err != nil {
		return err
	}
	switch m := m.(type) {
	case wire.Sync:
		s := c.seat(m.Document)
		if s == nil {
			return fmt.Errorf("%w: it speaks of %s, unasked", ErrServer, m.Document)
		}
		c.last = s
		c.opener.learn(frame, m.Data)
		return s.receive(m.Data)
	case wire.DocUnavailable:
		if s := c.seat(m.Document); s != nil {
			s.unavailable()
		}
		return nil
	case wire.Error:
		return fmt.Errorf("%w: %s", ErrServer, m.Text)
	default:
		return nil
	}
}

func (c *client) seat(id docid.ID) *seat {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seats[id]
}

// write sends a frame of two parts.
func (c *client) write(head, data []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.conn.WriteFrame(head, data)
}
