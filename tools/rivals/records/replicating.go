package main

import (
	"context"
	"errors"

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
	if err := t.exchange(ctx, ours, theirs, "push", "pull"); err != nil {
		return "", err
	}
	if err := ours.promote(ctx); err != nil {
		return "", err
	}
	if err := t.exchange(ctx, ours, theirs, "pushMore", "pullMore"); err != nil {
		return "", err
	}
	text, err := theirs.text(ctx)
	return text, errors.Join(err, ours.peer.Close(), theirs.peer.Close())
}

// exchange has what is new go from one to the other.
func (t *task) exchange(ctx context.Context, ours, theirs *store, push, pull string) error {
	err := t.figures.Time(push, func() error { return ours.sync(ctx) })
	if err != nil {
		return err
	}
	return t.figures.Time(pull, func() error { return theirs.sync(ctx) })
}

// sync links the peer to the relay until both have the same.
func (s *store) sync(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.peer.Run(ctx) }()
	err := s.employees.Sync(ctx)
	stop()
	return errors.Join(err, <-ended)
}

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
