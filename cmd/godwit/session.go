package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// session is the directory while a command has it open, with the link to the
// relay if there is one.
type session struct {
	*peer.Peer
	a     *app
	relay string
	down  error // why the relay could not be asked
}

// with opens the directory for as long as do runs.
func (a *app) with(ctx context.Context, do func(s *session) error) (err error) {
	s := &session{a: a, relay: string(a.opts.Relay)}
	if s.Peer, err = a.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.relay != "" {
		go s.Run(context.WithoutCancel(ctx)) //nolint:errcheck // it ends with Close, and says so in the log
	}
	return do(s)
}

// How long others are given to finish with the directory: a command takes a
// moment, and so does completing a command line.
const (
	patience = 2 * time.Second
	lockPoll = 20 * time.Millisecond
)

func (a *app) open(ctx context.Context) (*peer.Peer, error) {
	for until := time.Now().Add(patience); ; {
		p, err := peer.Open(peer.Config{Path: a.opts.Data, Relay: string(a.opts.Relay), Logger: a.logger()})
		switch {
		case !errors.Is(err, storage.ErrLocked):
			return p, err
		case time.Now().After(until):
			return nil, fmt.Errorf("%s is in use: a \"godwit doc watch\" or \"doc edit\" in another terminal, an app or a relay has it open; end that, or give another directory with --data", a.opts.Data)
		}
		a.notes.progress("another program has %s open; waiting for it", a.opts.Data)
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// errNoAnswer is why waiting for the relay has ended.
var errNoAnswer = errors.New("the relay has not answered in time; --wait gives it more")

// patiently returns a context in which the relay is waited for: it ends when
// that has taken too long, or when there turns out to be no link.
func (s *session) patiently(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithTimeoutCause(ctx, s.a.opts.Wait, errNoAnswer)
	ctx, fail := context.WithCancelCause(ctx)
	go func() {
		for state := range s.Link(ctx) {
			if state.Phase == peer.Offline && state.Err != nil {
				fail(state.Err)
			}
		}
	}()
	return ctx, func() { fail(nil); stop() }
}

// settle brings a document and the relay to the same state, if that can be done
// in a moment; otherwise it returns why not.
func (s *session) settle(ctx context.Context, doc *peer.Document) error {
	waiting, stop := s.patiently(ctx)
	defer stop()
	s.a.notes.progress("syncing with %s", s.relay)
	defer s.a.notes.clear()
	err := doc.Sync(waiting)
	if err != nil && waiting.Err() != nil {
		return context.Cause(waiting)
	}
	return err
}

// here returns a document that is here, and as new as it can be had in a moment;
// if it isn't here it is fetched.
func (s *session) here(ctx context.Context, id crdt.DocumentID) (*peer.Document, error) {
	doc, err := s.Document(id)
	if err == nil && isHere(doc) {
		s.refresh(ctx, doc)
		return doc, ctx.Err()
	}
	if s.relay == "" {
		return nil, fmt.Errorf("%s is not here; name a relay that it can be fetched from, with --relay or GODWIT_RELAY", id.URL())
	}
	return s.fetch(ctx, id)
}

func isHere(doc *peer.Document) bool {
	status, err := doc.Status()
	return err == nil && status.State != peer.NotHere && status.State != peer.Unavailable
}

// refresh asks the relay for what is new, if there is one.
func (s *session) refresh(ctx context.Context, doc *peer.Document) {
	if s.relay == "" {
		return
	}
	err := s.settle(ctx, doc)
	if !errors.Is(err, peer.ErrRefused) && !errors.Is(err, peer.ErrUnavailable) { // then it has answered
		s.down = err
	}
}

// excuse says that what is shown may not be the newest.
func (s *session) excuse() {
	if s.down != nil {
		s.a.notes.say("offline, so this is what is here: %s", explain(s.down))
	}
}

// fetch looks for a document at the relay.
func (s *session) fetch(ctx context.Context, id crdt.DocumentID) (*peer.Document, error) {
	waiting, stop := s.patiently(ctx)
	defer stop()
	s.a.notes.progress("looking for %s at %s", id.URL(), s.relay)
	defer s.a.notes.clear()
	doc, err := s.Find(waiting, id)
	if err == nil {
		err = doc.Sync(waiting)
	}
	switch {
	case err == nil, ctx.Err() != nil:
		return doc, err
	case errors.Is(err, peer.ErrUnavailable):
		return nil, fmt.Errorf("the relay does not have %s; whoever made it has to sync it first. \"godwit doc sync\" asks again, \"godwit doc forget\" gives up", id.URL())
	case waiting.Err() != nil:
		return nil, fmt.Errorf("%s is not here and can't be fetched now, but \"godwit doc sync\" will try again: %s", id.URL(), explain(context.Cause(waiting)))
	}
	return nil, err
}
