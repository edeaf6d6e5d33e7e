package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godwit-sync/godwit/peer"
)

type syncCommand struct {
	IDs     []documentID  `arg:"" optional:"" name:"id" help:"Documents to sync, by id or URL; those that aren't here are fetched. All that are here or looked for unless given."`
	Timeout time.Duration `default:"1m" placeholder:"TIME" help:"Give up after this time, ${default} unless told otherwise; 0 is never."`
}

// Help says more.
func (syncCommand) Help() string {
	return `It ends with 0 when the relay and this directory hold the same, and otherwise says what is not synced, and why, and ends with 3. It can be stopped and repeated at any moment: what has arrived has arrived.`
}

// errTimeout is why sync has ended.
var errTimeout = errors.New("there was no time for more; --timeout gives it more, and what was done is done")

// Run syncs.
func (c syncCommand) Run(ctx context.Context, a *app) error {
	if a.opts.Relay == "" {
		return fmt.Errorf("%w: syncing needs a relay; name one with --relay or GODWIT_RELAY", errUsage)
	}
	return a.with(ctx, func(s *session) error {
		waiting, stop := c.bound(ctx)
		defer stop()
		link := s.follow(waiting)
		err := c.wait(waiting, s)
		stop()
		last := <-link
		a.notes.clear()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return c.sum(ctx, s, last, err)
	})
}

func (c syncCommand) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, c.Timeout, errTimeout)
}

// follow shows how far it is, and returns the last state of the link when ctx
// has ended.
func (s *session) follow(ctx context.Context) <-chan peer.LinkState {
	last := make(chan peer.LinkState, 1)
	go func() {
		var state peer.LinkState
		for state = range s.Link(ctx) {
			switch {
			case state.Linked():
				s.a.notes.progress("%d of %d documents are synced", state.Settled, state.Documents)
			case state.Err != nil:
				s.a.notes.progress("no link, trying again: %s", explain(state.Err))
			default:
				s.a.notes.progress("connecting to %s", s.relay)
			}
		}
		last <- state
	}()
	return last
}

// wait returns when there is nothing more to wait for. Why a single document
// could not be synced is told later.
func (c syncCommand) wait(ctx context.Context, s *session) error {
	if len(c.IDs) == 0 {
		return s.Sync(ctx)
	}
	for _, id := range c.IDs {
		doc, err := s.Find(ctx, id.id())
		if err == nil {
			err = doc.Sync(ctx)
		}
		if ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// left is a document that is not synced.
type left struct {
	outcome
	err error
}

// sum says what has come of it.
func (c syncCommand) sum(ctx context.Context, s *session, link peer.LinkState, failure error) error {
	n, unsynced, err := c.unsynced(ctx, s)
	if err != nil {
		return err
	}
	if s.a.opts.JSON {
		err = writeJSON(s.a.out, struct {
			Documents int    `json:"documents"`
			Synced    int    `json:"synced"`
			Left      []left `json:"left"`
		}{n, n - len(unsynced), unsynced})
		if err != nil {
			return err
		}
	}
	switch {
	case failure == nil && len(unsynced) == 0:
		s.a.notes.say("%s synced with %s", count(n), s.relay)
		return nil
	case failure != nil && !link.Linked() && link.Err != nil:
		failure = errors.New(explain(link.Err))
	case failure != nil:
		failure = errTimeout
	}
	for _, l := range unsynced[:min(len(unsynced), maxLeft)] {
		s.a.notes.fail(fmt.Sprintf("%s is %s", l.URL, l.why()))
	}
	switch {
	case failure == nil:
		return fmt.Errorf("%w: %d of %s", errNotSynced, len(unsynced), count(n))
	case len(unsynced) == 0:
		return fmt.Errorf("%w: whether there is anything new is not known; %w", errNotSynced, failure)
	}
	return fmt.Errorf("%w: %d of %s; %w", errNotSynced, len(unsynced), count(n), failure)
}

// maxLeft is how many documents are named that are not synced.
const maxLeft = 20

func count(n int) string {
	if n == 1 {
		return "1 document"
	}
	return fmt.Sprintf("%d documents", n)
}

// unsynced returns how many documents were to be synced, and those that are not.
func (c syncCommand) unsynced(ctx context.Context, s *session) (n int, unsynced []left, err error) {
	unsynced = []left{}
	look := func(doc *peer.Document) error {
		status, err := doc.Status()
		n++
		if status.State != peer.Synced {
			unsynced = append(unsynced, left{outcomeOf(doc, status), status.Err})
		}
		return err
	}
	if len(c.IDs) == 0 {
		for doc, err := range s.Documents(ctx) {
			if err == nil {
				err = look(doc)
			}
			if err != nil {
				return n, unsynced, err
			}
		}
		return n, unsynced, nil
	}
	for _, id := range c.IDs {
		doc, err := s.Document(id.id())
		if err == nil {
			err = look(doc)
		}
		if err != nil {
			return n, unsynced, err
		}
	}
	return n, unsynced, nil
}

func (l left) why() string {
	switch {
	case l.err != nil:
		return l.State + ": " + explain(l.err)
	case l.Reason != "":
		return fmt.Sprintf("refused by the relay (%s); it is kept here, and docs/PROTOCOL.md says what that word means", l.Reason)
	case l.State == peer.Unavailable.String():
		return "unavailable: the relay doesn't have it; whoever made it has to sync it first, or \"godwit doc forget\" gives up"
	default:
		return l.State
	}
}
