package load

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// library pushes documents from one connection and waits until the server has
// them.
func library(ctx context.Context, run Run, url string, documents, changes int) ([]*history, error) {
	histories := make([]*history, documents)
	var group errgroup.Group
	group.SetLimit(2)
	for i := range histories {
		group.Go(func() (err error) {
			histories[i], err = written(changes)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	ctx, cs := newClients(ctx, run)
	defer cs.close()
	return histories, cs.push(ctx, url, histories)
}

// push sends documents and waits until the server has them.
func (cs *clients) push(ctx context.Context, url string, histories []*history) error {
	c, err := cs.dial(ctx, url, peerName("push"))
	if err != nil {
		return err
	}
	seats := make([]*seat, len(histories))
	for i, h := range histories {
		seats[i] = c.sit(h, 0, nil)
		if err := seats[i].push(); err != nil {
			return err
		}
	}
	return cs.await(ctx, seats)
}

// fetch asks for documents and waits until all of them are there. The server
// may not have some of them, or never answer: then they are lost.
func (cs *clients) fetch(ctx context.Context, url string, histories []*history) (lost int, err error) {
	c, err := cs.dial(ctx, url, peerName("fetch"))
	if err != nil {
		return 0, err
	}
	seats := make([]*seat, len(histories))
	for i, h := range histories {
		seats[i] = c.sit(h, reader, nil)
	}
	g := aim(seats, true)
	for _, s := range seats {
		if err := s.request(); err != nil {
			return 0, err
		}
	}
	if err := g.await(ctx, cs.patience); err != nil && !errors.Is(err, ErrStalled) {
		return 0, err
	}
	return int(g.lost.Load() + max(g.left.Load(), 0)), nil
}

// peerName returns a new name for a peer.
func peerName(role string) string { return "load-" + role + "-" + uuid.NewString() }
