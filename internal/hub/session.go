package hub

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// Why a session ends, besides what sockets, frames and the gate have to say.
var (
	errStore     = errors.New("hub: the store could not take or give a document")
	errDocuments = errors.New("hub: too many documents on one connection")
	errSaid      = errors.New("hub: too much to remember of what one connection said")
	errChunk     = errors.New("hub: not a change chunk")
	errSilent    = errors.New("hub: no greeting in time")
	errReplaced  = errors.New("hub: the same peer has connected again, or another one with its PeerID: then give each its own")
)

const (
	// greetingTimeout is how long a new connection may be silent.
	greetingTimeout = 10 * time.Second
	// underWay is what one connection's messages may hold together while they
	// are under way, in short messages; see [cost]. Then its next frame has to
	// wait.
	underWay = 64
	// sessionBytes bounds what is remembered of what a peer last said about
	// all its documents: heads, filters.
	sessionBytes = 16 << 20
)

// session is one connection. Its reader runs in Serve, its writer in a
// goroutine that lives while something is owed, and it is closed once, by
// whoever finds a reason first.
type session struct {
	hub       *Hub
	conn      *socket.Conn
	peerID    string        // set once, under mu; free to read after the greeting
	link      *Link         // if we joined it; nil: it joined us
	gate      *replica.Gate // if it joined us
	neighbour replica.Neighbour
	docs      map[docid.ID]*conversation // the reader's own, or guarded by link.mu
	said      int                        // bytes of all conversations; likewise
	subs      subscriptions
	speaks    bool // of collections
	// keepsCursors: it names its store, so that a place in its journal means
	// something beyond the connection.
	keepsCursors bool
	slots        *semaphore.Weighted   // of messages under way
	cause        atomic.Pointer[error] // why another goroutine ended it
	refusals     atomic.Int64          // of its changes
	closing      sync.Once
	writer       sync.WaitGroup

	mu       sync.Mutex
	writing  bool // somebody writes; for good once closed
	closed   bool
	owed     turns
	whispers whispers
	replies  []wire.Message
	wants    []wire.Want
	pagesDue bool      // there may be something to announce
	making   bool      // a page is being made
	page     *madePage // that waits to be written
	backlog  []stored  // what a catch-up brought
	storing  bool
	waits    map[*document]*time.Timer // for documents to turn up
}

// conversation is a document that is open on a connection.
type conversation struct {
	*document
	said int // bytes of the peer's last message, without changes
}

// Serve speaks with whoever is at the other end of conn until one of them has
// had enough, and returns why. It always closes the connection.
func (h *Hub) Serve(conn *socket.Conn) error {
	s := &session{hub: h, conn: conn}
	return h.hold(s, func() error { return s.awaitFirst(s.greet) })
}

// hold runs a session until it has ended.
func (h *Hub) hold(s *session, greet func() error) error {
	if !h.admit(s) {
		s.close(ErrClosed)
		return ErrClosed
	}
	defer h.dismiss(s)
	h.Observer.Connected()
	err := s.serve(greet)
	if cause := s.cause.Load(); cause != nil {
		err = *cause
	}
	s.close(err)
	s.writer.Wait()
	s.leave()
	h.Observer.Disconnected(Reason(err))
	h.Logger.Info("a peer has gone", "peer", s.peerID, "address", s.conn.RemoteAddr(), "reason", Reason(err), "error", err)
	return err
}

func (s *session) serve(greet func() error) error {
	if err := aside(greet); err != nil {
		return err
	}
	for {
		frame, err := s.conn.ReadFrame()
		if err != nil {
			return err
		}
		if err := aside(func() error { return s.receive(frame) }); err != nil {
			return err
		}
	}
}

// aside runs something on a stack of its own. What is done with a frame needs
// a deep one, and a connection is idle most of its life: its reader, which
// lives as long, must not keep it. Seen with 4,000 idle connections: 6 KB each.
func aside(do func() error) error {
	result := make(chan error, 1)
	go func() { result <- do() }()
	return <-result
}

// awaitFirst acts on the first message, which has to come soon.
func (s *session) awaitFirst(act func(wire.Message) error) error {
	timer := time.AfterFunc(greetingTimeout, func() { s.end(errSilent) })
	defer timer.Stop()
	frame, err := s.conn.ReadFrame()
	if err != nil {
		return err
	}
	defer frame.Release()
	m, err := wire.Decode(frame.Bytes)
	if err != nil {
		return err
	}
	return act(m)
}

// greet answers a peer that joins.
func (s *session) greet(m wire.Message) error {
	join, answer, err := s.hub.greeting().Answer(m)
	if err != nil {
		return err
	}
	s.gate = replica.NewGate(join.SenderID)
	s.begin(join.SenderID, join.Metadata)
	if err := s.writeFirst(answer); err != nil {
		return err
	}
	s.hub.introduce(s)
	s.hub.Logger.Info("a peer has come", "peer", s.peerID, "address", s.conn.RemoteAddr())
	return nil
}

func (s *session) begin(peerID string, metadata wire.Metadata) {
	s.mu.Lock()
	s.peerID = peerID
	s.mu.Unlock()
	s.neighbour = replica.Neighbour{
		Origin:   originOf(peerID, metadata),
		Refusals: metadata.Godwit != nil && metadata.Godwit.Refusals,
		Session:  s,
	}
	s.docs = map[docid.ID]*conversation{}
	s.slots = semaphore.NewWeighted(underWay)
	s.subs.bringing, s.subs.catching = semaphore.NewWeighted(bringing), semaphore.NewWeighted(catching)
	s.speaks = s.hub.catalog != nil && metadata.Godwit != nil && metadata.Godwit.Collections > 0
	s.keepsCursors = metadata.StorageID != ""
	s.hub.meet(s)
	s.conn.SetReadLimit(socket.FrameLimit)
}

// receive acts on one frame.
func (s *session) receive(frame socket.Frame) error {
	m, err := wire.Decode(frame.Bytes)
	if err != nil {
		frame.Release()
		return err
	}
	s.hub.Observer.Received(m.Kind(), len(frame.Bytes))
	if s.speaks {
		if done, err := s.collections(m, frame); done {
			return err
		}
	}
	pass, err := s.pass(m)
	if err == nil && pass {
		switch m := m.(type) {
		case wire.Sync:
			return s.sync(m, frame) // which releases the frame
		default:
			s.hearOf(m)
		}
	}
	frame.Release()
	return err
}

func (s *session) pass(m wire.Message) (bool, error) {
	if s.link != nil {
		return s.link.gate.Pass(m)
	}
	return s.gate.Pass(m)
}

// hearOf acts on whatever is no sync message.
func (s *session) hearOf(m wire.Message) {
	if s.link != nil {
		s.link.receive(m)
		return
	}
	if m, ok := m.(wire.Ephemeral); ok {
		s.whisper(m)
	}
}

// open returns a document that this session talks about, after it said so many
// bytes about it; nil if what it says is to be dropped.
func (s *session) open(m wire.Sync, said int) (*document, error) {
	if s.link != nil {
		return s.link.open(m, said)
	}
	id := m.Document
	c := s.docs[id]
	if c == nil {
		if len(s.docs) >= s.hub.SessionDocuments {
			return nil, fmt.Errorf("%w: more than %d", errDocuments, s.hub.SessionDocuments)
		}
		c = &conversation{document: s.hub.acquire(id)}
		s.docs[id] = c
	}
	return c.document, s.remember(c, said)
}

// remember counts what is remembered of what the peer said.
func (s *session) remember(c *conversation, said int) error {
	s.said += said - c.said
	c.said = said
	if s.said > sessionBytes {
		return fmt.Errorf("%w: more than %d bytes", errSaid, sessionBytes)
	}
	return nil
}

func (s *session) leave() {
	s.endSubscriptions()
	if s.link != nil {
		s.link.leave()
		return
	}
	s.leaveAll()
}

// leaveAll ends all conversations.
func (s *session) leaveAll() {
	for _, c := range s.docs {
		c.step(replica.Left{Neighbour: &s.neighbour})
		s.hub.release(c.document)
	}
	s.docs = nil
}

// end makes the session end for a reason that its reader doesn't know.
func (s *session) end(cause error) {
	if s.cause.CompareAndSwap(nil, &cause) {
		go s.close(cause)
	}
}

// close tells the peer why, if it still listens, and closes the connection,
// which wakes the reader and the writer. It returns when it, or an earlier
// call, has done that.
func (s *session) close(err error) {
	s.closing.Do(func() {
		code, text := farewell(err)
		if free, peer := s.stopWriting(); free && s.hasLastWords(err, code) {
			_ = s.write(wire.Error{SenderID: s.hub.PeerID, TargetID: peer, Text: text})
		}
		s.conn.Close(code, text)
	})
}

// hasLastWords reports whether the peer is told why the session ends. It doesn't
// matter to a server why one of its clients stops.
func (s *session) hasLastWords(err error, code socket.Code) bool {
	return code != socket.CodeNormal && (s.link == nil || !errors.Is(err, ErrClosed))
}
