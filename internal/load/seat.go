package load

import (
	"fmt"
	"sync"

	"github.com/godwit-sync/godwit/crdt/change"
	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
)

// seat is one client in one document: its side of the sync protocol.
type seat struct {
	client   *client
	author   int // which of the history's; reader if it writes nothing
	envelope envelope
	meter    *meter

	mu       sync.Mutex
	replica  replica
	sent     uint32        // of its own changes
	awaiting bool          // the server owes an answer
	spoken   bool          // told is what the server was last told
	told     int           // version of the heads
	theirs   []change.Hash // heads that the server last named
	asked    []change.Hash // changes that the server asked for
	missing  bool          // the server said that it hasn't the document
	goal     *goal         // reached when all is here and there
	header   []byte        // reused
	body     []byte        // reused
}

const reader = -1

// sit opens a document for a client, and says nothing yet.
func (c *client) sit(h *history, author int, m *meter) *seat {
	s := &seat{
		client: c, author: author, meter: m,
		envelope: newEnvelope(c.id, c.server, h.id),
		replica:  newReplica(h),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seats[h.id] = s
	return s
}

// edit makes a change and sends it, or leaves it to be sent with the answer to
// the server's next message.
func (s *seat) edit() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.replica.write(s.author, now()); err != nil {
		return err
	}
	return s.speak()
}

// push makes the whole history the seat's own, which its only author wrote
// before, and sends it.
func (s *seat) push() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, h := &s.replica, s.replica.history
	for seq := r.clock[0] + 1; int(seq) <= h.authors[0].len(); seq++ {
		c := ref{0, seq}
		r.take(c, r.entry(c))
	}
	return s.speak()
}

// request asks for the document.
func (s *seat) request() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.speak()
}

// receive takes in a sync message and answers it, if there is something to say.
func (s *seat) receive(data []byte) error {
	m, err := crdtsync.Decode(data)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := now()
	for _, chunk := range m.Changes {
		c, e, err := s.replica.history.match(chunk)
		if err != nil {
			return err
		}
		s.replica.receive(c, e, func(e *entry) { s.meter.delivered(e.made, at) })
	}
	s.awaiting, s.theirs = false, m.Heads
	s.asked = append(s.asked, m.Need...)
	s.missing = s.missing && len(m.Heads) == 0
	if err := s.speak(); err != nil {
		return err
	}
	s.checkGoal()
	return nil
}

// speak sends a message if there is something to say, and if the server has
// answered the last one that called for an answer.
func (s *seat) speak() error {
	if s.awaiting {
		return nil
	}
	need := s.replica.need(s.theirs)
	changes, count := s.owed()
	if s.spoken && count == 0 && len(need) == 0 && s.told == s.replica.version {
		return nil
	}
	heads := s.replica.hashes()
	// The server needs no filter: it is told all that is here, and what it has
	// else is lacking.
	m := crdtsync.Message{Heads: heads, Need: need, Have: []crdtsync.Have{{LastSync: heads}}}
	s.body = append(m.AppendHeader(s.body[:0], count), changes...)
	request := !s.spoken && len(heads) == 0
	s.header = s.envelope.seal(s.header[:0], request, len(s.body))
	s.awaiting = count > 0 || len(need) > 0 || request
	s.spoken, s.told = true, s.replica.version
	return s.client.write(s.header, s.body)
}

// owed returns the encoded changes to send: the seat's own new ones, and what
// the server asked for.
func (s *seat) owed() (changes []byte, count int) {
	add := func(c ref) {
		changes = crdtsync.AppendChange(changes, s.replica.entry(c).chunk)
		count++
	}
	for _, hash := range s.asked {
		if c, made := s.replica.history.find(hash); made && s.replica.has(c) && (c.author != s.author || c.seq <= s.sent) {
			add(c)
		}
	}
	s.asked = nil
	if s.author == reader {
		return changes, count
	}
	for own := s.replica.clock[s.author]; s.sent < own; {
		s.sent++
		add(ref{s.author, s.sent})
	}
	return changes, count
}

// unavailable notes that the server hasn't the document.
func (s *seat) unavailable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaiting, s.missing = false, true
	s.checkGoal()
}

// aim sets a goal: to have every change that was made, and to have heard the
// server name the same heads.
func (s *seat) aim(g *goal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goal = g
	s.checkGoal()
}

func (s *seat) checkGoal() {
	switch {
	case s.goal == nil:
		return
	case s.converged():
		s.goal.reach()
	case s.missing && s.goal.tolerant:
		s.goal.lost.Add(1)
		s.goal.reach()
	default:
		s.goal.progress.Add(1)
		return
	}
	s.goal = nil
}

func (s *seat) converged() bool {
	return len(s.theirs) > 0 && s.replica.are(s.theirs) && s.replica.complete()
}

// String tells what is missing.
func (s *seat) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	here, made := 0, 0
	for i, a := range s.replica.history.authors {
		here += int(s.replica.clock[i])
		made += a.len()
	}
	return fmt.Sprintf("client %s has %d of %d changes of %s, %d out of order; %d heads, the server %d, the same: %t; awaiting an answer: %t",
		s.client.id, here, made, s.replica.history.id, len(s.replica.held),
		len(s.replica.heads), len(s.theirs), s.replica.are(s.theirs), s.awaiting)
}

// settled reports whether there is nothing to wait for.
func (s *seat) settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.converged()
}
