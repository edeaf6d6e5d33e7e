package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// traffic is what a collection has to do with the link: whether the relay announces
// it to us, and we to the relay.
type traffic struct {
	asking sync.Mutex // held while the relay is asked for something; before mu

	mu     sync.Mutex
	to     *hub.Link // that the rest is about; nil = there is none
	speaks bool      // of collections

	pull   rounds // the relay announces
	unread uint64 // that it could not read
	push   rounds // we announce

	declined string // why the relay doesn't want to know the collection
	told     share  // of the link's progress
	news     chan struct{}
}

func newTraffic() traffic {
	return traffic{
		pull: rounds{ask: (*hub.Link).Subscribe, stop: (*hub.Link).Unsubscribe},
		push: rounds{ask: (*hub.Link).Offer, stop: (*hub.Link).Withdraw},
		news: make(chan struct{}),
	}
}

// share is a part of the link's progress.
type share struct {
	done, total int
	catching    bool
}

func (s share) and(other share) share {
	return share{s.done + other.done, s.total + other.total, s.catching || other.catching}
}

// tell wakes those who wait, and tells the link how far the collection is; t.mu is
// held.
func (c *collection) tell() {
	t := &c.traffic
	close(t.news)
	t.news = make(chan struct{})
	if t.push.going {
		t.push.leave(c.outbox.len())
	}
	now := t.pull.share().and(t.push.share())
	c.peer.link.share(t.told, now)
	t.told = now
}

// retell is tell for whoever has changed what is owed.
func (c *collection) retell() {
	c.traffic.mu.Lock()
	defer c.traffic.mu.Unlock()
	c.tell()
}

// align has the relay announce the collection and listen to it just as the mode, and
// those who have asked for it, want that.
func (c *collection) align() {
	t := &c.traffic
	t.asking.Lock()
	defer t.asking.Unlock()
	to := c.peer.link.present()
	row := c.now()
	t.mu.Lock()
	if t.to != to {
		c.attach(to)
	}
	asked := t.speaks && t.declined == "" && !row.Mode.is(localOnly)
	pull := asked && !row.Left && (t.pull.wanted > 0 || !row.Mode.is(manualPull))
	push := asked && (t.push.wanted > 0 || !row.Mode.is(manualPush))
	pulling, pushing := t.pull.going, t.push.going
	t.mu.Unlock()
	c.turn(&t.pull, to, pulling, pull)
	c.turn(&t.push, to, pushing, push)
}

// turn begins a round, or ends it, if it isn't going as it is to be; t.asking is held.
func (c *collection) turn(r *rounds, to *hub.Link, going, on bool) {
	switch {
	case on && !going:
		c.beginRound(r, to)
	case !on && going:
		r.stop(to, c.name)
		t := &c.traffic
		t.mu.Lock()
		defer t.mu.Unlock()
		r.end()
		c.tell()
	}
}

// attach begins anew with another link, or none; t.mu is held.
func (c *collection) attach(to *hub.Link) {
	t := &c.traffic
	t.to, t.speaks = to, to != nil && to.Speaks()
	t.pull.end()
	t.push.end()
	t.declined = ""
	c.tell()
}

// beginRound has the relay announce the collection, or listen to it; t.asking is held.
func (c *collection) beginRound(r *rounds, to *hub.Link) {
	t := &c.traffic
	t.mu.Lock()
	afresh := r.begin()
	c.tell()
	t.mu.Unlock()
	if err := r.ask(to, c.name, afresh); err != nil {
		c.peer.link.restart(err)
	}
}

// renew begins a round anew that has caught up, from where we are, unless somebody has
// done so since the caller looked: what there is at this moment is what it has to catch
// up with.
func (c *collection) renew(r *rounds, need uint64) {
	t := &c.traffic
	t.asking.Lock()
	defer t.asking.Unlock()
	t.mu.Lock()
	to, due := t.to, r.isThrough() && r.begun < need
	r.quiet = r.quiet || due
	t.mu.Unlock()
	if due {
		r.stop(to, c.name)
		c.beginRound(r, to)
	}
}

// Wants implements [hub.Follower]: what was forgotten stays away until somebody finds
// it, or has everything listed anew.
func (k *keeper) Wants(id docid.ID) bool {
	p := (*Peer)(k)
	c := p.collections.owner(id)
	if c == nil || c.now().Mode.is(localOnly) {
		return false
	}
	if p.known(id).leaving {
		return false
	}
	if !p.identity.hasForgotten(id) || p.isKnown(id) {
		return true
	}
	t := &c.traffic
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pull.isListing()
}

// Collection implements [hub.Follower].
func (k *keeper) Collection(tag docid.Tag, progress hub.Progress) {
	p := (*Peer)(k)
	c := p.collections.tagged(tag)
	if c == nil {
		return
	}
	t := &c.traffic
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.pull.going {
		return
	}
	t.unread = progress.Unread
	t.pull.leave(int(min(progress.Left, 1<<31-1)))
	if progress.CaughtUp && t.pull.catchUp() {
		c.listed()
	}
	c.tell()
}

// listed notes that everything has been listed that was to be; the traffic is locked.
func (c *collection) listed() {
	if !c.now().Afresh {
		return
	}
	c.peer.soon(func() error {
		return c.update(func(row *collectionRow) bool {
			c.traffic.mu.Lock()
			defer c.traffic.mu.Unlock()
			row.Afresh = c.traffic.pull.afresh > 0
			return !row.Afresh
		}, storage.Batch{})
	})
}

// listAfresh has the next round in which the relay announces begin by a full listing.
func (c *collection) listAfresh() uint64 {
	c.traffic.mu.Lock()
	defer c.traffic.mu.Unlock()
	return c.traffic.pull.relist()
}

// Acked implements [hub.Follower].
func (k *keeper) Acked(tag docid.Tag, to hub.Cursor, caughtUp bool) {
	p := (*Peer)(k)
	c := p.collections.tagged(tag)
	if c == nil {
		return
	}
	done := c.outbox.take(to)
	t := &c.traffic
	t.mu.Lock()
	if caughtUp && t.push.going {
		t.push.catchUp()
	}
	c.tell()
	t.mu.Unlock()
	for _, id := range done {
		p.watchers.tell(Event{Document: id, peer: p})
	}
	c.restate(done...)
}

// Taken implements [hub.Follower].
func (k *keeper) Taken(id docid.ID) { (*Peer)(k).accepted(id) }

// Withheld implements [hub.Follower].
func (k *keeper) Withheld(id docid.ID, reason string) { (*Peer)(k).refused(id, reason) }

// Ended implements [hub.Follower].
func (k *keeper) Ended(tag docid.Tag, offered bool, reason string) {
	p := (*Peer)(k)
	c := p.collections.tagged(tag)
	if c == nil {
		return
	}
	if reason = word(reason); reason == "unknown" {
		reason = "ended"
	}
	p.config.Logger.Warn("the relay doesn't sync a collection", "collection", c.name, "reason", reason)
	t := &c.traffic
	t.mu.Lock()
	defer t.mu.Unlock()
	t.declined = reason
	if offered {
		t.push.going = false
	} else {
		t.pull.going = false
	}
	c.tell()
}

// soon does something in the background before the peer is closed.
func (p *Peer) soon(do func() error) {
	if p.enter() != nil {
		return
	}
	go func() {
		defer p.running.Done()
		if err := do(); err != nil {
			p.config.Logger.Error("could not note how far a collection is", "error", err)
		}
	}()
}

// awaitTraffic waits until something is so that the traffic tells of.
func (c *collection) awaitTraffic(ctx context.Context, is func() (bool, error)) error {
	t := &c.traffic
	for {
		t.mu.Lock()
		news := t.news
		t.mu.Unlock()
		if done, err := is(); done || err != nil {
			return err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.peer.closing:
			return ErrClosed
		}
	}
}

// errPlain: the relay doesn't speak of collections.
var errPlain = errors.New("peer: the server doesn't speak of collections")

// unusable returns why the present relay can't be asked; t.mu is held.
func (t *traffic) unusable() error {
	switch {
	case t.to == nil:
		return nil // another one may come
	case !t.speaks:
		return errPlain
	case t.declined == "taken":
		return fmt.Errorf("%w: another name owns the tag at the relay: taken", ErrCollection)
	case t.declined != "":
		return fmt.Errorf("peer: the relay declines the collection: %s", t.declined)
	default:
		return nil
	}
}
