package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/internal/query"
	"github.com/godwit-sync/godwit/storage"
)

// search is one run of a query: how, and on what. Its rows have all entries of the
// plan's indexes: those were built when the snapshot was taken.
type search struct {
	c       *collection
	plan    *query.Plan
	indexes []indexRow // that the plan may use
	epoch   int        // another one: they are no more
	rows    *rows
}

// search begins a query once there are views; its rows are to be closed.
func (c *collection) search(ctx context.Context, tx *Tx, q Query) (*search, error) {
	for {
		s, err := c.planned(ctx, q)
		if err != nil {
			return nil, err
		}
		if s.rows, err = c.rows(tx, s.indexes); err != nil {
			return nil, err
		}
		if !s.isPast() {
			return s, nil
		}
		s.rows.close()
	}
}

// planned returns a search that has no rows yet.
func (c *collection) planned(ctx context.Context, q Query) (*search, error) {
	row, epoch, err := c.built(ctx)
	if err != nil {
		return nil, err
	}
	s := &search{c: c, epoch: epoch}
	var indexes []query.Index
	for _, index := range row.Indexes {
		if index.Built {
			s.indexes, indexes = append(s.indexes, index), append(indexes, index.query())
		}
	}
	s.plan, err = query.NewPlan(q, indexes)
	return s, misfit(err)
}

// built returns the row of the collection at a moment when there are views, and the
// epoch of that moment.
func (c *collection) built(ctx context.Context) (collectionRow, int, error) {
	for {
		if err := c.await(ctx, (*collectionRow).hasViews); err != nil {
			return collectionRow{}, 0, err
		}
		c.mu.Lock()
		row, epoch := c.row, c.epoch
		c.mu.Unlock()
		if row.hasViews() { // they may be built anew since
			return row, epoch, nil
		}
	}
}

// isPast reports whether indexes were dropped, or are built anew, since the query
// was planned.
func (s *search) isPast() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.c.epoch != s.epoch
}

// failed says why a run has failed, and has views that are damaged built anew.
func (c *collection) failed(err error) error {
	switch {
	case errors.Is(err, storage.ErrDamaged):
		c.rebuildSoon()
		return fmt.Errorf("%w; the views are built anew, try again", err)
	case errors.Is(err, storage.ErrClosed):
		return ErrClosed
	}
	return err
}

// find calls yield with what a query asks for until that returns false. The peer
// may be closed while yield runs, so that nobody who is slow holds that up.
func (c *collection) find(ctx context.Context, tx *Tx, q Query, yield func(query.Match) bool) error {
	v := visit{peer: c.peer}
	if err := v.enter(); err != nil {
		return err
	}
	defer v.leave()
	if err := c.owe(ctx); err != nil {
		return err
	}
	s, err := c.search(ctx, tx, q)
	if err != nil {
		return c.failed(err)
	}
	defer s.rows.close()
	for m, err := range s.plan.Run(ctx, s.rows) {
		if err != nil {
			return c.failed(err)
		}
		if more, err := v.aside(func() bool { return yield(m) }); err != nil || !more {
			return err
		}
	}
	return nil
}

// visit is what Close waits for, but for the times in between.
type visit struct {
	peer   *Peer
	inside bool
}

func (v *visit) enter() error {
	err := v.peer.enter()
	v.inside = err == nil
	return err
}

func (v *visit) leave() {
	if v.inside {
		v.inside = false
		v.peer.running.Done()
	}
}

// aside runs a loop's body, which Close doesn't wait for. It reports false when the
// loop is to end.
func (v *visit) aside(body func() bool) (more bool, err error) {
	v.leave()
	if !body() {
		return false, nil
	}
	return true, v.enter()
}

func (c *collection) countWhere(ctx context.Context, tx *Tx, q Query) (int, error) {
	if err := c.peer.enter(); err != nil {
		return 0, err
	}
	defer c.peer.running.Done()
	s, err := c.search(ctx, tx, q)
	if err != nil {
		return 0, c.failed(err)
	}
	defer s.rows.close()
	n, err := s.plan.Count(ctx, s.rows)
	return n, c.failed(err)
}

func (c *collection) explain(ctx context.Context, q Query) (string, error) {
	if err := c.peer.enter(); err != nil {
		return "", err
	}
	defer c.peer.running.Done()
	s, err := c.planned(ctx, q)
	if err != nil {
		return "", err
	}
	return s.plan.Explain(), nil
}
