package hub

import (
	"bytes"

	"github.com/godwit-sync/godwit/internal/wire"
)

// Bounds of what waits for one peer, and of one message; beyond them the
// oldest is dropped, since only the newest is of use.
const (
	maxWhispers     = 64
	maxWhisperBytes = 64 << 10
	maxWaitingBytes = 256 << 10
)

// whispers are ephemeral messages on their way to one peer.
type whispers struct {
	waiting []wire.Ephemeral
	bytes   int
}

// add returns how many were dropped for it.
func (w *whispers) add(m wire.Ephemeral) (dropped int) {
	w.waiting = append(w.waiting, m)
	w.bytes += len(m.Data)
	for len(w.waiting) > maxWhispers || w.bytes > maxWaitingBytes {
		w.take()
		dropped++
	}
	return dropped
}

func (w *whispers) take() (wire.Ephemeral, bool) {
	if len(w.waiting) == 0 {
		return wire.Ephemeral{}, false
	}
	m := w.waiting[0]
	w.waiting[0] = wire.Ephemeral{}
	w.bytes -= len(m.Data)
	if w.waiting = w.waiting[1:]; len(w.waiting) == 0 {
		w.waiting = nil
	}
	return m, true
}

// whisper passes an ephemeral message on to all others that have the document
// open.
func (s *session) whisper(m wire.Ephemeral) {
	c := s.docs[m.Document]
	switch {
	case c == nil:
		s.hub.Observer.Dropped("not_open")
		return
	case len(m.Data) > maxWhisperBytes:
		s.hub.Observer.Dropped("too_large")
		return
	}
	c.mu.Lock()
	others := c.core.Others(&s.neighbour)
	c.mu.Unlock()
	m.Data = bytes.Clone(m.Data) // or it would keep its frame
	for _, n := range others {
		n.Session.(*session).hear(m)
	}
}

func (s *session) hear(m wire.Ephemeral) {
	m.TargetID = s.peerID
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for range s.whispers.add(m) {
		s.hub.Observer.Dropped("slow")
	}
	s.wake()
}
