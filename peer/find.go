package peer

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/query"
	"github.com/godwit-sync/godwit/storage"
)

// Query says which records are wanted, in which order, and how many: its zero
// value is all of them. [Where] begins one.
type Query = query.Query

// Field is a field that a condition is about to be said of; see [Where].
type Field = query.Field

// Where begins a query with a condition on a field:
//
//	peer.Where("Department").Is("R&D").And("Age").Above(30).OrderBy("Name").Limit(50)
//
// A dot leads into a map, as in "Address.City". Query{}.OrderBy has no condition.
func Where(field string) Field { return query.Where(field) }

// Record is a record that was found.
type Record[T any] struct {
	ID    crdt.DocumentID
	Value T
	State State // Pending, Synced, Refused or Local; see [Records.Status]
	// Err says which fields others have written as something else than a T has:
	// they are zero in Value. nil = all of it could be read.
	Err error

	match query.Match
}

// Cursor returns the record's position, for [Query.After]: the next page begins
// behind it.
func (r Record[T]) Cursor() string { return r.match.Cursor() }

// Find yields what a query asks for. Records that can't be read are passed over.
// An error is the last thing yielded: ErrInvalid for a query that makes no sense,
// ErrRebuilt if indexes were dropped or built anew meanwhile.
// The loop may write records; it must not close the peer.
func (r *Records[T]) Find(ctx context.Context, q Query) iter.Seq2[Record[T], error] {
	return func(yield func(Record[T], error) bool) {
		err := r.c.find(ctx, r.tx, q, func(m query.Match) bool { return yield(r.record(m), nil) })
		if err != nil {
			yield(Record[T]{}, fmt.Errorf("peer: find in %q: %w", r.c.name, err))
		}
	}
}

func (r *Records[T]) record(m query.Match) Record[T] {
	found := Record[T]{ID: m.ID, State: r.state(m.ID), match: m}
	found.Err = misfit(m.Fields.(crdt.Snapshot).Hydrate(&found.Value))
	return found
}

func (r *Records[T]) state(id crdt.DocumentID) State {
	state := r.c.stateOf(id, r.c.peer.known(id))
	if state == Synced && r.tx != nil && r.tx.writes(id) {
		return Pending
	}
	return state
}

// CountWhere returns how many records fulfil the conditions of a query, whatever
// its limit is.
func (r *Records[T]) CountWhere(ctx context.Context, q Query) (n int, err error) {
	err = r.c.plan(ctx, r.tx, q, func(plan *query.Plan, rows query.Rows) (err error) {
		n, err = plan.Count(ctx, rows)
		return err
	})
	if err != nil {
		err = fmt.Errorf("peer: count in %q: %w", r.c.name, err)
	}
	return n, err
}

// Explain says in words how a query is run now, with the indexes that are built.
func (r *Records[T]) Explain(ctx context.Context, q Query) (text string, err error) {
	err = r.c.plan(ctx, r.tx, q, func(plan *query.Plan, _ query.Rows) error {
		text = plan.Explain()
		return nil
	})
	if err != nil {
		err = fmt.Errorf("peer: explain a query of %q: %w", r.c.name, err)
	}
	return text, err
}

// find calls yield with what a query asks for until that returns false.
func (c *collection) find(ctx context.Context, tx *Tx, q Query, yield func(query.Match) bool) error {
	return c.plan(ctx, tx, q, func(plan *query.Plan, rows query.Rows) error {
		if err := c.owe(ctx); err != nil {
			return err
		}
		for m, err := range plan.Run(ctx, rows) {
			if err != nil {
				return err
			}
			if !yield(m) {
				return nil
			}
		}
		return nil
	})
}

// plan has run run a query, once there are views.
func (c *collection) plan(ctx context.Context, tx *Tx, q Query, run func(*query.Plan, query.Rows) error) error {
	if err := c.peer.enter(); err != nil {
		return err
	}
	defer c.peer.running.Done()
	plan, epoch, err := c.planOf(ctx, q)
	if err != nil {
		return err
	}
	rows, err := c.rows(tx)
	if err != nil {
		return err
	}
	err = run(plan, rows)
	switch {
	case c.isPast(epoch):
		return ErrRebuilt
	case errors.Is(err, storage.ErrDamaged):
		c.rebuildSoon()
		return fmt.Errorf("%w; the views are built anew, try again", err)
	case errors.Is(err, storage.ErrClosed):
		return ErrClosed
	}
	return err
}

// isPast reports whether plans of some epoch are of no use any more.
func (c *collection) isPast(epoch int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch != epoch
}

// planOf returns how to run a query, once there are views, and for which epoch.
func (c *collection) planOf(ctx context.Context, q Query) (*query.Plan, int, error) {
	if err := c.await(ctx, (*collectionRow).hasViews); err != nil {
		return nil, 0, err
	}
	c.mu.Lock()
	row, epoch := c.row, c.epoch
	c.mu.Unlock()
	var indexes []query.Index
	for _, index := range row.Indexes {
		if index.Built {
			indexes = append(indexes, index.query())
		}
	}
	plan, err := query.NewPlan(q, indexes)
	return plan, epoch, misfit(err)
}
