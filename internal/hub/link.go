package hub

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

var errJoined = errors.New("hub: a server is joined already")

// maxDenials is how many unknown documents that a server asks for wait to be
// denied. It asks again for what was dropped.
const maxDenials = 1000

// Link is a connection to a server that we joined. Its methods may be called
// from any goroutine, and do nothing once it has ended.
type Link struct {
	session *session
	gate    *replica.JoinedGate
	peer    wire.Peer
	denials []docid.ID // guarded by session.mu

	numbering sync.Mutex // subscriptions are asked for in the order of their numbers

	mu       sync.Mutex // guards session.docs, and that only these have conversations
	ended    bool
	released map[docid.ID]struct{} // what was talked about, and isn't any more
}

// Join speaks as a client with the server at the other end of conn until one of
// them has had enough, and returns why: [ErrClosed] after [Hub.Close],
// [replica.ErrLeft] with what the server said at last, an error of package
// socket, or whatever the server did wrong. Once the server has greeted, begin
// is called, and Join goes on when it returns. Only one server can be joined at
// a time. Join always closes the connection.
func (h *Hub) Join(conn *socket.Conn, begin func(*Link)) error {
	s := &session{hub: h, conn: conn}
	s.link = &Link{session: s}
	return h.hold(s, func() error { return s.join(begin) })
}

// Peer returns the server's greeting.
func (l *Link) Peer() wire.Peer { return l.peer }

func (h *Hub) joinedLink() *Link {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.joined == nil {
		return nil
	}
	return h.joined.link
}

// join greets the server.
func (s *session) join(begin func(*Link)) error {
	h := s.hub
	h.mu.Lock()
	taken := h.joined != nil
	if !taken {
		h.joined = s
	}
	h.mu.Unlock()
	if taken {
		return errJoined
	}
	me := h.introduction()
	if err := s.writeFirst(me.Join()); err != nil {
		return err
	}
	if err := s.awaitFirst(func(m wire.Message) error { return s.recognize(me, m) }); err != nil {
		return err
	}
	h.Logger.Info("joined a server", "peer", s.peerID, "address", s.conn.RemoteAddr())
	begin(s.link)
	return nil
}

// recognize takes the server for what it says of itself.
func (s *session) recognize(me replica.Introduction, m wire.Message) error {
	peer, err := me.Read(m)
	if err != nil {
		return err
	}
	s.link.peer = peer
	s.link.gate = replica.NewJoinedGate(peer.SenderID, me.PeerID)
	s.link.mu.Lock() // a document may be purged at this moment
	defer s.link.mu.Unlock()
	s.begin(peer.SenderID, peer.Metadata)
	s.neighbour.Joined = true
	return nil
}

// Engage begins to talk about a document, resuming from what both sides had when
// they last spoke; see [Standing]. If there is a conversation, nothing changes,
// unless the server has said that it doesn't have the document: it is asked
// again. The document is loaded when the socket is free for it, and not at all
// as long as both sides have just what they last had.
func (l *Link) Engage(id docid.ID, shared []change.Hash) {
	if err := l.engage(id, shared); err != nil {
		l.session.hub.Keeper.Failed(id, err)
	}
}

func (l *Link) engage(id docid.ID, shared []change.Hash) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil
	}
	_, err := l.converse(id, shared)
	return err
}

// converse returns the conversation about a document, which it begins if need be;
// l.mu is held.
func (l *Link) converse(id docid.ID, shared []change.Hash) (*conversation, error) {
	s := l.session
	c := s.docs[id]
	if c == nil {
		if len(s.docs) >= s.hub.SessionDocuments {
			return nil, fmt.Errorf("%w: more than %d", errDocuments, s.hub.SessionDocuments)
		}
		c = &conversation{document: s.hub.acquire(id)}
		s.docs[id] = c
	}
	ev := c.engagement(&s.neighbour, shared)
	_, ev.Renewed = l.released[id]
	delete(l.released, id)
	c.step(ev)
	return c, nil
}

// engagement finds out whether what both had is all that we have. Should the log
// grow meanwhile, its version tells.
func (d *document) engagement(n *replica.Neighbour, shared []change.Hash) *replica.Engaged {
	ev := &replica.Engaged{Neighbour: n, Shared: shared}
	if len(shared) == 0 {
		return ev
	}
	d.mu.Lock()
	ev.Version = d.core.Version()
	d.mu.Unlock()
	info, err := d.hub.Store.Document(d.id)
	ev.Whole = err == nil && slices.Equal(info.Heads, shared)
	return ev
}

// Release ends the conversation about a document. What the server brought before
// is stored all the same.
func (l *Link) Release(id docid.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.session
	c := s.docs[id]
	if c == nil || l.ended {
		return
	}
	delete(s.docs, id)
	if l.released == nil {
		l.released = map[docid.ID]struct{}{}
	}
	l.released[id] = struct{}{}
	s.said -= c.said
	c.step(replica.Left{Neighbour: &s.neighbour})
	s.hub.release(c.document)
}

// Whisper sends an ephemeral message of our own about a document that is talked
// about; what comes too fast is dropped, the oldest first.
func (l *Link) Whisper(m wire.Ephemeral) {
	s := l.session
	if reason := l.unfit(m); reason != "" {
		s.hub.Observer.Dropped(reason)
		return
	}
	m.SenderID, m.Data = s.hub.PeerID, bytes.Clone(m.Data)
	s.hear(m)
}

func (l *Link) unfit(m wire.Ephemeral) (reason string) {
	switch {
	case l.find(m.Document) == nil:
		return "not_open"
	case len(m.Data) > maxWhisperBytes:
		return "too_large"
	}
	return ""
}

// find returns a document that is talked about; nil if it isn't.
func (l *Link) find(id docid.ID) *document {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.session.docs[id]; c != nil {
		return c.document
	}
	return nil
}

// open returns a document that the server talks about, after it said so many
// bytes about it; nil if we don't want to hear of it.
func (l *Link) open(m wire.Sync, said int) (*document, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.session
	c := s.docs[m.Document]
	if c == nil {
		if !s.hub.Keeper.Admits(m.Document) {
			l.deny(m)
			return nil, nil
		}
		var err error
		if c, err = l.converse(m.Document, nil); err != nil {
			return nil, err
		}
	}
	return c.document, s.remember(c, said)
}

// deny has a server that asks told that there is no such document.
func (l *Link) deny(m wire.Sync) {
	s := l.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Request && !s.closed && len(l.denials) < maxDenials {
		l.denials = append(l.denials, m.Document)
		s.wake()
	}
}

// takeDenial returns the next denial; nil if there is none. session.mu is held.
func (l *Link) takeDenial() wire.Message {
	if len(l.denials) == 0 {
		return nil
	}
	id := l.denials[0]
	if l.denials = l.denials[1:]; len(l.denials) == 0 {
		l.denials = nil
	}
	return wire.DocUnavailable{SenderID: l.session.hub.PeerID, TargetID: l.session.peerID, Document: id}
}

// receive acts on what only servers say.
func (l *Link) receive(m wire.Message) {
	s := l.session
	switch m := m.(type) {
	case wire.DocUnavailable:
		if d := l.find(m.Document); d != nil {
			d.step(replica.Unavailable{From: &s.neighbour})
		}
	case wire.Refused:
		if d := l.find(m.Document); d != nil {
			s.hub.Keeper.Refused(m.Document, m.Hashes, m.Reason, false)
		}
	case wire.Ephemeral:
		if l.unfit(m) != "" {
			return // and it isn't counted: it was not to be passed on
		}
		m.Data = bytes.Clone(m.Data) // or it would keep its frame
		s.hub.Keeper.Whispered(m)
	}
}

// leave ends all conversations.
func (l *Link) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.session.leaveAll()
}

// Speaks reports whether the server announces collections, and listens to ours.
func (l *Link) Speaks() bool { return l.session.speaks }

// Subscribe has the server announce a collection, from where it was last listened
// to, or afresh, by a full listing. How that goes is told to [Keeper.Collection].
func (l *Link) Subscribe(collection string, afresh bool) error {
	l.numbering.Lock()
	defer l.numbering.Unlock()
	number, err := l.number()
	if err != nil {
		return err
	}
	return l.session.listen(number, collection, afresh)
}

// Unsubscribe ends that. What is on its way is dropped, and comes at the next time.
func (l *Link) Unsubscribe(collection string) {
	s := l.session
	s.subs.mu.Lock()
	var numbers []uint64
	for number, h := range s.subs.heard {
		if h.name == collection {
			numbers = append(numbers, number)
			delete(s.subs.heard, number)
		}
	}
	s.subs.mu.Unlock()
	l.end(numbers)
}

// Offer has the server subscribe to a collection of ours, from where it has answered,
// or afresh, by a full listing. How far it has come is told to [Keeper.Acked].
func (l *Link) Offer(collection string, afresh bool) error {
	l.numbering.Lock()
	defer l.numbering.Unlock()
	number, err := l.number()
	if err != nil {
		return err
	}
	s := l.session
	s.subs.mu.Lock()
	if s.subs.offers == nil {
		s.subs.offers = map[uint64]offer{}
	}
	s.subs.offers[number] = offer{collection, afresh}
	s.subs.mu.Unlock()
	s.reply(wire.Offer{Subscription: number, Collection: collection})
	return nil
}

// Withdraw ends that. What is new is not announced until it is offered again.
func (l *Link) Withdraw(collection string) {
	s := l.session
	s.subs.mu.Lock()
	var numbers []uint64
	for number, o := range s.subs.offers {
		if o.name == collection {
			numbers = append(numbers, number)
			delete(s.subs.offers, number)
		}
	}
	var announced []*announcement
	for number, a := range s.subs.announced {
		if a.name == collection {
			numbers, announced = append(numbers, number), append(announced, a)
		}
	}
	s.subs.mu.Unlock()
	for _, a := range announced {
		s.stopAnnouncing(a)
	}
	l.end(numbers)
}

// ErrCollections is why a server can't be asked about collections.
var ErrCollections = errors.New("hub: the server doesn't speak of collections")

// number returns the next subscription's.
func (l *Link) number() (uint64, error) {
	if !l.session.speaks {
		return 0, ErrCollections
	}
	l.session.subs.mu.Lock()
	defer l.session.subs.mu.Unlock()
	l.session.subs.last++
	return l.session.subs.last, nil
}

func (l *Link) end(numbers []uint64) {
	for _, number := range numbers {
		l.session.reply(wire.Unsubscribe{Subscription: number})
	}
}
