package load

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// goal is what several seats are to reach.
type goal struct {
	tolerant bool // a seat whose document the server hasn't is done, and lost
	left     atomic.Int64
	lost     atomic.Int64
	progress atomic.Int64 // changes whenever something happens
	done     chan struct{}
}

// aim sets the seats a common goal.
func aim(seats []*seat, tolerant bool) *goal {
	g := &goal{tolerant: tolerant, done: make(chan struct{})}
	g.left.Store(int64(len(seats)) + 1)
	for _, s := range seats {
		s.aim(g)
	}
	g.reach() // the one more, so that no goal is reached while it is being set
	return g
}

func (g *goal) reach() {
	g.progress.Add(1)
	if g.left.Add(-1) == 0 {
		close(g.done)
	}
}

// await waits for the goal. It fails with ErrStalled when nothing has happened
// for too long, and with ctx.
func (g *goal) await(ctx context.Context, patience time.Duration) error {
	ticker := time.NewTicker(patience)
	defer ticker.Stop()
	seen := int64(-1)
	for {
		select {
		case <-g.done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
			progress := g.progress.Load()
			if progress == seen {
				return fmt.Errorf("%w for %s: %d are not done", ErrStalled, patience, g.left.Load())
			}
			seen = progress
		}
	}
}

// await waits until the seats have converged with the server.
func (cs *clients) await(ctx context.Context, seats []*seat) error {
	err := aim(seats, false).await(ctx, cs.patience)
	if err == nil {
		return nil
	}
	for _, s := range seats {
		if !s.settled() {
			return fmt.Errorf("%w; the first: %s", err, s)
		}
	}
	return err
}
