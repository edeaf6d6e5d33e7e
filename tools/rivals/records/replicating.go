package main

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// replicate has all records go to the relay, and from there to somebody who has
// none; then the few that have been changed.
func (t *task) replicate(ctx context.Context) (string, error) {
	ours, err := t.open("main")
	if err != nil {
		return "", err
	}
	theirs, err := t.open("other")
	if err != nil {
		return "", err
	}
	_, ids, err := ours.all(ctx, peer.Query{})
	if err != nil {
		return "", err
	}
	if err := t.exchange(ctx, ours, theirs, ids, "push", "pull"); err != nil {
		return "", err
	}
	if err := ours.promote(ctx); err != nil {
		return "", err
	}
	if err := t.exchange(ctx, ours, theirs, nil, "pushMore", "pullMore"); err != nil {
		return "", err
	}
	text, err := theirs.text(ctx)
	return text, errors.Join(err, ours.peer.Close(), theirs.peer.Close())
}

// exchange has what is new go from one to the other, who knows of the records by
// their ids.
func (t *task) exchange(ctx context.Context, ours, theirs *store, ids []crdt.DocumentID, push, pull string) error {
	for _, one := range []struct {
		figure string
		*store
		ids []crdt.DocumentID
	}{{push, ours, nil}, {pull, theirs, ids}} {
		if err := t.time(one.figure, func() error { return one.sync(ctx, one.ids) }); err != nil {
			return err
		}
	}
	return nil
}

// sync links the peer to the relay until both have the same.
func (s *store) sync(ctx context.Context, ids []crdt.DocumentID) error {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.peer.Run(ctx) }()
	var found errgroup.Group
	found.SetLimit(finders)
	for _, id := range ids {
		found.Go(func() error { _, err := s.peer.Find(ctx, id); return err })
	}
	err := errors.Join(found.Wait(), s.peer.Sync(ctx))
	stop()
	return errors.Join(err, <-ended)
}

const finders = 256 // so many records are looked for at once

// promote changes a few records.
func (s *store) promote(ctx context.Context) error {
	all, ids, err := s.all(ctx, peer.Query{})
	for i, e := range all {
		if err == nil && e.Number < changed {
			err = s.employees.Update(ctx, ids[i], func(e *employee) error { e.Title = newTitle; return nil })
		}
	}
	return err
}
