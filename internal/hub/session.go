package hub

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// Why a session ends, besides what sockets, frames and the gate have to say.
var (
	errStore     = errors.New("hub: the store could not take or give a document")
	errDocuments = errors.New("hub: too many documents on one connection")
	errChunk     = errors.New("hub: not a change chunk")
	errSilent    = errors.New("hub: no greeting in time")
	errReplaced  = errors.New("hub: the same peer has connected again")
)

const (
	// greetingTimeout is how long a new connection may be silent.
	greetingTimeout = 10 * time.Second
	// sliceChanges is how many changes of one message are parsed before they
	// are handed over: the length of a message doesn't tell in memory.
	sliceChanges = 2048
	// sliceBytes likewise, in bytes.
	sliceBytes = 1 << 20
	// underWay is how many slices of one connection's messages may be under
	// way; then its next frame has to wait.
	underWay = 64
)

// session is one connection.
type session struct {
	hub       *Hub
	conn      *socket.Conn
	peerID    string
	gate      *replica.Gate
	neighbour replica.Neighbour
	docs      map[docid.ID]*document // open here; the reader's own
	slots     chan struct{}          // slices under way
	cause     atomic.Pointer[error]  // why another goroutine ended it

	mu       sync.Mutex
	writing  bool
	owed     []*document // in turn
	owing    map[*document]struct{}
	whispers whispers
}

// Serve speaks with whoever is at the other end of conn until one of them has
// had enough, and returns why. It always closes the connection.
func (h *Hub) Serve(conn *socket.Conn) error {
	s := &session{hub: h, conn: conn, writing: true}
	if !h.admit(s) {
		s.close(ErrClosed)
		return ErrClosed
	}
	defer h.dismiss(s)
	h.Observer.Connected()
	err := s.serve()
	if cause := s.cause.Load(); cause != nil {
		err = *cause
	}
	s.close(err)
	h.Observer.Disconnected(Reason(err))
	h.Logger.Info("a peer has gone", "peer", s.peerID, "address", conn.RemoteAddr(), "reason", Reason(err), "error", err)
	return err
}

func (s *session) serve() error {
	if err := s.greet(); err != nil {
		return err
	}
	defer s.leave()
	for {
		frame, err := s.conn.ReadFrame()
		if err != nil {
			return err
		}
		if err := s.receive(frame); err != nil {
			return err
		}
	}
}

func (s *session) greet() error {
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
	join, answer, err := s.hub.Greeting.Answer(m)
	if err != nil {
		return err
	}
	s.peerID = join.SenderID
	s.gate = replica.NewGate(join.SenderID)
	s.neighbour = replica.Neighbour{
		Origin:   origin(join),
		Refusals: join.Metadata.Godwit != nil && join.Metadata.Godwit.Refusals,
		Session:  s,
	}
	s.docs = map[docid.ID]*document{}
	s.slots = make(chan struct{}, underWay)
	s.conn.SetReadLimit(socket.FrameLimit)
	if err := s.write(answer); err != nil {
		return err
	}
	s.mu.Lock()
	s.writing = false
	s.mu.Unlock()
	s.hub.introduce(s)
	s.hub.Logger.Info("a peer has come", "peer", s.peerID, "address", s.conn.RemoteAddr())
	return nil
}

// origin names what a peer brings, in the log: by its storage, if it has one.
func origin(join wire.Join) (id [16]byte) {
	name := join.Metadata.StorageID
	if name == "" {
		name = join.SenderID
	}
	sum := sha256.Sum256([]byte("godwit origin\x00" + name))
	copy(id[:], sum[:])
	return id
}

// receive acts on one frame.
func (s *session) receive(frame socket.Frame) error {
	m, err := wire.Decode(frame.Bytes)
	if err != nil {
		frame.Release()
		return err
	}
	s.hub.Observer.Received(m.Kind(), len(frame.Bytes))
	pass, err := s.gate.Pass(m)
	if err == nil && pass {
		switch m := m.(type) {
		case wire.Sync:
			return s.sync(m, frame) // it releases the frame
		case wire.Ephemeral:
			s.whisper(m)
		}
	}
	frame.Release()
	return err
}

// sync hands a sync message to its document, in slices if it is long.
func (s *session) sync(m wire.Sync, frame socket.Frame) error {
	message, err := crdtsync.Decode(m.Data)
	if err != nil {
		frame.Release()
		return err
	}
	d, err := s.open(m.Document)
	if err != nil {
		frame.Release()
		return err
	}
	chunks := chunkReader{blobs: message.Changes}
	for {
		ev := &replica.Received{From: &s.neighbour, Request: m.Request}
		more, err := chunks.next(ev)
		if err != nil {
			frame.Release()
			return err
		}
		s.slots <- struct{}{}
		if more {
			ev.Finished = func() { <-s.slots }
			d.step(ev)
			continue
		}
		ev.Message = message
		ev.Finished = func() {
			frame.Release()
			<-s.slots
		}
		d.step(ev)
		return nil
	}
}

// open returns a document that this session talks about.
func (s *session) open(id docid.ID) (*document, error) {
	if d := s.docs[id]; d != nil {
		return d, nil
	}
	if len(s.docs) >= s.hub.SessionDocuments {
		return nil, fmt.Errorf("%w: more than %d", errDocuments, s.hub.SessionDocuments)
	}
	d := s.hub.acquire(id)
	s.docs[id] = d
	return d, nil
}

// leave ends all conversations.
func (s *session) leave() {
	for _, d := range s.docs {
		d.step(replica.Left{Neighbour: &s.neighbour})
		s.hub.release(d)
	}
}

// end makes the session end for a reason that its reader doesn't know.
func (s *session) end(cause error) {
	if s.cause.CompareAndSwap(nil, &cause) {
		go s.close(cause)
	}
}

// close tells the peer why, if it still listens, and closes the connection.
func (s *session) close(err error) {
	s.mu.Lock()
	busy := s.writing && s.gate != nil
	s.writing = true // for good
	s.mu.Unlock()
	code, text := farewell(err)
	if !busy && code != socket.CodeNormal {
		_ = s.write(wire.Error{SenderID: s.hub.Greeting.PeerID, TargetID: s.peerID, Text: text})
	}
	s.conn.Close(code, text)
}

// chunkReader parses the changes of one message, slice by slice.
type chunkReader struct {
	blobs [][]byte // each one chunk, or several one after another
}

// next fills a slice and reports whether there is more.
func (r *chunkReader) next(ev *replica.Received) (more bool, err error) {
	for size := 0; len(r.blobs) > 0; {
		if len(ev.Changes)+len(ev.Invalid) >= sliceChanges || size >= sliceBytes {
			return true, nil
		}
		chunk, _, rest, err := change.Split(r.blobs[0])
		if err != nil {
			return false, fmt.Errorf("%w: %w", errChunk, err)
		}
		if r.blobs[0] = rest; len(rest) == 0 {
			r.blobs = r.blobs[1:]
		}
		size += len(chunk)
		if err := parse(chunk, ev); err != nil {
			return false, err
		}
	}
	return false, nil
}

// parse adds a change to what was received. Only bytes that are no change at
// all are an error.
func parse(chunk []byte, ev *replica.Received) error {
	c, err := change.Parse(chunk)
	var invalid *change.InvalidError
	switch {
	case err == nil:
		ev.Changes = append(ev.Changes, c)
	case errors.As(err, &invalid) && invalid.Hash != change.Hash{}:
		ev.Invalid = append(ev.Invalid, invalid)
	default:
		return fmt.Errorf("%w: %w", errChunk, err)
	}
	return nil
}
