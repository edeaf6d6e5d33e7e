package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Shape is who takes part: so many peers in each of so many documents, every
// one on a connection of its own and every one writing.
type Shape struct {
	Documents int // 0 = 100
	Peers     int // in each document; 0 = 2
}

func (s Shape) withDefaults() Shape {
	if s.Documents == 0 {
		s.Documents = 100
	}
	if s.Peers == 0 {
		s.Peers = 2
	}
	return s
}

func (s Shape) String() string { return fmt.Sprintf("%d × %d", s.Documents, s.Peers) }

// crew is the seats of a shape.
type crew struct {
	shape  Shape
	window *window
	*clients
	seats []*seat
}

// clients are connections that end together.
type clients struct {
	ctx    context.Context // ends with the first problem
	cancel context.CancelCauseFunc

	patience time.Duration

	mu   sync.Mutex
	open []*client
}

func newClients(ctx context.Context, run Run) *clients {
	ctx, cancel := context.WithCancelCause(ctx)
	return &clients{ctx: ctx, cancel: cancel, patience: run.patience()}
}

// dial opens one more connection.
func (cs *clients) dial(url, id string) (*client, error) {
	c, err := dial(cs.ctx, url, id, cs.cancel)
	if err != nil {
		return nil, err
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.open = append(cs.open, c)
	return c, nil
}

func (cs *clients) close() {
	var group errgroup.Group
	for _, c := range cs.open {
		group.Go(func() error { c.close(); return nil })
	}
	_ = group.Wait() // closing fails nobody
	cs.cancel(nil)
}

// dialing is how many connections are opened at the same time.
const dialing = 16

// board brings a crew together: in every document the first peer makes a
// change, and when the server has it the others ask for the document.
func board(ctx context.Context, run Run, url string, shape Shape) (*crew, error) {
	c := &crew{shape: shape, window: newWindow(), clients: newClients(ctx, run), seats: make([]*seat, shape.Documents*shape.Peers)}
	histories := make([]*history, shape.Documents)
	for d := range histories {
		histories[d] = newHistory(shape.Peers)
	}
	name := peerName("crew")
	var group errgroup.Group
	group.SetLimit(dialing)
	for i := range c.seats {
		group.Go(func() error {
			client, err := c.dial(url, fmt.Sprintf("%s-%d", name, i))
			if err == nil {
				c.seats[i] = client.sit(histories[i/shape.Peers], i%shape.Peers, &meter{window: c.window})
			}
			return err
		})
	}
	err := group.Wait()
	if err == nil {
		err = c.start()
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("bring %s peers together: %w", shape, err)
	}
	return c, nil
}

func (c *crew) start() error {
	var first []*seat
	for i, s := range c.seats {
		if i%c.shape.Peers == 0 {
			first = append(first, s)
			if err := s.edit(); err != nil {
				return err
			}
		}
	}
	if err := c.await(first); err != nil {
		return err
	}
	for i, s := range c.seats {
		if i%c.shape.Peers != 0 {
			if err := s.request(); err != nil {
				return err
			}
		}
	}
	return c.await(c.seats)
}

// editors returns one function per seat that makes it edit.
func (c *crew) editors() []func() error {
	editors := make([]func() error, len(c.seats))
	for i, s := range c.seats {
		editors[i] = s.edit
	}
	return editors
}

// settle waits until every seat has all changes and the server's heads.
func (c *crew) settle() error { return c.await(c.seats) }

func (c *crew) meters() []*meter {
	meters := make([]*meter, len(c.seats))
	for i, s := range c.seats {
		meters[i] = s.meter
	}
	return meters
}
