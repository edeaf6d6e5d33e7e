package hub

import (
	"errors"

	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// owe notes that a document may have something to say to the peer.
func (s *session) owe(d *document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.owed.add(d)
	s.wake()
}

// wake starts the writer unless somebody writes; s.mu is held.
func (s *session) wake() {
	if !s.writing {
		s.writing = true
		s.writer.Go(s.writeOwed)
	}
}

// writeOwed writes until nothing is owed, or the session is closed.
func (s *session) writeOwed() {
	for {
		t, more := s.takeTurn()
		if !more {
			return
		}
		err := s.writeTurn(t)
		switch {
		case errors.Is(err, errStore):
			s.end(err)
			return
		case err != nil:
			s.conn.Abort()
			return
		}
	}
}

// turn is what is written next: at most one of each kind, so that none starves
// another.
type turn struct {
	say      wire.Message // an ephemeral message, or a denial
	reply    wire.Message // about a collection
	page     *madePage
	document *document
}

// takeTurn takes what is to be written next. If there is nothing, the caller must
// stop.
func (s *session) takeTurn() (t turn, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return t, false
	}
	if m, ok := s.whispers.take(); ok {
		t.say = m
	} else if s.link != nil {
		t.say = s.link.takeDenial()
	}
	t.reply, t.page, t.document = s.takeReply(), s.takePage(), s.owed.take()
	s.writing = t != turn{}
	return t, s.writing
}

func (s *session) writeTurn(t turn) error {
	err := s.writeMessages(t.say, t.reply)
	if t.page != nil {
		err = errors.Join(err, s.writePage(t.page)) // which gives back its memory
	}
	if err != nil || t.document == nil {
		return err
	}
	return s.writeFor(t.document)
}

func (s *session) writeMessages(messages ...wire.Message) error {
	for _, m := range messages {
		if m == nil {
			continue
		}
		if err := s.write(m); err != nil {
			return err
		}
	}
	return nil
}

// stopWriting makes sure that nobody begins to write but the caller, who may if
// nobody is at it. It returns the peer's id, for the last words.
func (s *session) stopWriting() (free bool, peerID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	free = !s.writing
	s.writing, s.closed = true, true
	s.owed, s.whispers, s.replies, s.wants = turns{}, whispers{}, nil, nil
	if s.page != nil {
		s.page.room.release()
		s.page = nil
	}
	s.stopWaiting()
	return free, s.peerID
}

// writeFirst writes the answer to the greeting, unless the session is being
// closed at this moment.
func (s *session) writeFirst(m wire.Message) error {
	s.mu.Lock()
	closed := s.closed
	s.writing = true
	s.mu.Unlock()
	if closed {
		return socket.ErrClosed
	}
	err := s.write(m)
	s.mu.Lock()
	s.writing = s.closed
	s.mu.Unlock()
	return err
}

func (s *session) write(m wire.Message) error {
	frame := wire.Append(nil, m)
	if err := s.conn.WriteFrame(frame); err != nil {
		return err
	}
	s.hub.Observer.Sent(m.Kind(), len(frame))
	return nil
}

// writeFor lets a document say what it owes.
func (s *session) writeFor(d *document) error {
	room := s.hub.reserve()
	defer room.release()
	send, letter := d.letTo(s, room.maxChanges)
	if letter != nil {
		if err := room.resize(letter.size, s.conn.Done()); err != nil {
			return err
		}
		return s.writeLetter(d, letter)
	}
	room.release()
	me := s.hub.PeerID
	switch {
	case send == nil:
		return nil
	case send.Refused != nil:
		return s.write(wire.Refused{SenderID: me, TargetID: s.peerID, Document: d.id, Hashes: send.Refused, Reason: send.Reason})
	default:
		return s.write(wire.DocUnavailable{SenderID: me, TargetID: s.peerID, Document: d.id})
	}
}

// letTo asks the document what it has to say to a peer whose socket is free. If
// it has to be loaded for that, it is asked in the same breath: while memory is
// short it may be dropped at the next.
func (d *document) letTo(s *session, maxBytes int) (*replica.Send, *letter) {
	send, l, load := d.tryTo(s, maxBytes, nil)
	if load {
		g, err := d.load()
		send, l, _ = d.tryTo(s, maxBytes, &replica.Loaded{Graph: g, Err: err})
	}
	return send, l
}

// tryTo steps the document with a free socket, once it is loaded, and gathers
// what its answer takes before it can be stepped again.
func (d *document) tryTo(s *session, maxBytes int, loaded *replica.Loaded) (send *replica.Send, l *letter, load bool) {
	var fx replica.Effects
	d.mu.Lock()
	d.touched = true
	if loaded != nil {
		d.core.Step(*loaded, &fx)
		d.weigh()
	}
	if loaded == nil || loaded.Err == nil {
		d.core.Step(replica.Writable{To: &s.neighbour, MaxBytes: maxBytes}, &fx)
	}
	if fx.Send != nil && fx.Send.Reply != nil {
		l = d.address(fx.Send)
	}
	d.tell(&fx)
	d.mu.Unlock()
	load, fx.Load = fx.Load, false
	if fx.Expect != nil {
		s.expect(d)
	}
	if next := d.do(&fx); next != nil {
		d.step(next)
	}
	return fx.Send, l, load
}
