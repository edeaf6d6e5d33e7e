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

// clients are connections that end together.
type clients struct {
	fail     context.CancelCauseFunc // ends the workload
	patience time.Duration

	mu   sync.Mutex
	open []*client
}

// newClients returns the clients of a workload, none yet, and the context in
// which it works, which ends with the first connection that does so unasked.
func newClients(ctx context.Context, run Run) (context.Context, *clients) {
	ctx, fail := context.WithCancelCause(ctx)
	return ctx, &clients{fail: fail, patience: run.patience()}
}

// dial opens one more connection.
func (cs *clients) dial(ctx context.Context, url, id string) (*client, error) {
	c, err := dial(ctx, url, id, cs.fail)
	if err != nil {
		return nil, err
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.open = append(cs.open, c)
	return c, nil
}

func (cs *clients) close() {
	var closing sync.WaitGroup
	for _, c := range cs.open {
		closing.Go(c.close)
	}
	closing.Wait()
	cs.fail(nil)
}

// crew is the seats of a shape.
type crew struct {
	*clients
	shape  Shape
	window *window
	seats  []*seat
}

// dialing is how many connections are opened at the same time.
const dialing = 16

// board brings a crew together: in every document the first peer makes a
// change, and when the server has it the others ask for the document.
func board(ctx context.Context, run Run, url string, shape Shape) (context.Context, *crew, error) {
	ctx, clients := newClients(ctx, run)
	c := &crew{clients: clients, shape: shape, window: newWindow(), seats: make([]*seat, shape.Documents*shape.Peers)}
	err := c.sit(ctx, url)
	if err == nil {
		err = c.start(ctx)
	}
	if err != nil {
		c.close()
		return nil, nil, fmt.Errorf("bring %s peers together: %w", shape, err)
	}
	return ctx, c, nil
}

// sit gives every seat a connection.
func (c *crew) sit(ctx context.Context, url string) error {
	histories := make([]*history, c.shape.Documents)
	for d := range histories {
		histories[d] = newHistory(c.shape.Peers)
	}
	name := peerName("crew")
	var group errgroup.Group
	group.SetLimit(dialing)
	for i := range c.seats {
		group.Go(func() error {
			client, err := c.dial(ctx, url, fmt.Sprintf("%s-%d", name, i))
			if err == nil {
				c.seats[i] = client.sit(histories[i/c.shape.Peers], i%c.shape.Peers, &meter{window: c.window})
			}
			return err
		})
	}
	return group.Wait()
}

func (c *crew) start(ctx context.Context) error {
	var first []*seat
	for i := 0; i < len(c.seats); i += c.shape.Peers {
		first = append(first, c.seats[i])
		if err := c.seats[i].edit(); err != nil {
			return err
		}
	}
	if err := c.await(ctx, first); err != nil {
		return err
	}
	for i, s := range c.seats {
		if i%c.shape.Peers != 0 {
			if err := s.request(); err != nil {
				return err
			}
		}
	}
	return c.await(ctx, c.seats)
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
func (c *crew) settle(ctx context.Context) error { return c.await(ctx, c.seats) }

func (c *crew) measured() *window { return c.window }

func (c *crew) meters() []*meter {
	meters := make([]*meter, len(c.seats))
	for i, s := range c.seats {
		meters[i] = s.meter
	}
	return meters
}
