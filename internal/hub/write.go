package hub

import (
	"context"
	"encoding/binary"
	"fmt"

	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

// owe notes that a document may have something to say to the peer.
func (s *session) owe(d *document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, already := s.owing[d]; already {
		return
	}
	if s.owing == nil {
		s.owing = map[*document]struct{}{}
	}
	s.owing[d] = struct{}{}
	s.owed = append(s.owed, d)
	s.wake()
}

// wake starts the writer unless it is running; s.mu is held.
func (s *session) wake() {
	if !s.writing {
		s.writing = true
		go s.writeOwed()
	}
}

// writeOwed writes until nothing is owed.
func (s *session) writeOwed() {
	for {
		s.mu.Lock()
		w, whispered := s.whispers.take()
		var d *document
		if !whispered {
			if d = s.takeOwed(); d == nil {
				s.mu.Unlock()
				return
			}
		}
		s.mu.Unlock()
		var err error
		if whispered {
			err = s.write(w)
		} else {
			err = s.writeFor(d)
		}
		if err != nil { // the writer stays marked as running: nothing more is written
			s.conn.Abort()
			return
		}
	}
}

// takeOwed returns the document whose turn it is; nil if the writer may stop,
// which it then must.
func (s *session) takeOwed() *document {
	if len(s.owed) == 0 {
		s.owed, s.owing, s.writing = nil, nil, false
		return nil
	}
	d := s.owed[0]
	s.owed[0] = nil
	s.owed = s.owed[1:]
	delete(s.owing, d)
	return d
}

func (s *session) write(m wire.Message) error {
	frame := wire.Append(nil, m)
	s.hub.Observer.Sent(m.Kind(), len(frame))
	return s.conn.WriteFrame(frame)
}

// writeFor lets a document say what it owes.
func (s *session) writeFor(d *document) error {
	var fx replica.Effects
	var letter letter
	d.mu.Lock()
	d.touched = true
	d.core.Step(replica.Writable{To: &s.neighbour, MaxBytes: s.hub.MessageBytes}, &fx)
	if fx.Send != nil && fx.Send.Reply != nil {
		letter.address(d, fx.Send.Reply)
	}
	d.mu.Unlock()
	if next := d.do(&fx); next != nil {
		d.step(next)
	}
	me := s.hub.Greeting.PeerID
	switch send := fx.Send; {
	case send == nil:
		return nil
	case send.Refused != nil:
		s.owe(d) // there may be more
		return s.write(wire.Refused{SenderID: me, TargetID: s.peerID, Document: d.id, Hashes: send.Refused, Reason: send.Reason})
	case send.Unavailable:
		return s.write(wire.DocUnavailable{SenderID: me, TargetID: s.peerID, Document: d.id})
	default:
		return s.writeLetter(d, &letter)
	}
}

// letter is a sync message on its way out.
type letter struct {
	reply  *crdtsync.Reply
	chunks [][]byte // from the tail; nil = they must be read from the store
	sizes  []int    // of the chunks
	size   int      // of the message with all that belongs to it
	header []byte
}

// address gathers what has to be known before the document is unlocked.
func (l *letter) address(d *document, reply *crdtsync.Reply) {
	l.reply = reply
	l.header = reply.Message.AppendHeader(nil, len(reply.Indices))
	l.size = len(l.header)
	g := d.core.Graph()
	var number [binary.MaxVarintLen64]byte
	for _, i := range reply.Indices {
		l.size += binary.PutUvarint(number[:], uint64(g.Size(i))) + g.Size(i)
	}
	if len(reply.Indices) == 0 {
		return
	}
	if _, recent := d.tail.get(reply.Indices[0]); recent {
		l.chunks = make([][]byte, 0, len(reply.Indices))
		for _, i := range reply.Indices {
			chunk, _ := d.tail.get(i)
			l.chunks = append(l.chunks, chunk)
		}
	}
}

// smallLetter is how long a message may be that isn't counted as outgoing.
const smallLetter = 64 << 10

func (s *session) writeLetter(d *document, l *letter) error {
	if l.size > smallLetter {
		weight := min(int64(l.size), s.hub.OutgoingBytes)
		if err := s.acquire(weight); err != nil {
			return err
		}
		defer s.hub.outgoing.Release(weight)
	}
	head := wire.AppendSync(make([]byte, 0, 256+min(l.size, smallLetter)), wire.Sync{
		SenderID: s.hub.Greeting.PeerID, TargetID: s.peerID, Document: d.id,
	}, l.size)
	frame := append(head, l.header...)
	frame, err := s.appendChanges(frame, d, l)
	if err != nil {
		s.hub.Observer.Failed("read", err)
		s.hub.Logger.Error("a document could not be read", "document", d.id, "error", err)
		return fmt.Errorf("%w: %w", errStore, err)
	}
	s.hub.Observer.Sent("sync", len(frame))
	return s.conn.WriteFrame(frame)
}

// acquire waits for a share of the memory for outgoing messages, as long as the
// connection lives.
func (s *session) acquire(weight int64) error {
	if s.hub.outgoing.TryAcquire(weight) {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		defer cancel()
		select {
		case <-s.conn.Done():
		case <-ctx.Done():
		}
	}()
	return s.hub.outgoing.Acquire(ctx, weight)
}

func (s *session) appendChanges(frame []byte, d *document, l *letter) ([]byte, error) {
	for _, chunk := range l.chunks {
		frame = crdtsync.AppendChange(frame, chunk)
	}
	if l.chunks != nil {
		return frame, nil
	}
	indices := l.reply.Indices
	for len(indices) > 0 {
		n := nearby(indices)
		var err error
		if frame, err = d.readChanges(frame, indices[:n]); err != nil {
			return nil, err
		}
		indices = indices[n:]
	}
	return frame, nil
}

// seek is how many changes are rather read over than a new reading begun.
const seek = 64

// nearby returns how many of the indices are best read in one go.
func nearby(indices []int) int {
	for n := 1; n < len(indices); n++ {
		if indices[n]-indices[n-1] > seek {
			return n
		}
	}
	return len(indices)
}

// readChanges appends changes from the store.
func (d *document) readChanges(frame []byte, indices []int) ([]byte, error) {
	at := indices[0]
	for chunk, err := range d.hub.Store.Changes(context.Background(), d.id, at) {
		if err != nil {
			return nil, err
		}
		if at == indices[0] {
			frame = crdtsync.AppendChange(frame, chunk)
			if indices = indices[1:]; len(indices) == 0 {
				return frame, nil
			}
		}
		at++
	}
	return nil, fmt.Errorf("%w: %s ends at change %d", errDamaged, d.id, at)
}
