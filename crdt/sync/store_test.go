package sync_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// A store is one that keeps a document and talks about it: one of ours, or a
// model of Automerge.
type store interface {
	heads() []change.Hash
	log() []*change.Change
	take(*change.Change) // one of its own
	// lose goes back to the first n changes of the log.
	lose(n int)
	// connect begins a conversation, knowing what was shared or not.
	connect(resume bool, with side) conversation
}

// side tells a store's conversations apart.
type side int

// A conversation is one side of it.
type conversation interface {
	// generate returns a message, or nil.
	generate() []byte
	receive([]byte) error
}

// ours is a store of ours, with what it takes to talk.
type ours struct {
	t        testing.TB
	graph    *graph.Graph
	intake   *graph.Intake
	changes  []*change.Change
	shared   map[side][]change.Hash
	refuses  map[change.Hash]bool // as if they broke a rule
	maxBytes func() int
}

func newOurs(t testing.TB) *ours {
	o := &ours{t: t, shared: map[side][]change.Hash{}, refuses: map[change.Hash]bool{}, maxBytes: func() int { return 1 << 20 }}
	o.lose(0)
	return o
}

func (o *ours) heads() []change.Hash  { return o.graph.Heads() }
func (o *ours) log() []*change.Change { return o.changes }

func (o *ours) take(c *change.Change) {
	if err := o.graph.Stage(c); err != nil {
		o.t.Fatalf("stage: %v", err)
	}
	o.graph.Commit()
	o.changes = append(o.changes, c)
}

func (o *ours) lose(n int) {
	o.changes = slices.Clone(o.changes[:n])
	o.graph = graph.New()
	o.intake = graph.NewIntake(o.graph)
	for _, c := range o.changes {
		if err := o.graph.Restore(c); err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *ours) connect(resume bool, with side) conversation {
	talk := &ourSide{ours: o, with: with}
	if !resume {
		delete(o.shared, with)
	}
	talk.state = sync.Resume(o.shared[with])
	return talk
}

func (o *ours) offer(chunk []byte) {
	c, err := change.Parse(slices.Clone(chunk))
	if err != nil {
		o.t.Fatalf("parse: %v", err)
	}
	outcomes := o.intake.Offer
	if o.refuses[c.Hash] {
		o.intake.Refuse(c.Hash)
		return
	}
	for _, outcome := range outcomes(c) {
		if outcome.Fate == graph.Staged {
			o.changes = append(o.changes, outcome.Change)
		}
		if outcome.Fate == graph.Refused && !errors.Is(outcome.Err, graph.ErrDescends) {
			o.t.Fatalf("refused: %v", outcome.Err)
		}
	}
	o.graph.Commit()
}

// ourSide is a conversation with one of ours. It checks what must always hold.
type ourSide struct {
	*ours
	state    sync.State
	with     side
	spoken   bool
	awaiting bool // an answer to changes
	told     []change.Hash
	sent     []int
}

// next returns what is to be sent. If that is a greeting which needs no graph,
// it tests that it is the same without.
func (s *ourSide) next() *sync.Reply {
	without := s.state
	agreed := !s.spoken && len(s.heads()) > 0 && slices.Equal(s.state.Shared(), s.heads())
	reply := s.state.Generate(s.intake, s.maxBytes())
	if !agreed || len(reply.Indices) > 0 {
		return reply
	}
	if _, heard := without.Theirs(); heard {
		return reply
	}
	m := without.Greet()
	if got, want := m.Append(nil), reply.Message.Append(nil); !slices.Equal(got, want) {
		s.t.Errorf("without a graph it greets with %x, with one %x", got, want)
	}
	s.state = without
	return &sync.Reply{Message: m}
}

func (s *ourSide) generate() []byte {
	reply := s.next()
	if reply == nil {
		if !s.spoken {
			s.t.Errorf("silent before the first word")
		}
		return nil
	}
	s.check(reply)
	s.spoken = true
	s.told = reply.Message.Heads
	s.sent = append(s.sent, reply.Indices...)
	data := reply.Message.AppendHeader(nil, len(reply.Indices))
	for _, i := range reply.Indices {
		data = sync.AppendChange(data, s.changes[i].Bytes())
	}
	return data
}

func (s *ourSide) check(reply *sync.Reply) {
	m := reply.Message
	if !ascending(m.Heads) || !ascending(m.Need) {
		s.t.Errorf("heads or need are not ascending")
	}
	if s.awaiting && len(reply.Indices) > 0 {
		s.t.Errorf("changes in flight twice")
	}
	s.awaiting = s.awaiting || len(reply.Indices) > 0
	if !slices.IsSorted(reply.Indices) {
		s.t.Errorf("changes are not in order")
	}
	for _, i := range reply.Indices {
		if previous, detached := s.graph.DetachedFrom(i); detached && slices.Contains(reply.Indices, previous) {
			s.t.Errorf("change %d travels with %d", i, previous)
		}
	}
}

func (s *ourSide) receive(data []byte) error {
	m, err := sync.Decode(data)
	if err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	if with := s.state; slices.Equal(s.told, s.heads()) && s.state.Agree(m) {
		s.agreed(with, m)
		clear(data)
		return nil
	}
	for _, chunk := range m.Changes {
		s.offer(chunk)
	}
	s.awaiting = false
	s.state.Receive(s.graph, m)
	s.shared[s.with] = s.state.Shared()
	clear(data) // nothing may be kept of it
	return nil
}

// agreed tests that a message was nothing to a conversation with a graph, too.
func (s *ourSide) agreed(with sync.State, m *sync.Message) {
	with.Receive(s.graph, m)
	if reply := with.Generate(s.intake, s.maxBytes()); reply != nil {
		s.t.Errorf("with a graph it answers %+v", reply)
	}
	without := s.state
	if reply := without.Generate(s.intake, s.maxBytes()); reply != nil {
		s.t.Errorf("with the graph that it did without, it answers %+v", reply)
	}
	if !slices.Equal(with.Shared(), s.state.Shared()) || !slices.Equal(with.Claims(), s.state.Claims()) {
		s.t.Errorf("without a graph it knows of %v and %v", s.state.Shared(), s.state.Claims())
	}
	s.awaiting = false
	s.shared[s.with] = s.state.Shared()
}

func ascending(hashes []change.Hash) bool {
	for i := 1; i < len(hashes); i++ {
		if hashes[i-1].Compare(hashes[i]) >= 0 {
			return false
		}
	}
	return true
}

// automerge is a store that behaves like Automerge.
type automerge struct {
	version version
	doc     *amDoc
	shared  map[side][]change.Hash
}

func newAutomerge(v version) *automerge {
	return &automerge{version: v, doc: newAMDoc(), shared: map[side][]change.Hash{}}
}

func (a *automerge) heads() []change.Hash  { return a.doc.heads() }
func (a *automerge) log() []*change.Change { return a.doc.history }
func (a *automerge) take(c *change.Change) { a.doc.add(c) }

func (a *automerge) lose(n int) {
	history := a.doc.history[:n]
	a.doc = newAMDoc()
	for _, c := range history {
		a.doc.add(c)
	}
}

func (a *automerge) connect(resume bool, with side) conversation {
	if !resume {
		delete(a.shared, with)
	}
	return &automergeSide{automerge: a, state: newAMState(a.shared[with]), with: with}
}

type automergeSide struct {
	*automerge
	state  *amState
	with   side
	spoken bool
}

func (s *automergeSide) generate() []byte {
	m := s.doc.generate(s.version, s.state)
	if m == nil {
		return nil
	}
	data := m.Append(nil)
	switch {
	case s.version == js35:
		data = append(data, 2, 2, 0x84)
	case s.version == rust0512 && !s.spoken:
		data = append(data, 2, 1, 2)
	}
	s.spoken = true
	return data
}

func (s *automergeSide) receive(data []byte) error {
	m, err := sync.Decode(slices.Clone(data))
	if err != nil {
		return err
	}
	if err := s.doc.receive(s.version, s.state, m); err != nil {
		return err
	}
	s.shared[s.with] = s.state.shared
	return nil
}
