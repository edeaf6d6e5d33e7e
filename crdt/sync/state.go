package sync

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// State is one side of one conversation about one document. The zero value is
// a conversation with a neighbour of which nothing is known.
//
// All slices of hashes are ascending and never modified, only replaced, so
// that they can be shared.
type State struct {
	shared []change.Hash // with their ancestors: what both have
	sent   []change.Hash // with their ancestors: what is on its way to them

	heardFrom bool // theirs is what they last said
	theirs    struct {
		heads []change.Hash
		need  []change.Hash // not yet answered
		have  []Have
		flags Flags
	}

	spoken    bool // told holds what we last said
	told      struct{ heads, need []change.Hash }
	mustReply bool // they said something that calls for an answer
	inFlight  bool // we said something that calls for one
	askAgain  bool
}

// Resume returns a state that remembers what both sides had when they last
// spoke; see [State.Shared].
func Resume(shared []change.Hash) State { return State{shared: shared} }

// Shared returns the heads of what both sides are known to have. It is all
// that is worth keeping of a conversation.
func (s *State) Shared() []change.Hash { return s.shared }

// Theirs returns the heads that the neighbour last named; false if it hasn't
// spoken yet.
func (s *State) Theirs() ([]change.Hash, bool) { return s.theirs.heads, s.heardFrom }

// Reply is a message to send, its changes named by their index in the log.
type Reply struct {
	Message *Message
	Indices []int // ascending
}

// AskAgain makes the next message claim that we have nothing. It is how a
// neighbour is brought to send changes again that it believes we have.
func (s *State) AskAgain() { s.askAgain = true }

// Receive takes in a message whose changes have been committed, held or
// refused before.
func (s *State) Receive(g *graph.Graph, m *Message) {
	heads := change.SortHashes(slices.Clone(m.Heads))
	news := !s.heardFrom || !slices.Equal(heads, s.theirs.heads)
	if len(heads) == 0 || m.Flags&FlagReset != 0 {
		// They know nothing, or forgot what we told them.
		s.sent, s.spoken = nil, false
	}
	s.heardFrom, s.inFlight = true, false
	s.theirs.heads, s.theirs.need, s.theirs.have, s.theirs.flags = heads, m.Need, m.Have, m.Flags
	s.mustReply = s.mustReply || len(m.Changes) > 0 || len(m.Need) > 0 ||
		news && !slices.Equal(heads, g.Heads())
	s.advance(g)
}

// advance works out what is shared now, and what is still on its way.
func (s *State) advance(g *graph.Graph) {
	heads := s.theirs.heads
	if known(g, heads) {
		s.shared = heads
	} else {
		s.shared = g.Frontier(slices.Concat(s.shared, heads))
	}
	if len(s.sent) == 0 || slices.Equal(s.sent, heads) {
		s.sent = nil
		return
	}
	s.sent = slices.DeleteFunc(g.Frontier(slices.Concat(s.sent, s.shared)), func(h change.Hash) bool {
		_, arrived := slices.BinarySearchFunc(s.shared, h, change.Hash.Compare)
		return arrived
	})
}

// known reports whether the graph holds all of the hashes.
func known(g *graph.Graph, hashes []change.Hash) bool {
	for _, h := range hashes {
		if !g.Has(h) {
			return false
		}
	}
	return true
}

// Generate says what is to be sent now, with no more than maxBytes of changes
// (but at least one, if any are owed). It returns nil if there is nothing to
// say, or if the neighbour's answer to the last message must come first.
func (s *State) Generate(in *graph.Intake, maxBytes int) *Reply {
	if s.inFlight {
		return nil
	}
	if s.askAgain {
		*s = State{shared: s.shared, heardFrom: s.heardFrom, theirs: s.theirs, sent: s.sent, spoken: true, inFlight: true}
		return &Reply{Message: &Message{Have: []Have{{}}}}
	}
	g := in.Graph()
	need := in.Need(s.theirs.heads)
	news := !s.spoken || s.mustReply || !slices.Equal(s.told.heads, g.Heads()) || !slices.Equal(s.told.need, need)
	var send []int
	if s.heardFrom {
		send = s.owed(g)
	}
	if !news && len(send) == 0 {
		return nil
	}
	send = send[:g.FirstBatch(send, maxBytes)]
	s.noteSent(g, send)

	s.spoken, s.mustReply, s.theirs.need = true, false, nil
	s.told.heads, s.told.need = g.Heads(), need
	s.inFlight = len(send) > 0 || len(need) > 0
	return &Reply{Message: &Message{Heads: g.Heads(), Need: need, Have: s.have(g, need)}, Indices: send}
}

// owed returns the changes to send, ascending.
func (s *State) owed(g *graph.Graph) []int {
	if s.theirs.flags&FlagReadOnly != 0 || s.mustReset(g) {
		return nil
	}
	asked := requested(g, s.theirs.need)
	if slices.Equal(s.theirs.heads, g.Heads()) {
		return asked
	}
	base := slices.Concat(s.theirs.heads, s.sent, s.shared)
	if known(g, s.theirs.heads) {
		return union(asked, g.Lacking(base))
	}
	if len(s.theirs.have) == 0 {
		return asked // they only want what they asked for
	}
	for _, have := range s.theirs.have {
		base = append(base, have.LastSync...)
	}
	return union(asked, notIn(g, s.theirs.have, g.Lacking(base)))
}

// mustReset reports whether the neighbour counts on something that we no
// longer have: our store has lost data.
func (s *State) mustReset(g *graph.Graph) bool {
	return len(s.theirs.have) > 0 && !known(g, s.theirs.have[0].LastSync)
}

// requested returns the changes asked for by hash. One that doesn't descend
// from its actor's previous change brings that along, since nothing else would
// tell the neighbour to ask for it.
func requested(g *graph.Graph, need []change.Hash) []int {
	var indices []int
	for _, h := range need {
		i, ok := g.Index(h)
		for ok {
			indices = append(indices, i)
			i, ok = g.DetachedFrom(i)
		}
	}
	slices.Sort(indices)
	return slices.Compact(indices)
}

// notIn returns those of the changes that are in none of the filters, and
// those that descend from them.
func notIn(g *graph.Graph, have []Have, indices []int) []int {
	var lacking []int
	chosen := map[uint32]bool{}
	for _, i := range indices {
		claimed := slices.ContainsFunc(have, func(h Have) bool { return h.Bloom.Has(g.Hash(i)) })
		if claimed && !slices.ContainsFunc(g.Parents(i), func(p uint32) bool { return chosen[p] }) {
			continue
		}
		chosen[uint32(i)] = true
		lacking = append(lacking, i)
	}
	return lacking
}

// noteSent moves the frontier of what is on its way.
func (s *State) noteSent(g *graph.Graph, indices []int) {
	if len(indices) == 0 {
		return
	}
	inner := map[uint32]bool{}
	frontier := slices.Clone(s.sent)
	for _, i := range slices.Backward(indices) {
		if !inner[uint32(i)] {
			frontier = append(frontier, g.Hash(i))
		}
		for _, p := range g.Parents(i) {
			inner[p] = true
		}
	}
	s.sent = g.Frontier(frontier)
}

// have summarises what we have. To a neighbour whose heads we know it suffices
// to name what it will have after this message: it has nothing else that we
// lack. To others it is what is shared, and a filter over the rest.
func (s *State) have(g *graph.Graph, need []change.Hash) []Have {
	switch {
	case s.heardFrom && s.mustReset(g):
		return []Have{{}}
	case s.heardFrom && known(g, s.theirs.heads):
		return []Have{{LastSync: g.Frontier(slices.Concat(s.theirs.heads, s.sent))}}
	case !subset(need, s.theirs.heads):
		return nil // held changes wait for others: ask for those only
	}
	rest := g.Lacking(s.shared)
	bloom := NewBloom(len(rest))
	for _, i := range rest {
		bloom.Add(g.Hash(i))
	}
	return []Have{{LastSync: s.shared, Bloom: bloom}}
}

func subset(small, large []change.Hash) bool {
	for _, h := range small {
		if !slices.Contains(large, h) {
			return false
		}
	}
	return true
}

// union merges two ascending lists.
func union(a, b []int) []int {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
