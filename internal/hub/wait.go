package hub

import (
	"time"

	"github.com/godwit-sync/godwit/internal/replica"
)

// patience is how long a peer that asked for a document is kept waiting because
// another has announced it. Clients send what they announce within a second.
const patience = 10 * time.Second

// expect lets the peer wait for a document to turn up.
func (s *session) expect(d *document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if s.waits == nil {
		s.waits = map[*document]*time.Timer{}
	}
	s.waits[d] = time.AfterFunc(patience, func() { s.expire(d) })
}

func (s *session) expire(d *document) {
	s.mu.Lock()
	delete(s.waits, d)
	s.mu.Unlock()
	d.step(replica.Expired{Neighbour: &s.neighbour})
}

// stopWaiting lets go of all documents that are waited for; s.mu is held.
func (s *session) stopWaiting() {
	for _, timer := range s.waits {
		timer.Stop()
	}
	s.waits = nil
}
