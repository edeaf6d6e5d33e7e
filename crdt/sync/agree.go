package sync

import "slices"

// A conversation that begins where the last one ended needs no graph as long as
// neither side has anything new: of a thousand documents that a peer knows, most
// have not changed since it last met its relay.

// Greet returns the first message of a conversation that resumes from all that
// we have: [State.Shared] are our heads. It is what Generate would return.
func (s *State) Greet() *Message {
	s.spoken = true
	s.told.heads, s.told.need = s.shared, nil
	s.summary = []Have{{LastSync: s.shared}}
	return &Message{Heads: s.shared, Have: s.summary}
}

// Renew returns the first message of a conversation that isn't the first over its
// connection. The neighbour doesn't know that the last one has ended: what it sent
// may have been let go of. So the message says that we have no heads, whatever we
// have, which makes every neighbour send anew what isn't shared; Generate tells next
// what is true. We must have all that is shared.
func (s *State) Renew() *Message {
	s.spoken = true
	return &Message{Have: []Have{{LastSync: s.shared}}}
}

// Agree takes in a message that says no more than that the neighbour has what we
// told it that we have, and reports whether it was one; it calls for no answer.
// Any other is for Receive. Our heads must still be those that were told.
func (s *State) Agree(m *Message) bool {
	heads := unionHashes(m.Heads, nil)
	next := *s
	next.noteLoss(heads, m)
	switch {
	case !s.spoken, next.mustReply, s.askAgain, len(s.sent) > 0,
		len(m.Changes) > 0, len(m.Need) > 0, len(s.told.need) > 0,
		!slices.Equal(heads, s.told.heads):
		return false
	}
	next.hear(heads, m)
	next.shared = heads
	*s = next
	return true
}
