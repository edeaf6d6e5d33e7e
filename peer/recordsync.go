package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Sync returns when everything that was here when it was called is durable at the
// relay, and everything that the relay had then is here and can be found; what is
// written later, it doesn't wait for. It is for collections of every mode but
// [LocalOnly], of those that are unsubscribed in the first direction only, and for the
// documents that are in none. Of these it waits until all are settled at one moment.
//
// While [Peer.Run] doesn't run it makes a link and ends it again: an app that is online
// for a moment calls Sync alone. It waits for a link until ctx ends; then it says how
// much is left, and nothing is lost. What the relay doesn't have, or refuses, or what is
// damaged, isn't waited for; [ErrUnread] says that it is damaged at the relay, as
// [Records.Pull] does, and storage.ErrDamaged that a whole collection can't travel;
// see [Anew].
func (p *Peer) Sync(ctx context.Context) error {
	return p.visit(func() error {
		collections := p.collections.all()
		errs := make([]error, len(collections))
		var waiting sync.WaitGroup
		for i, c := range collections {
			if !c.now().Mode.is(localOnly) {
				waiting.Go(func() { errs[i] = c.sync(ctx) })
			}
		}
		settled := p.settleAll(ctx)
		waiting.Wait()
		return errors.Join(append(errs, settled, p.collections.damage())...)
	})
}

// settleAll waits until all documents that are talked about are settled.
func (p *Peer) settleAll(ctx context.Context) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	last := LinkState{}
	for state := range p.Link(waiting) {
		if state.Linked() && state.Settled == state.Documents {
			return nil
		}
		last = state
	}
	if ctx.Err() == nil {
		return ErrClosed
	}
	return unfinished("sync", last.Documents-last.Settled, "document", ctx.Err())
}

// unfinished is what is told when waiting for the relay ends too early. Whoever is
// linked learns how much is left by that.
func unfinished(what string, left int, of string, err error) error {
	switch left {
	case 0:
		return during(err, "%s", what)
	case 1:
		return during(err, "%s: 1 %s is left", what, of)
	default:
		return during(err, "%s: %d %ss are left", what, left, of)
	}
}

// Push returns when what was written here before it was called is durable at the
// relay, whatever the collection's mode is. Without [Peer.Run] it makes a link for that
// long, as [Peer.Sync] does, and it waits for a link until ctx ends. What the relay
// refuses isn't waited for; see [Records.Counts]. ErrCollection says that the relay declines the collection,
// another one having the same tag there, and ErrLocalOnly that nothing of it
// travels.
func (r *Records[T]) Push(ctx context.Context) error { return r.c.travel(ctx, r.c.push) }

// Pull returns when what the relay had when it was called is here, whatever the
// collection's mode is; else it is like [Records.Push]. [ErrUnread] says that all
// came but for some records that the relay could not read. It goes on saying so, as
// nobody announces them again, until [Records.Resync] finds that they can be read, or
// there is another relay. ErrUnsubscribed says that the collection is
// unsubscribed, before or while it pulls: then nothing comes before
// [Records.Subscribe].
func (r *Records[T]) Pull(ctx context.Context) error {
	return r.c.travel(ctx, func(ctx context.Context) error { return r.c.pull(ctx, false) })
}

// Sync is Push, and then Pull. If that brings conflicts for resolvers, it waits for
// these, and for what they write to be at the relay; so no resolver may call it. Of a
// collection that is unsubscribed it is Push alone.
func (r *Records[T]) Sync(ctx context.Context) error { return r.c.travel(ctx, r.c.sync) }

// Resync is Sync, with lists of all that either side has, whatever was said before:
// they are compared record by record, and what is missing goes, or comes. Nothing is
// dropped. Nothing should ever make that necessary, but a relay that has lost
// something without knowing it. Of a collection that is unsubscribed nothing comes.
func (r *Records[T]) Resync(ctx context.Context) error {
	return r.c.travel(ctx, func(ctx context.Context) error {
		if err := r.c.relistOwn(ctx); err != nil {
			return err
		}
		return r.c.catchUp(ctx, true)
	})
}

// travel runs what was asked for.
func (c *collection) travel(ctx context.Context, do func(context.Context) error) error {
	if c.now().Mode.is(localOnly) {
		return fmt.Errorf("%w: %q", ErrLocalOnly, c.name)
	}
	return c.peer.visit(func() error { return do(ctx) })
}

func (c *collection) sync(ctx context.Context) error {
	if err := c.push(ctx); err != nil {
		return err
	}
	return c.catchUp(ctx, false)
}

// catchUp pulls, unless the collection is unsubscribed, and waits for what resolvers
// make of what has come.
func (c *collection) catchUp(ctx context.Context, afresh bool) error {
	err := c.pull(ctx, afresh)
	switch {
	case errors.Is(err, ErrUnsubscribed):
		return nil
	case err == nil, errors.Is(err, ErrUnread):
		return errors.Join(err, c.pushResolved(ctx))
	default:
		return err
	}
}

// pushResolved waits for the resolvers to be done with what has come, and for the relay
// to have what they wrote.
func (c *collection) pushResolved(ctx context.Context) error {
	if c.resolving.who().isEmpty() {
		return nil
	}
	if err := c.resolved(ctx); err != nil {
		return during(err, "resolve conflicts in %q", c.name)
	}
	if c.outbox.oldest() > uint64(c.peer.store.LastSeq()) {
		return nil
	}
	return c.push(ctx)
}

func (c *collection) push(ctx context.Context) error {
	end := uint64(c.peer.store.LastSeq())
	if err := c.owe(ctx); err != nil {
		return err
	}
	// What was refused for a while is offered again when the relay is asked anew.
	again := c.now().Mode.is(manualPush) && len(c.refused()) > 0
	t := &c.traffic
	defer c.ask(&t.push)()
	err := c.awaitTraffic(ctx, func() (bool, error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if c.outbox.oldest() > end && (t.push.isThrough() || !again) {
			return true, nil
		}
		return false, t.unusable()
	})
	return c.pushed(ctx, err)
}

// relistOwn has the relay look through a list of all that is here.
func (c *collection) relistOwn(ctx context.Context) error {
	t := &c.traffic
	t.mu.Lock()
	need := t.push.relist()
	t.mu.Unlock()
	defer c.ask(&t.push)()
	return c.pushed(ctx, c.awaitRound(ctx, &t.push, need))
}

// pushed says how pushing has ended. A server that doesn't speak of collections is
// talked to otherwise.
func (c *collection) pushed(ctx context.Context, err error) error {
	if errors.Is(err, errPlain) {
		return c.exchange(ctx)
	}
	if err != nil {
		owed, failure := c.owed(context.WithoutCancel(ctx))
		return errors.Join(c.unfinished("push", len(owed), err), failure)
	}
	return nil
}

func (c *collection) pull(ctx context.Context, afresh bool) error {
	if c.now().Left {
		return c.unsubscribed()
	}
	t := &c.traffic
	t.mu.Lock()
	need := t.pull.begun + 1
	t.mu.Unlock()
	if afresh {
		need = c.listAfresh()
	}
	defer c.ask(&t.pull)()
	err := c.awaitRound(ctx, &t.pull, need)
	if errors.Is(err, errPlain) {
		return c.exchange(ctx)
	}
	if errors.Is(err, ErrUnsubscribed) {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		return c.unfinished("pull", t.pull.left, err)
	}
	return c.tellUnread()
}

// awaitRound waits until the round that is needed, or a later one, has caught up. It
// begins when the present one has.
func (c *collection) awaitRound(ctx context.Context, r *rounds, need uint64) error {
	t := &c.traffic
	return c.awaitTraffic(ctx, func() (bool, error) {
		t.mu.Lock()
		done, due, err := r.caught >= need, r.isThrough(), t.unusable()
		t.mu.Unlock()
		switch {
		case done:
			return true, nil
		case r == &t.pull && c.now().Left:
			return false, c.unsubscribed()
		case due:
			c.renew(r, need)
		}
		return false, err
	})
}

func (c *collection) unsubscribed() error { return fmt.Errorf("%w: %q", ErrUnsubscribed, c.name) }

// tellUnread says what the relay could not read; the traffic is locked. A record that
// was left out several times is counted as often.
func (c *collection) tellUnread() error {
	if c.traffic.unread == 0 {
		return nil
	}
	return fmt.Errorf("%w: up to %d of %q", ErrUnread, c.traffic.unread, c.name)
}

// ask notes that somebody asks for something until the function is called that it
// returns.
func (c *collection) ask(r *rounds) (done func()) {
	add := func(n int) {
		c.traffic.mu.Lock()
		r.wanted += n
		c.traffic.mu.Unlock()
		c.align()
	}
	add(1)
	return func() { add(-1) }
}

// exchange talks about all documents of the collection with a server that doesn't
// speak of collections, and waits until nothing more is to be said.
func (c *collection) exchange(ctx context.Context) error {
	if err := c.converse(ctx); err != nil {
		return err
	}
	return c.peer.settleAll(ctx)
}

func (c *collection) unfinished(what string, left int, err error) error {
	return unfinished(fmt.Sprintf("%s %q", what, c.name), left, "record", err)
}
