package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/storage"
)

// hearing is a subscription to somebody who announces to us.
type hearing struct {
	session *session
	number  uint64
	name    string
	tag     docid.Tag
	core    *replica.Listener // guarded by session.subs.mu
	left    uint64            // of the catch-up, as it was said last
	unread  uint64            // that the announcer could not read, since it last listed all
}

// listen subscribes.
func (s *session) listen(number uint64, name string, afresh bool) error {
	l := &hearing{session: s, number: number, name: name, tag: docid.CollectionTag(name)}
	l.core = replica.NewListener(l.tag)
	m := wire.Subscribe{Subscription: number, Collection: name}
	if !afresh && s.keepsCursors {
		from, err := s.hub.place(l.key())
		if err != nil {
			return err
		}
		if from != nil {
			m.Cursor, l.unread = &from.Cursor, from.unread
		}
	}
	after := docid.ID{}
	if m.Cursor != nil {
		after = m.Cursor.After
	}
	m.Empty = true
	for _, err := range s.hub.catalog.Documents(context.Background(), l.tag[:], after) {
		if err != nil {
			return fmt.Errorf("%w: %w", errStore, err)
		}
		m.Empty = false
		break
	}
	s.subs.mu.Lock()
	if s.subs.heard == nil {
		s.subs.heard = map[uint64]*hearing{}
	}
	s.subs.heard[number] = l
	s.subs.mu.Unlock()
	s.hub.Logger.Info("listening to a collection", "peer", s.peerID, "collection", name, "cursor", m.Cursor, "empty", m.Empty)
	s.reply(m)
	return nil
}

func (l *hearing) key() []byte { return placeKey(keyCursor, l.session.neighbour.Origin, l.tag) }

// pageCame takes in a page.
func (s *session) pageCame(m wire.Page, frame socket.Frame) error {
	p := &parcel{frame: frame}
	p.users.Store(1)
	defer p.release()
	s.subs.mu.Lock()
	l := s.subs.heard[m.Subscription]
	if l == nil {
		s.subs.mu.Unlock()
		return nil // it has just ended
	}
	var heard replica.Heard
	err := l.core.Page(m, &heard)
	if m.Number > 0 && !m.Live {
		l.left = m.Left
	}
	l.unread += m.Unread
	if err == nil {
		err = s.checkHeld()
	}
	l.act(&heard)
	s.subs.mu.Unlock()
	if err != nil {
		return err
	}
	if !m.Live {
		s.store(l, heard.Apply, p)
		return nil
	}
	for _, a := range heard.Apply {
		s.subs.yielding.Store(yielding)
		if err := l.take(a, p, s.subs.bringing, 1); err != nil {
			return err
		}
	}
	return nil
}

// stored is a document that has to wait until what is live has gone before it.
type stored struct {
	*hearing
	replica.Apply
	parcel *parcel
}

// store has documents of a catch-up taken beside what comes in, so that live pages
// don't wait behind them, and a few at a time, so that they don't wait in the store
// either. The pages that may be unanswered bound how many there are.
func (s *session) store(l *hearing, documents []replica.Apply, p *parcel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for _, a := range documents {
		p.users.Add(1)
		s.backlog = append(s.backlog, stored{l, a, p})
	}
	if !s.storing && len(s.backlog) > 0 {
		s.storing = true
		s.writer.Go(s.takeBacklog)
	}
}

func (s *session) takeBacklog() {
	for next, ok := s.nextStored(); ok; next, ok = s.nextStored() {
		if err := next.take(next.Apply, next.parcel, s.subs.catching, s.subs.width()); err != nil {
			s.end(err)
		}
		next.parcel.release()
	}
}

// width is how many slots the next document of a catch-up takes.
func (s *subscriptions) width() int64 {
	if s.yielding.Load() == 0 {
		return 1
	}
	s.yielding.Add(-1) // it was for nobody else to lower it
	return wide
}

// nextStored returns the next document of the backlog. When the session is closed
// it gives back the memory of all of them.
func (s *session) nextStored() (next stored, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		for _, left := range s.backlog {
			left.parcel.release()
		}
		s.backlog = nil
	}
	if len(s.backlog) == 0 {
		s.backlog, s.storing = nil, false
		return next, false
	}
	next = s.backlog[0]
	s.backlog[0] = stored{}
	s.backlog = s.backlog[1:]
	return next, true
}

// parcel is the frame of a page, whose memory is given back when all of its
// documents have been dealt with.
type parcel struct {
	frame socket.Frame
	users atomic.Int64
}

func (p *parcel) release() {
	if p.users.Add(-1) == 0 {
		p.frame.Release()
	}
}

// act does what follows for others; subs.mu is held.
func (l *hearing) act(heard *replica.Heard) {
	s := l.session
	if len(heard.Want) > 0 {
		s.want(l.number, heard.Want)
	}
	for _, answer := range heard.Answer {
		answer.Subscription = l.number
		for i := range answer.Refused {
			s.hub.Observer.NotTaken(answer.Refused[i].Reason)
		}
		s.reply(answer)
	}
	if heard.Cursor != nil && s.keepsCursors {
		s.hub.note(l.key(), place{*heard.Cursor, l.unread}.encode(s.hub.life()))
	}
	if s.link != nil && len(heard.Answer) > 0 {
		s.hub.follower.Collection(l.tag, Progress{Left: l.left, Unread: l.unread, CaughtUp: l.core.CaughtUp()})
	}
}

// take offers a document's changes to it, when there are slots for them, of which each
// small one takes width. Only bytes that are no chunks are an error.
func (l *hearing) take(a replica.Apply, p *parcel, slots *semaphore.Weighted, width int64) error {
	p.users.Add(1)
	d := &delivered{hearing: l, Apply: a, parcel: p}
	in := incoming{blobs: [][]byte{a.Changes}, clone: len(p.frame.Bytes) > lean}
	s := l.session
	if s.link != nil && !s.hub.follower.Wants(a.Document) {
		d.applied(replica.Applied{})
		return nil
	}
	if len(a.Changes) == 0 {
		d.finish()
		return nil
	}
	for !in.done() {
		var ev replica.Received
		inflated := in.inflated()
		wait(s.hub.inflating, inflated)
		err := in.next(&ev)
		if err != nil {
			s.hub.inflating.Release(inflated)
			return err
		}
		weight := min(catching, width*int64(1+footprint(ev.Changes)/bringingUnit))
		wait(slots, weight)
		last := in.done()
		d.note(&ev)
		s.hub.Bring(a.Document, ev.Changes, ev.Invalid, s.neighbour.Origin, func(b Brought) {
			slots.Release(weight)
			s.hub.inflating.Release(inflated)
			d.brought(&ev, b, last)
		})
	}
	return nil
}

// delivered is a document of a page, on its way into the store.
type delivered struct {
	*hearing
	replica.Apply
	parcel *parcel

	mu      sync.Mutex
	came    int
	newest  []change.Hash // of the changes that came
	refused []change.Hash
	barred  map[change.Hash]struct{} // the same
	roots   []change.Hash            // those of them that build on no others
	reason  string
	err     error
}

// manyNewest is how many of the changes that came are remembered.
const manyNewest = 8

func (d *delivered) note(ev *replica.Received) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.came += len(ev.Changes)
	for _, c := range ev.Changes[max(0, len(ev.Changes)-manyNewest):] {
		d.newest = append(d.newest, c.Hash)
	}
	d.newest = d.newest[max(0, len(d.newest)-manyNewest):]
}

func (d *delivered) brought(ev *replica.Received, b Brought, last bool) {
	d.mu.Lock()
	for _, r := range b.Refused {
		if d.reason == "" || d.reason == replica.ReasonDescends {
			d.reason = r.Reason
		}
		d.refuse(r.Hash)
	}
	if len(b.Refused) > 0 {
		d.findRoots(ev)
	}
	d.came -= b.Held
	d.err = errors.Join(d.err, b.Err)
	isWhole := d.err == nil && len(d.refused) == 0 && b.Held == 0 && d.isNewest(d.Heads)
	d.mu.Unlock()
	switch {
	case !last:
	case isWhole:
		d.applied(replica.Applied{})
	default:
		d.finish()
	}
}

func (d *delivered) refuse(hash change.Hash) {
	if d.barred == nil {
		d.barred = map[change.Hash]struct{}{}
	}
	d.barred[hash] = struct{}{}
	d.refused = append(d.refused, hash)
	d.came--
}

// findRoots finds the first of the changes that were refused for their own sake.
func (d *delivered) findRoots(ev *replica.Received) {
	isBarred := func(hash change.Hash) bool {
		_, barred := d.barred[hash]
		return barred
	}
	for _, invalid := range ev.Invalid {
		d.roots = append(d.roots, invalid.Hash)
	}
	for _, c := range ev.Changes {
		if isBarred(c.Hash) && !slices.ContainsFunc(c.Deps, isBarred) {
			d.roots = append(d.roots, c.Hash)
		}
	}
	d.roots = d.roots[:min(len(d.roots), wire.MaxRoots)]
}

// isNewest reports whether all heads are among the newest changes that came.
func (d *delivered) isNewest(heads []change.Hash) bool {
	for _, h := range heads {
		if !slices.Contains(d.newest, h) {
			return false
		}
	}
	return true
}

// finish finds out whether the document has all that was announced.
func (d *delivered) finish() {
	h := d.session.hub
	r := replica.Applied{Taken: max(0, d.came), Refused: d.refused, Roots: d.roots, Reason: d.reason}
	err := d.err
	if err == nil || errors.Is(err, replica.ErrPurged) {
		err = h.compare(d.Document, d.Heads, d.newest, &r)
	}
	switch {
	case err == nil:
	case errors.Is(err, replica.ErrDamaged), errors.Is(err, storage.ErrDamaged):
		r.Refused, r.Reason = d.Heads, reasonDamaged
	default:
		d.parcel.release()
		d.session.end(fmt.Errorf("%w: %w", errStore, err))
		return
	}
	d.applied(r)
}

// reasonDamaged is why a document isn't taken whose log here can't be read.
const reasonDamaged = "damaged"

func (d *delivered) applied(r replica.Applied) {
	d.parcel.release()
	r.Page, r.Document = d.Page, d.Document
	s := d.session
	s.subs.mu.Lock()
	if s.subs.heard[d.number] != d.hearing {
		s.subs.mu.Unlock()
		return
	}
	var heard replica.Heard
	d.core.Applied(r, &heard)
	d.act(&heard)
	s.subs.mu.Unlock()
	for _, a := range heard.Apply { // they bring nothing, so that is soon done
		empty := &parcel{}
		empty.users.Store(2)
		(&delivered{hearing: d.hearing, Apply: a, parcel: empty}).finish()
	}
}

// compare finds out what a document lacks of some heads, and what to say to get it.
func (h *Hub) compare(id docid.ID, heads, came []change.Hash, r *replica.Applied) error {
	info, err := h.Store.Document(id)
	switch {
	case errors.Is(err, storage.ErrNotFound) && len(r.Refused) == 0:
		r.Lacking = heads
		return nil
	case err == nil && len(r.Refused) == 0 && slices.Equal(info.Heads, heads):
		return nil
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	}
	refused := make(map[change.Hash]struct{}, len(r.Refused))
	for _, hash := range r.Refused {
		refused[hash] = struct{}{}
	}
	return h.examine(id, info.Changes, func(g *graph.Graph, isRefused func(change.Hash) bool) {
		for _, head := range heads {
			_, here := refused[head]
			switch {
			case g.Has(head), here:
			case isRefused(head):
				r.Refused = append(r.Refused, head)
			default:
				r.Lacking = append(r.Lacking, head)
			}
		}
		if len(r.Refused) > 0 && r.Reason == "" {
			r.Reason = replica.ReasonDescends
		}
		if len(r.Lacking)+len(r.Refused) > 0 {
			r.Have = have(g, came)
		}
	})
}

// have names changes of a graph from which somebody else can tell what it lacks:
// some that just came, heads, and ever older ones.
func have(g *graph.Graph, came []change.Hash) (have []change.Hash) {
	add := func(hash change.Hash, most int) {
		if len(have) < most && g.Has(hash) && !slices.Contains(have, hash) {
			have = append(have, hash)
		}
	}
	for _, hash := range slices.Backward(came) {
		add(hash, wire.MaxHave)
	}
	for _, hash := range g.Heads() {
		add(hash, wire.MaxHave/2)
	}
	for back := 1; back <= g.Len(); back *= 2 {
		add(g.Hash(g.Len()-back), wire.MaxHave)
	}
	return have
}
