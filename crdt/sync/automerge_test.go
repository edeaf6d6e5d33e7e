package sync_test

import (
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// A model of how Automerge itself speaks, after rust/automerge/src/sync.rs, in
// three versions: what is in JavaScript 2.0 and in automerge-go (Rust 0.5.0),
// in JavaScript 2.2 (Rust 0.5.12), and in JavaScript 3.5. It is slow and
// literal, and works with sets of hashes where we work with frontiers.
type version int

const (
	rust050  version = 50
	rust0512 version = 512
	js35     version = 3500
)

// amDoc is a document of Automerge's.
type amDoc struct {
	history []*change.Change
	at      map[change.Hash]int
	clocks  []map[change.ActorID]uint64 // of each change
	seqs    map[change.ActorID]uint64
	queue   []*change.Change
}

func newAMDoc() *amDoc {
	return &amDoc{at: map[change.Hash]int{}, seqs: map[change.ActorID]uint64{}}
}

func (d *amDoc) has(h change.Hash) bool { _, ok := d.at[h]; return ok }

func (d *amDoc) hasAll(hashes []change.Hash) bool {
	return !slices.ContainsFunc(hashes, func(h change.Hash) bool { return !d.has(h) })
}

// apply takes in changes, in any order. The error is what JavaScript throws.
func (d *amDoc) apply(changes []*change.Change) error {
	for _, c := range changes {
		if !d.has(c.Hash) && !slices.ContainsFunc(d.queue, func(q *change.Change) bool { return q.Hash == c.Hash }) {
			d.queue = append(d.queue, c)
		}
	}
	for {
		n := slices.IndexFunc(d.queue, func(c *change.Change) bool { return d.hasAll(c.Deps) })
		if n < 0 {
			return nil
		}
		c := d.queue[n]
		d.queue = slices.Delete(d.queue, n, n+1)
		if c.Seq != d.seqs[c.Actor]+1 {
			return fmt.Errorf("seq %d of %s is ready before seq %d", c.Seq, c.Actor, d.seqs[c.Actor]+1)
		}
		d.add(c)
	}
}

func (d *amDoc) add(c *change.Change) {
	clock := d.clockOf(c.Deps)
	clock[c.Actor] = c.Seq
	d.at[c.Hash] = len(d.history)
	d.history = append(d.history, c)
	d.clocks = append(d.clocks, clock)
	d.seqs[c.Actor] = c.Seq
}

func (d *amDoc) clockOf(heads []change.Hash) map[change.ActorID]uint64 {
	clock := map[change.ActorID]uint64{}
	for _, h := range heads {
		if i, ok := d.at[h]; ok {
			for actor, seq := range d.clocks[i] {
				clock[actor] = max(clock[actor], seq)
			}
		}
	}
	return clock
}

func (d *amDoc) heads() []change.Hash {
	inner := map[change.Hash]bool{}
	var heads []change.Hash
	for _, c := range slices.Backward(d.history) {
		if !inner[c.Hash] {
			heads = append(heads, c.Hash)
		}
		for _, dep := range c.Deps {
			inner[dep] = true
		}
	}
	return change.SortHashes(heads)
}

func (d *amDoc) since(heads []change.Hash) []*change.Change {
	clock := d.clockOf(heads)
	return slices.DeleteFunc(slices.Clone(d.history), func(c *change.Change) bool { return c.Seq <= clock[c.Actor] })
}

// missing is what the queue and the given heads lack.
func (d *amDoc) missing(v version, heads []change.Hash) []change.Hash {
	queued := map[change.Hash]*change.Change{}
	for _, c := range d.queue {
		queued[c.Hash] = c
	}
	stack := slices.Clone(heads)
	if v != js35 {
		for _, c := range d.queue {
			stack = append(stack, c.Deps...)
		}
	}
	var missing []change.Hash
	seen := map[change.Hash]bool{}
	for len(stack) > 0 {
		h := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if d.has(h) || seen[h] {
			continue
		}
		seen[h] = true
		if c := queued[h]; c == nil {
			missing = append(missing, h)
		} else if v == js35 {
			stack = append(stack, c.Deps...)
		}
	}
	return change.SortHashes(missing)
}

// ancestors returns heads and all their ancestors by deps.
func (d *amDoc) ancestors(heads []change.Hash) map[change.Hash]bool {
	all := map[change.Hash]bool{}
	stack := slices.Clone(heads)
	for len(stack) > 0 {
		h := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if i, ok := d.at[h]; ok && !all[h] {
			all[h] = true
			stack = append(stack, d.history[i].Deps...)
		}
	}
	return all
}

// amState is Automerge's sync state.
type amState struct {
	shared, lastSent    []change.Hash
	theirHeads          *[]change.Hash
	theirNeed           *[]change.Hash
	theirHave           *[]sync.Have
	sent                map[change.Hash]bool
	inFlight, responded bool
}

func newAMState(shared []change.Hash) *amState {
	s := &amState{shared: shared, sent: map[change.Hash]bool{}}
	if shared != nil { // as decoded from a store
		s.theirHave = &[]sync.Have{}
	}
	return s
}

func (d *amDoc) generate(v version, s *amState) *sync.Message {
	heads := d.heads()
	theirHeads := []change.Hash{}
	if s.theirHeads != nil {
		theirHeads = *s.theirHeads
	}
	m := &sync.Message{Heads: heads, Need: d.missing(v, theirHeads)}
	if !slices.ContainsFunc(m.Need, func(h change.Hash) bool { return !slices.Contains(theirHeads, h) }) {
		since := d.since(s.shared)
		bloom := sync.NewBloom(len(since))
		for _, c := range since {
			bloom.Add(c.Hash)
		}
		m.Have = []sync.Have{{LastSync: s.shared, Bloom: bloom}}
	}
	if s.theirHave != nil && len(*s.theirHave) > 0 && !d.hasAll((*s.theirHave)[0].LastSync) {
		return &sync.Message{Heads: heads, Have: []sync.Have{{}}}
	}
	changes := slices.DeleteFunc(d.toSend(s), func(c *change.Change) bool { return s.sent[c.Hash] })
	if slices.Equal(s.lastSent, heads) && (s.responded || v == rust050) {
		if s.theirHeads != nil && slices.Equal(theirHeads, heads) && len(changes) == 0 || s.inFlight {
			return nil
		}
	}
	s.responded, s.inFlight, s.lastSent = true, true, heads
	for _, c := range changes {
		s.sent[c.Hash] = true
		m.Changes = append(m.Changes, c.Bytes())
	}
	return m
}

func (d *amDoc) toSend(s *amState) []*change.Change {
	if s.theirHave == nil || s.theirNeed == nil {
		return nil
	}
	var send, rest []*change.Change
	chosen := map[change.Hash]bool{}
	if have := *s.theirHave; len(have) > 0 {
		var last []change.Hash
		for _, h := range have {
			last = append(last, h.LastSync...)
		}
		for _, c := range d.since(last) {
			claimed := slices.ContainsFunc(have, func(h sync.Have) bool { return h.Bloom.Has(c.Hash) })
			if !claimed || slices.ContainsFunc(c.Deps, func(dep change.Hash) bool { return chosen[dep] }) {
				chosen[c.Hash] = true
				rest = append(rest, c)
			}
		}
	}
	for _, h := range *s.theirNeed {
		if i, ok := d.at[h]; ok && !chosen[h] {
			send = append(send, d.history[i])
		}
	}
	return append(send, rest...)
}

func (d *amDoc) receive(v version, s *amState, m *sync.Message) error {
	if v != rust050 {
		s.inFlight = false
	}
	before := d.heads()
	if len(m.Changes) > 0 {
		changes := make([]*change.Change, len(m.Changes))
		for i, chunk := range m.Changes {
			c, err := change.Parse(chunk)
			if err != nil {
				return err
			}
			changes[i] = c
		}
		if err := d.apply(changes); err != nil {
			return err
		}
		s.shared = advanceHeads(before, d.heads(), s.shared)
	}
	for h := range d.ancestors(m.Heads) {
		delete(s.sent, h)
	}
	if len(m.Changes) == 0 && slices.Equal(m.Heads, before) {
		s.lastSent = m.Heads
	}
	if len(s.sent) == 0 {
		s.inFlight = false
	}
	known := slices.DeleteFunc(slices.Clone(m.Heads), func(h change.Hash) bool { return !d.has(h) })
	if len(known) == len(m.Heads) {
		s.shared, s.inFlight = m.Heads, false
		if len(m.Heads) == 0 {
			s.lastSent, s.sent = nil, map[change.Hash]bool{}
		}
	} else {
		s.shared = slices.Compact(change.SortHashes(slices.Concat(s.shared, known)))
	}
	heads, need, have := m.Heads, m.Need, m.Have
	s.theirHeads, s.theirNeed, s.theirHave = &heads, &need, &have
	return nil
}

func advanceHeads(before, after, shared []change.Hash) []change.Hash {
	var heads []change.Hash
	for _, h := range after {
		if !slices.Contains(before, h) || slices.Contains(shared, h) {
			heads = append(heads, h)
		}
	}
	return heads
}
