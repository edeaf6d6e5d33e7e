package peer

import (
	"context"
	"fmt"

	"github.com/godwit-sync/godwit/internal/wire"
)

// Sync returns when the relay has all that is here of this document, and all
// that it has of it has arrived. It fails with ErrUnavailable or ErrRefused if
// waiting doesn't help, with what ails the document if it can't be read or
// stored, and with the context's error if ctx ends first. Without [Peer.Run] it
// makes a link for that long.
func (d *Document) Sync(ctx context.Context) error {
	if c := d.peer.collections.owner(d.id); c != nil && c.now().Mode.is(localOnly) {
		return fmt.Errorf("%w: %s of %q", ErrLocalOnly, d.id, c.name)
	}
	return d.peer.visit(func() error { return d.settle(ctx) })
}

func (d *Document) settle(ctx context.Context) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	events := d.watch(waiting)
	open := &listener{hear: func(wire.Ephemeral) {}}
	defer d.listen(open)()
	for {
		if done, err := d.settled(); done || err != nil {
			return err
		}
		if _, more := <-events; !more {
			if ctx.Err() == nil {
				return ErrClosed
			}
			return fmt.Errorf("peer: sync %s: %w", d.id, ctx.Err())
		}
	}
}

// settled reports whether nothing more is to be expected from the relay, and
// why, if that isn't as it should be.
func (d *Document) settled() (bool, error) {
	if err := d.peer.enter(); err != nil {
		return false, err
	}
	defer d.peer.running.Done()
	status, s, err := d.look()
	if err != nil {
		return false, err
	}
	switch {
	case s.failure != nil:
		return true, s.failure.error
	case !s.settled():
		return false, nil
	case s.unavailable:
		return true, fmt.Errorf("%w: %s", ErrUnavailable, d.id)
	case status.State == Refused:
		return true, fmt.Errorf("%w: %s: %s", ErrRefused, d.id, status.Reason)
	default:
		return true, nil
	}
}
