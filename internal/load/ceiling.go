package load

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/godwit-sync/godwit/internal/socket"
)

// The protocol of an echo server, which does what a relay can't do without:
// it makes edits durable and passes them on. Clients connect to
// "/?room=NAME". A frame is one byte of flags and edits. An edit is opaque: a
// length in two bytes, big-endian, and so many bytes. A side that sends edits
// waits with the next until the other has sent a frame that acknowledges;
// whatever comes up meanwhile goes in one frame then. A server acknowledges
// when the edits are durable.
const (
	EchoAcknowledges = 1
	EchoEdits        = 2
)

// echoEdit is how long an edit is: as long as the changes of the other
// workloads.
const echoEdit = 140

// Ceiling is [Sustained] for an echo server.
func Ceiling(ctx context.Context, cfg SustainedConfig) (*Report, error) {
	return cfg.search(ctx, "ceiling", func(ctx context.Context) (context.Context, party, error) {
		return boardEcho(ctx, cfg.Run, cfg.Server.URL(), cfg.Shape.withDefaults())
	})
}

// echoCrew is the clients of an echo server.
type echoCrew struct {
	fail     context.CancelCauseFunc
	patience time.Duration
	window   *window
	seats    []*echoSeat
	made     []atomic.Int64 // edits, per room
}

// echoSeat is one of them.
type echoSeat struct {
	crew  *echoCrew
	conn  *socket.Conn
	room  int
	meter *meter
	ended chan struct{}

	mu       sync.Mutex
	pending  []byte
	spare    []byte
	awaiting bool
	own, got int64
}

func boardEcho(ctx context.Context, run Run, address string, shape Shape) (context.Context, *echoCrew, error) {
	ctx, fail := context.WithCancelCause(ctx)
	c := &echoCrew{
		fail: fail, patience: run.patience(), window: newWindow(),
		seats: make([]*echoSeat, shape.Documents*shape.Peers), made: make([]atomic.Int64, shape.Documents),
	}
	name := peerName("room")
	var group errgroup.Group
	group.SetLimit(dialing)
	for i := range c.seats {
		group.Go(func() error {
			room := i / shape.Peers
			at := fmt.Sprintf("%s/?room=%s-%d", address, name, room)
			conn, err := socket.Dial(ctx, at, socket.Options{ReadLimit: socket.FrameLimit})
			if err != nil {
				return err
			}
			c.seats[i] = &echoSeat{crew: c, conn: conn, room: room, meter: &meter{window: c.window}, ended: make(chan struct{})}
			go c.seats[i].read()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		c.close()
		return nil, nil, err
	}
	return ctx, c, nil
}

func (c *echoCrew) close() {
	for _, s := range c.seats {
		if s != nil {
			s.conn.Abort()
			<-s.ended
		}
	}
	c.fail(nil)
}

func (s *echoSeat) edit() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own++
	s.crew.made[s.room].Add(1)
	var edit [2 + echoEdit]byte
	binary.BigEndian.PutUint16(edit[:], echoEdit)
	binary.BigEndian.PutUint64(edit[2:], uint64(now()))
	s.pending = append(s.pending, edit[:]...)
	if s.awaiting {
		return nil
	}
	return s.speak(0)
}

// speak sends what is pending, or only acknowledges.
func (s *echoSeat) speak(flags byte) error {
	if len(s.pending) > 0 && !s.awaiting {
		flags |= EchoEdits
	}
	if flags == 0 {
		return nil
	}
	edits := s.pending
	if flags&EchoEdits == 0 {
		edits = nil
	} else {
		s.pending, s.spare, s.awaiting = s.spare[:0], s.pending, true
	}
	return s.conn.WriteFrame([]byte{flags}, edits)
}

func (s *echoSeat) read() {
	defer close(s.ended)
	for {
		frame, err := s.conn.ReadFrame()
		if err == nil {
			err = s.receive(frame.Bytes)
		}
		if err != nil {
			s.crew.fail(err)
			return
		}
	}
}

func (s *echoSeat) receive(frame []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(frame) == 0 {
		return fmt.Errorf("%w: an empty frame", ErrServer)
	}
	flags, edits := frame[0], frame[1:]
	at := now()
	for len(edits) >= 2+echoEdit {
		made := time.Duration(binary.BigEndian.Uint64(edits[2:]))
		s.meter.delivered(made, at)
		s.got++
		edits = edits[2+echoEdit:]
	}
	if flags&EchoAcknowledges != 0 {
		s.awaiting = false
	}
	if flags&EchoEdits != 0 {
		return s.speak(EchoAcknowledges)
	}
	return s.speak(0)
}

func (c *echoCrew) editors() []func() error {
	editors := make([]func() error, len(c.seats))
	for i, s := range c.seats {
		editors[i] = s.edit
	}
	return editors
}

func (c *echoCrew) meters() []*meter {
	meters := make([]*meter, len(c.seats))
	for i, s := range c.seats {
		meters[i] = s.meter
	}
	return meters
}

func (c *echoCrew) measured() *window { return c.window }

// settle waits until everybody has what the others in the room have made.
func (c *echoCrew) settle(ctx context.Context) error {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	var last int64
	since := now()
	for {
		missing := c.missing()
		switch {
		case missing == 0:
			return nil
		case missing != last:
			last, since = missing, now()
		case now()-since > c.patience:
			return fmt.Errorf("%w for %s: %d deliveries are missing", ErrStalled, c.patience, missing)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (c *echoCrew) missing() (total int64) {
	for _, s := range c.seats {
		s.mu.Lock()
		total += c.made[s.room].Load() - s.own - s.got
		s.mu.Unlock()
	}
	return total
}
