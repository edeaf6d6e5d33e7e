package sync

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// State is one side of one conversation about one document. The zero value is
// a conversation with a neighbour of which nothing is known. Both sides begin
// one with every connection, over which messages arrive in order.
//
// All slices of hashes are ascending and never modified, only replaced, so
// that they can be shared.
type State struct {
	shared []change.Hash // with what comes before them: what both have
	sent   []change.Hash // likewise: what is on its way to them

	automerge bool // the neighbour is one of Automerge's later implementations
	heardFrom bool // theirs is what they last said
	theirs    struct {
		heads  []change.Hash
		need   []change.Hash   // not yet answered
		bases  [][]change.Hash // lastSync of each of their haves
		filter Bloom           // kept if we don't know all their heads, until it has been used
		flags  Flags
	}

	spoken    bool // told holds what we last said
	told      struct{ heads, need []change.Hash }
	mustReply bool   // they said something that calls for an answer
	inFlight  bool   // we sent changes, and they have not spoken since
	ruledOut  int    // how many changes their filter has ruled out
	summary   []Have // what we sent, with a filter, since they last spoke
	hollow    int    // answers that were called for when we had no heads
	askAgain  bool
	wary      bool // they don't know what we took for arrived
}

// Resume returns a state that remembers what both sides had when they last
// spoke; see [State.Shared]. What our store no longer has is passed over.
func Resume(shared []change.Hash) State { return State{shared: shared} }

// Shared returns the heads of what both sides are known to have. It is all
// that is worth keeping of a conversation.
func (s *State) Shared() []change.Hash { return s.shared }

// Theirs returns the heads that the neighbour last named; false if it hasn't
// spoken yet.
func (s *State) Theirs() ([]change.Hash, bool) { return s.theirs.heads, s.heardFrom }

// Claims returns heads of what the neighbour has said, in its last message, that
// it has: it may have more that we don't know of.
func (s *State) Claims() []change.Hash {
	return unionHashes(s.theirs.heads, s.lastSyncs())
}

// Reply is a message to send, its changes named by their index in the log.
type Reply struct {
	Message *Message
	Indices []int // ascending
}

// AskAgain makes the next message claim that we have nothing. It is how a
// neighbour is brought to send changes again that it believes we have.
func (s *State) AskAgain() { s.askAgain = true }

// Receive takes in a message whose changes have been committed, held or
// refused before. It keeps nothing of the bytes that the message was decoded
// from.
func (s *State) Receive(g *graph.Graph, m *Message) {
	heads := unionHashes(m.Heads, nil)
	s.mustReply = s.mustReply || len(m.Changes) > 0
	s.noteLoss(heads, m)
	s.hear(heads, m)
	if !known(g, heads) {
		s.theirs.filter = firstFilter(m.Have).clone()
	}
	s.advance(g)
}

// hear notes what the neighbour says.
func (s *State) hear(heads []change.Hash, m *Message) {
	s.heardFrom, s.inFlight, s.automerge = true, false, s.automerge || m.Flags&FlagV2 != 0
	s.theirs.heads, s.theirs.need, s.theirs.flags = heads, m.Need, m.Flags
	s.theirs.bases, s.theirs.filter, s.ruledOut, s.summary = basesOf(m.Have), Bloom{}, 0, nil
}

// noteLoss finds out from a message whether the neighbour no longer has, or no
// longer knows of, what it had before.
func (s *State) noteLoss(heads []change.Hash, m *Message) {
	nothingShared := len(m.Have) > 0 && len(m.Have[0].LastSync) == 0
	reset := len(heads) > 0 && nothingShared && m.Have[0].Bloom.isEmpty()
	// It shared something before: this comes from a new conversation that we
	// were not told of.
	anew := nothingShared && !reset && len(s.theirs.bases) > 0 && len(s.theirs.bases[0]) > 0
	switch {
	case len(heads) == 0 && len(s.theirs.heads) > 0, m.Flags&FlagReset != 0, anew:
		s.sent, s.wary, s.mustReply = nil, false, true
	case reset:
		// It doesn't know what we took it to have, as we say ourselves in that
		// case. What it lacks it will ask for, once we name only what is sure.
		s.shared, s.wary, s.mustReply = nil, len(s.sent) > 0, true
	}
}

// basesOf returns what haves are based on.
func basesOf(have []Have) [][]change.Hash {
	bases := make([][]change.Hash, len(have))
	for i, h := range have {
		bases[i] = h.LastSync
	}
	return bases
}

// firstFilter returns the filter that counts. Nobody is known to send several,
// and what only the others claim is sent once too often at worst.
func firstFilter(have []Have) Bloom {
	for _, h := range have {
		if !h.Bloom.isEmpty() {
			return h.Bloom
		}
	}
	return Bloom{}
}

// advance works out what is shared now, and what is still on its way.
func (s *State) advance(g *graph.Graph) {
	if known(g, s.theirs.heads) {
		s.shared = s.theirs.heads
	} else {
		// Kept as they say it: to Automerge, heads stand for their ancestors by
		// deps only, so none may be left out because it comes before another.
		claims := g.Beyond(slices.Concat(s.theirs.heads, s.lastSyncs()), nil)
		s.shared = unionHashes(claims, g.Beyond(s.shared, claims))
		s.shared = s.shared[:min(len(s.shared), MaxHashes)]
	}
	s.sent = g.Beyond(s.sent, s.shared)
	if len(s.sent) == 0 {
		s.wary = false
	}
}

// lastSyncs returns all hashes that the neighbour's haves are based on.
func (s *State) lastSyncs() []change.Hash { return slices.Concat(s.theirs.bases...) }

// Generate says what is to be sent now, with no more than maxBytes of changes
// (but at least one, if any are owed). It returns nil if there is nothing to
// say, or if the neighbour's answer to changes must come first. It may be
// called at any time, but at most once per received message or new change.
func (s *State) Generate(in *graph.Intake, maxBytes int) *Reply {
	if s.inFlight {
		return nil
	}
	g := in.Graph()
	if !s.spoken {
		s.shared = g.Beyond(s.shared, nil)
	}
	if s.askAgain {
		s.askAgain = false
		if len(g.Heads()) > 0 && len(s.theirs.heads) > 0 {
			return s.pretendLoss()
		}
	}
	lead := in.Need(s.theirs.heads)
	need := s.need(in, lead)
	news := !s.spoken || s.mayAnswer(g) || !slices.Equal(s.told.heads, g.Heads()) || !slices.Equal(s.told.need, need)
	send := g.Deliverable(s.owed(in, len(lead) > 0))
	// Whoever has been asked, and told what we have, will speak, or is a stranger
	// who may wait for news.
	asked := s.summary != nil && len(lead) > 0 && slices.Equal(s.told.need, need)
	if (!news || asked) && len(send) == 0 {
		return nil
	}
	send = send[:g.FirstBatch(send, maxBytes)]
	s.noteSent(g, send)

	s.spoken, s.mustReply, s.theirs.need = true, false, nil
	s.told.heads, s.told.need = g.Heads(), need
	// What is only asked for may remain unanswered.
	s.inFlight = len(send) > 0
	return &Reply{Message: &Message{Heads: g.Heads(), Need: need, Have: s.have(in)}, Indices: send}
}

// hollowAnswers is how many answers without heads one neighbour gets.
const hollowAnswers = 3

// mayAnswer reports whether something calls for an answer that does no harm. An
// answer without heads tells Automerge that we have lost everything, and it
// sends everything again; if all of that is refused, it would do so for ever.
func (s *State) mayAnswer(g *graph.Graph) bool {
	if !s.mustReply || len(g.Heads()) > 0 || !s.spoken {
		return s.mustReply
	}
	s.hollow++
	return !s.automerge && s.hollow <= hollowAnswers
}

// need returns what to ask for: what their heads lead to. Where these build on
// what is refused here, they might lead to anything that is missing.
func (s *State) need(in *graph.Intake, lead []change.Hash) []change.Hash {
	if !slices.ContainsFunc(s.theirs.heads, in.IsRefused) {
		return lead
	}
	need := unionHashes(lead, in.Missing())
	return need[:min(len(need), MaxHashes)]
}

// pretendLoss says that we have no heads, and yet what is shared.
func (s *State) pretendLoss() *Reply {
	s.spoken, s.mustReply, s.inFlight = true, false, true
	s.told.heads, s.told.need = nil, nil
	return &Reply{Message: &Message{Have: []Have{{LastSync: s.shared}}}}
}

// have summarises what we have. To a neighbour whose heads we know it suffices
// to name what it will have after this message: it has nothing else that we
// lack. To others it is what is shared, and a filter over the rest.
func (s *State) have(in *graph.Intake) []Have {
	g := in.Graph()
	switch {
	case s.heardFrom && known(g, s.theirs.heads):
		return []Have{{LastSync: s.willHave(g)}}
	case s.mustReset(in):
		return []Have{{}}
	case s.summary != nil:
		return s.summary // the last one counts; a new one would say little more
	}
	rest := g.Lacking(s.shared)
	bloom := NewBloom(len(rest))
	for _, i := range rest {
		bloom.Add(g.Hash(i))
	}
	s.summary = []Have{{LastSync: s.shared, Bloom: bloom}}
	return s.summary
}

// willHave returns heads of what a neighbour will have that takes all we sent.
func (s *State) willHave(g *graph.Graph) []change.Hash {
	switch {
	case s.wary:
		return s.theirs.heads
	case len(g.Lacking(slices.Concat(s.theirs.heads, s.sent))) == 0:
		return g.Heads()
	default:
		will := unionHashes(s.theirs.heads, s.sent)
		return will[:min(len(will), MaxHashes)]
	}
}

// mustReset reports whether the neighbour counts on something that we no
// longer have: our store has lost data.
func (s *State) mustReset(in *graph.Intake) bool {
	lost := func(h change.Hash) bool { return !in.Graph().Has(h) && !in.IsRefused(h) }
	return len(s.theirs.bases) > 0 && slices.ContainsFunc(s.theirs.bases[0], lost)
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

// contains reports whether a hash is among some in ascending order.
func contains(hashes []change.Hash, h change.Hash) bool {
	_, found := slices.BinarySearchFunc(hashes, h, change.Hash.Compare)
	return found
}

// unionHashes returns the union of two lists, ascending.
func unionHashes(a, b []change.Hash) []change.Hash {
	return slices.Compact(change.SortHashes(slices.Concat(a, b)))
}
