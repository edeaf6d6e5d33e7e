package hub

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

const (
	// maxSubscriptions is how many collections one connection may have announced in
	// either direction.
	maxSubscriptions = 1000
	// maxReplies is how many answers may wait for somebody who brings pages and
	// doesn't read.
	maxReplies = 10_000
)

// Why a subscription ends.
const (
	reasonTaken = "taken" // the tag belongs to another name
	reasonLimit = "limit"
)

var errReplies = errors.New("hub: too many answers wait for one connection")

// offer is a collection that we have offered to a server.
type offer struct {
	name   string
	afresh bool // all of it is to be listed
}

// subscriptions are those of one session, in either direction.
type subscriptions struct {
	mu        sync.Mutex // guards the state machines, too; never held during I/O
	announced map[uint64]*announcement
	turns     []*announcement // the same, in the order of their turns
	heard     map[uint64]*hearing
	offers    map[uint64]offer     // of ours that the server has not answered
	claimed   map[uint64]docid.Tag // by subscriptions of those who joined us
	last      uint64               // number
	shared    bool                 // somebody else has greeted with the neighbour's storage id
	liveLast  bool                 // the last page was a live one
	bringing  *semaphore.Weighted  // slots of live documents
	catching  *semaphore.Weighted  // slots of others
	yielding  atomic.Int64         // how many documents of a catch-up have yet to take wide slots
}

// How much a session's pages may have under way: live ones, and others, behind which
// live ones have to wait in the store. A slot is a document, or so many bytes of
// memory.
const (
	bringing     = 1024
	catching     = 64
	bringingUnit = 8 << 10
	// While live documents come, those of a catch-up take so many times the slots:
	// fewer are under way then. It ends when so many have come without a live one.
	wide     = 4
	yielding = 1024
)

// collections acts on a message about a collection. It reports whether the message
// is one.
func (s *session) collections(m wire.Message, frame socket.Frame) (bool, error) {
	switch m := m.(type) {
	case wire.Subscribe:
		return true, released(frame, s.subscribed(m))
	case wire.Offer:
		return true, released(frame, s.offered(m))
	case wire.Unsubscribe:
		s.unsubscribed(m)
		return true, released(frame, nil)
	case wire.Want:
		return true, released(frame, s.wanted(m))
	case wire.Answer:
		return true, released(frame, s.answered(m))
	case wire.Page:
		return true, s.pageCame(m, frame)
	default:
		return false, nil
	}
}

func released(frame socket.Frame, err error) error {
	frame.Release()
	return err
}

// subscribed begins to announce: a client asks for it, or a server takes up our
// offer.
func (s *session) subscribed(m wire.Subscribe) error {
	if s.link != nil {
		s.subs.mu.Lock()
		o, ok := s.subs.offers[m.Subscription]
		delete(s.subs.offers, m.Subscription)
		s.subs.mu.Unlock()
		if !ok {
			return nil // it was withdrawn
		}
		m.Collection = o.name
		return s.announce(m, o.afresh)
	}
	if reason, err := s.admit(m.Subscription, m.Collection, false); err != nil || reason != "" {
		s.decline(m.Subscription, reason)
		return err
	}
	return s.announce(m, false)
}

// offered subscribes to what a client offers.
func (s *session) offered(m wire.Offer) error {
	if s.link != nil {
		return nil // only clients offer
	}
	if reason, err := s.admit(m.Subscription, m.Collection, true); err != nil || reason != "" {
		s.decline(m.Subscription, reason)
		return err
	}
	return s.listen(m.Subscription, m.Collection, false)
}

// admit finds out whether a client may have a subscription.
func (s *session) admit(number uint64, name string, offered bool) (reason string, err error) {
	s.subs.mu.Lock()
	last := s.subs.last
	count := len(s.subs.announced)
	if offered {
		count = len(s.subs.heard)
	}
	s.subs.last = max(last, number)
	s.subs.mu.Unlock()
	switch {
	case number <= last:
		return "", fmt.Errorf("%w: subscription %d after %d", replica.ErrUnexpected, number, last)
	case count >= maxSubscriptions:
		return reasonLimit, nil
	}
	tag := docid.CollectionTag(name)
	ok, err := s.hub.claim(tag, name)
	if err != nil {
		return "", err
	}
	if !ok {
		return reasonTaken, nil
	}
	s.subs.mu.Lock()
	defer s.subs.mu.Unlock()
	if s.subs.claimed == nil {
		s.subs.claimed = map[uint64]docid.Tag{}
	}
	s.subs.claimed[number] = tag
	return "", nil
}

// unclaim gives up the name of a subscription that has ended; subs.mu is held.
func (s *session) unclaim(number uint64) {
	if tag, ok := s.subs.claimed[number]; ok {
		delete(s.subs.claimed, number)
		s.hub.names.unclaim(tag)
	}
}

// decline says no, if there is a reason.
func (s *session) decline(number uint64, reason string) {
	if reason != "" {
		s.reply(wire.Unsubscribe{Subscription: number, Reason: reason})
	}
}

// unsubscribed ends a subscription for the other side.
func (s *session) unsubscribed(m wire.Unsubscribe) {
	s.subs.mu.Lock()
	o, offered := s.subs.offers[m.Subscription]
	name := o.name
	delete(s.subs.offers, m.Subscription)
	a, l := s.subs.announced[m.Subscription], s.subs.heard[m.Subscription]
	delete(s.subs.heard, m.Subscription)
	s.unclaim(m.Subscription)
	s.subs.mu.Unlock()
	if a != nil {
		s.stopAnnouncing(a)
		name, offered = a.name, true
	}
	if l != nil {
		name = l.name
	}
	if s.link != nil && name != "" {
		s.hub.follower.Ended(docid.CollectionTag(name), offered, m.Reason)
	}
}

// reply has a message written before any document's.
func (s *session) reply(m wire.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if s.replies = append(s.replies, m); len(s.replies) > maxReplies {
		s.end(errReplies)
		return
	}
	s.wake()
}

// want has documents asked for, many in one message if the socket isn't free at
// once.
func (s *session) want(number uint64, documents []wire.Wanted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	n := len(s.wants)
	if n == 0 || s.wants[n-1].Subscription != number {
		s.wants = append(s.wants, wire.Want{Subscription: number})
		n++
	}
	s.wants[n-1].Documents = append(s.wants[n-1].Documents, documents...)
	s.wake()
}

// takeReply returns what is to be written of that; nil if there is nothing. s.mu is
// held.
func (s *session) takeReply() wire.Message {
	if len(s.replies) > 0 {
		m := s.replies[0]
		if s.replies = s.replies[1:]; len(s.replies) == 0 {
			s.replies = nil
		}
		return m
	}
	if len(s.wants) == 0 {
		return nil
	}
	m := s.wants[0]
	if n := wire.MaxDocuments; len(m.Documents) > n {
		s.wants[0].Documents = m.Documents[n:]
		m.Documents = m.Documents[:n]
		return m
	}
	if s.wants = s.wants[1:]; len(s.wants) == 0 {
		s.wants = nil
	}
	return m
}

// held is how much is remembered of what the neighbour has said about collections;
// subs.mu is held.
func (s *session) checkHeld() error {
	held := 0
	for _, a := range s.subs.announced {
		held += a.core.Held()
	}
	for _, l := range s.subs.heard {
		held += l.core.Held()
	}
	if held > sessionBytes {
		return fmt.Errorf("%w: more than %d bytes", errSaid, sessionBytes)
	}
	return nil
}

// endSubscriptions ends all of them with the connection.
func (s *session) endSubscriptions() {
	s.subs.mu.Lock()
	announced := slices.Clone(s.subs.turns)
	s.subs.heard, s.subs.offers = nil, nil
	for number := range s.subs.claimed {
		s.unclaim(number)
	}
	s.subs.mu.Unlock()
	for _, a := range announced {
		s.stopAnnouncing(a)
	}
}

// count adds them to a hub's gauges.
func (s *subscriptions) count(stats *Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats.Announcing += len(s.turns)
	stats.Listening += len(s.heard)
	for _, a := range s.turns {
		stats.Pages += a.core.Unanswered()
	}
}

// share has the neighbour told even of what seems to come from it.
func (s *session) share() {
	s.subs.mu.Lock()
	defer s.subs.mu.Unlock()
	s.subs.shared = true
	for _, a := range s.subs.turns {
		if a.core != nil {
			a.core.Share()
		}
	}
}
