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

	pulling   bool   // the relay announces
	begun     uint64 // how often that was asked for, over all links
	caught    uint64 // the newest of those that has caught up
	relisting uint64 // the newest of those that began by a full listing
	afresh    uint64 // the first of those that are to begin so, until one has caught up; 0 = none
	quiet     bool   // that one is only to be sure that nothing is missing
	left      int    // documents, about
	unread    uint64 // that the relay could not read
	mostLeft  int

	pushing  bool   // we announce
	offered  uint64 // how often that was begun, over all links
	pushed   bool   // the relay has come to where the journal ended when we began
	listing  uint64 // the newest that began by a full listing
	listed   uint64 // the newest of those to whose end the relay has come
	relist   bool   // the next one does
	mostOwed int

	pulls, pushes int    // how many have asked for it in so many words
	declined      string // why the relay doesn't want to know the collection
	told          share  // of the link's progress
	news          chan struct{}
}

// share is a part of the link's progress.
type share struct {
	done, total int
	catching    bool
}

// tell wakes those who wait, and tells the link how far the collection is; t.mu is
// held.
func (c *collection) tell() {
	t := &c.traffic
	close(t.news)
	t.news = make(chan struct{})
	now := share{}
	if t.pulling {
		now.total, now.done = t.mostLeft, t.mostLeft-t.left
		now.catching = t.caught < t.begun && !t.quiet
	}
	if t.pushing {
		owed := c.outbox.len()
		t.mostOwed = max(t.mostOwed, owed)
		now.total, now.done = now.total+t.mostOwed, now.done+t.mostOwed-owed
		now.catching = now.catching || !t.pushed
	}
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
	local := row.Mode.is(localOnly)
	pull := !local && !row.Left && (t.pulls > 0 || !row.Mode.is(manualPull))
	push := !local && (t.pushes > 0 || !row.Mode.is(manualPush))
	if !t.speaks || t.declined != "" {
		pull, push = false, false
	}
	pulling, pushing := t.pulling, t.pushing
	t.mu.Unlock()
	switch {
	case pull && !pulling:
		c.subscribe(to)
	case !pull && pulling:
		c.unsubscribe(to)
	}
	switch {
	case push && !pushing:
		c.offer(to)
	case !push && pushing:
		c.withdraw(to)
	}
}

// attach begins anew with another link, or none; t.mu is held.
func (c *collection) attach(to *hub.Link) {
	t := &c.traffic
	t.to, t.speaks = to, to != nil && to.Speaks()
	t.pulling, t.left, t.mostLeft, t.quiet = false, 0, 0, false
	t.pushing, t.pushed, t.mostOwed = false, false, 0
	t.declined = ""
	c.tell()
}

// subscribe has the relay announce the collection; t.asking is held.
func (c *collection) subscribe(to *hub.Link) {
	t := &c.traffic
	t.mu.Lock()
	t.begun++
	afresh := t.afresh > 0
	t.pulling, t.left, t.mostLeft = true, 0, 0
	if afresh {
		t.relisting = t.begun
	}
	c.tell()
	t.mu.Unlock()
	if err := to.Subscribe(c.name, afresh); err != nil {
		c.peer.link.restart(err)
	}
}

func (c *collection) unsubscribe(to *hub.Link) {
	to.Unsubscribe(c.name)
	t := &c.traffic
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pulling, t.quiet = false, false
	c.tell()
}

func (c *collection) offer(to *hub.Link) {
	t := &c.traffic
	t.mu.Lock()
	t.offered++
	t.pushing, t.pushed, t.mostOwed = true, false, 0
	relist := t.relist
	if relist {
		t.listing = t.offered
	}
	c.tell()
	t.mu.Unlock()
	if err := to.Offer(c.name, relist); err != nil {
		c.peer.link.restart(err)
	}
}

// renewOffer offers the collection anew, unless somebody has done so since the caller
// looked.
func (c *collection) renewOffer(need uint64) {
	t := &c.traffic
	t.asking.Lock()
	defer t.asking.Unlock()
	t.mu.Lock()
	to, due := t.to, t.pushing && t.offered < need
	t.mu.Unlock()
	if due {
		to.Withdraw(c.name)
		c.offer(to)
	}
}

func (c *collection) withdraw(to *hub.Link) {
	to.Withdraw(c.name)
	t := &c.traffic
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pushing = false
	c.tell()
}

// renew subscribes anew, from where we are, unless somebody has done so since the
// caller looked: what the relay has at this moment is what it has to catch up with.
func (c *collection) renew(need uint64) {
	t := &c.traffic
	t.asking.Lock()
	defer t.asking.Unlock()
	t.mu.Lock()
	to, due := t.to, t.pulling && t.caught == t.begun && t.begun < need
	t.quiet = t.quiet || due
	t.mu.Unlock()
	if due {
		to.Unsubscribe(c.name)
		c.subscribe(to)
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
	return t.relisting == t.begun && t.caught < t.begun
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
	if !t.pulling {
		return
	}
	t.unread = progress.Unread
	t.left = int(min(progress.Left, 1<<31-1))
	t.mostLeft = max(t.mostLeft, t.left)
	if progress.CaughtUp && t.caught != t.begun {
		t.left, t.caught = 0, t.begun
		c.caughtUp()
	}
	c.tell()
}

// caughtUp notes what follows if everything has come; t.mu is held.
func (c *collection) caughtUp() {
	t := &c.traffic
	if t.relisting != t.caught || t.caught < t.afresh {
		return
	}
	t.afresh = 0
	if c.now().Afresh {
		c.peer.soon(func() error {
			return c.update(func(row *collectionRow) bool {
				row.Afresh = c.isToList()
				return !row.Afresh
			}, storage.Batch{})
		})
	}
}

// isToList reports whether the next subscription begins by a full listing.
func (c *collection) isToList() bool {
	c.traffic.mu.Lock()
	defer c.traffic.mu.Unlock()
	return c.traffic.afresh > 0
}

// listAfresh has the next subscription begin by a full listing, whatever those before
// it still list, and returns which one that is.
func (c *collection) listAfresh() uint64 {
	t := &c.traffic
	t.mu.Lock()
	defer t.mu.Unlock()
	t.afresh = t.begun + 1
	return t.afresh
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
	t.pushed = caughtUp && t.pushing
	if t.pushed && t.listing == t.offered {
		t.listed, t.relist = t.listing, false
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
		t.pushing = false
	} else {
		t.pulling = false
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
