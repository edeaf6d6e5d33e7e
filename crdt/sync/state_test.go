package sync_test

import (
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// pair is two stores that are connected, after one has made some changes.
func pair(t testing.TB, a, b store, edits int) (*network, *wire) {
	n := newNetwork(t, 1, a, b)
	n.plain = true
	for range edits {
		n.edit(0)
	}
	return n, n.connect(0, 1)
}

// exchange lets things happen until nothing does, and returns how many
// messages that took, and how many changes were in them.
func (n *network) exchange() (messages, changes int) {
	n.t.Helper()
	messages, changes = n.messages, n.carried
	n.settle(1000)
	n.expect()
	n.quiet()
	return n.messages - messages, n.carried - changes
}

// eachNeighbour runs a test with every kind of neighbour.
func eachNeighbour(t *testing.T, run func(t *testing.T, neighbour store)) {
	t.Run("ours", func(t *testing.T) { run(t, newOurs(t)) })
	t.Run("JavaScript 3.5", func(t *testing.T) { run(t, newAutomerge(js35)) })
	t.Run("JavaScript 2.2", func(t *testing.T) { run(t, newAutomerge(rust0512)) })
}

// TestKeystroke: an edit is one message with one change, and one answer.
func TestKeystroke(t *testing.T) {
	eachNeighbour(t, func(t *testing.T, neighbour store) {
		n, _ := pair(t, newOurs(t), neighbour, 20)
		n.exchange()
		for range 20 {
			for from := range 2 {
				n.edit(from)
				if messages, changes := n.exchange(); messages != 2 || changes != 1 {
					t.Fatalf("%d messages with %d changes", messages, changes)
				}
			}
		}
	})
}

// TestRelay: what one of three clients types reaches the others once each.
func TestRelay(t *testing.T) {
	n := newNetwork(t, 1, newOurs(t), newAutomerge(js35), newAutomerge(rust0512), newOurs(t))
	n.plain = true
	for client := 1; client <= 3; client++ {
		n.connect(0, client)
	}
	n.exchange()
	for round := range 30 {
		n.edit(1 + round%3)
		if messages, changes := n.exchange(); messages != 6 || changes != 3 {
			t.Fatalf("%d messages with %d changes", messages, changes)
		}
	}
}

// TestGreeting: whoever speaks first gets an answer, even if there is nothing
// to be said, and nothing is sent twice.
func TestGreeting(t *testing.T) {
	eachNeighbour(t, func(t *testing.T, neighbour store) {
		n, w := pair(t, newOurs(t), neighbour, 50)
		if _, changes := n.exchange(); changes != 50 {
			t.Errorf("%d changes sent, want 50", changes)
		}
		n.reconnect(w, false, false)
		if messages, changes := n.exchange(); messages > 4 || changes != 0 {
			t.Errorf("equal stores exchange %d messages with %d changes", messages, changes)
		}
		n.reconnect(w, true, true)
		for range 3 {
			n.edit(0)
			n.edit(1)
		}
		if _, changes := n.exchange(); changes != 6 {
			t.Errorf("%d changes sent, want 6", changes)
		}
	})
}

// TestEmpty: two stores without the document fall silent.
func TestEmpty(t *testing.T) {
	eachNeighbour(t, func(t *testing.T, neighbour store) {
		n, _ := pair(t, newOurs(t), neighbour, 0)
		if messages, _ := n.exchange(); messages < 2 || messages > 4 {
			t.Errorf("%d messages", messages)
		}
	})
}

// TestRefusal: a neighbour whose change is refused falls silent within three
// messages, what it makes on top of it too, and the rest still travels.
func TestRefusal(t *testing.T) {
	eachNeighbour(t, func(t *testing.T, neighbour store) {
		o := newOurs(t)
		n, _ := pair(t, o, neighbour, 20)
		n.exchange()
		for range 3 {
			o.refuses[n.edit(1).Hash] = true
			before := n.messages
			n.exchange()
			if messages := n.messages - before; messages > 5 { // three of them theirs
				t.Errorf("%d messages", messages)
			}
		}
		for range 5 {
			n.edit(0)
			if messages, changes := n.exchange(); messages > 4 || changes > 2 {
				t.Errorf("%d messages with %d changes", messages, changes)
			}
		}
	})
}

// TestAllRefused: a neighbour whose every change is refused falls silent as well,
// although we have no heads then, which looks to Automerge as if we had lost
// everything. When we get some, the conversation goes on.
func TestAllRefused(t *testing.T) {
	neighbours := map[string]store{
		"ours": newOurs(t), "JavaScript 3.5": newAutomerge(js35), "JavaScript 2.2": newAutomerge(rust0512), "Rust 0.5.0": newAutomerge(rust050),
	}
	for name, neighbour := range neighbours {
		t.Run(name, func(t *testing.T) {
			o := newOurs(t)
			n := newNetwork(t, 1, o, neighbour)
			o.refuses[n.edit(1).Hash] = true
			n.plain = true
			n.edit(1)
			n.connect(0, 1)
			if messages, changes := n.exchange(); messages > 12 || changes > 10 {
				t.Errorf("%d messages with %d changes", messages, changes)
			}
			n.edit(0)
			n.edit(0)
			n.exchange()
		})
	}
}

// TestAskAgain: what is claimed not to be there comes again, but not what both
// are known to share.
func TestAskAgain(t *testing.T) {
	eachNeighbour(t, func(t *testing.T, neighbour store) {
		n, w := pair(t, newOurs(t), neighbour, 20)
		n.exchange()
		n.edit(1)
		n.step() // the change is under way
		w.queue[1] = nil
		w.talk[0].(*ourSide).state.AskAgain()
		w.dirty[0] = true
		if _, changes := n.exchange(); changes > 3 {
			t.Errorf("%d changes sent again", changes)
		}
	})
}

// TestSummaryStands: what happens before a neighbour has answered doesn't keep it
// from learning what we have, so that it needn't be asked for one change after
// the other; nor does it bring it more messages.
func TestSummaryStands(t *testing.T) {
	eachNeighbour(t, func(t *testing.T, neighbour store) {
		n, w := pair(t, newOurs(t), neighbour, 20)
		n.exchange()
		for range 100 {
			n.edit(1)
		}
		n.reconnect(w, true, true)
		n.speak(w, 1)
		n.deliver(w, 1)
		for range 5 {
			n.edit(0)
			n.speak(w, 0)
		}
		if len(w.queue[0]) != 1 {
			t.Errorf("%d messages while one is unanswered", len(w.queue[0]))
		}
		for len(w.queue[0]) > 0 {
			n.deliver(w, 0)
		}
		if messages, changes := n.exchange(); messages > 8 || changes > 110 {
			t.Errorf("%d messages with %d changes", messages, changes)
		}
	})
}

// TestAutomergeGoesFirst: as long as it has something that we don't know, it
// gets no changes, since its filter might be wrong; then it gets just what it
// lacks.
func TestAutomergeGoesFirst(t *testing.T) {
	for _, v := range []version{js35, rust0512} {
		o := newOurs(t)
		n := newNetwork(t, 1, o, newAutomerge(v))
		for s := range 2 {
			for range 10 {
				n.edit(s)
			}
		}
		w := n.connect(0, 1)
		n.speak(w, 1)
		n.deliver(w, 1)
		n.speak(w, 0)
		if n.carried != 0 {
			t.Errorf("%d changes were sent on the word of a filter", n.carried)
		}
		if messages, changes := n.exchange(); messages > 4 || changes != 20 {
			t.Errorf("%d messages with %d changes", messages, changes)
		}
	}
}

// TestNeedBringsWhatComesBefore: a neighbour that only says what it needs gets
// all that it lacks below.
func TestNeedBringsWhatComesBefore(t *testing.T) {
	o := newOurs(t)
	n := newNetwork(t, 1, o)
	n.plain = true
	for range 10 {
		n.edit(0)
	}
	var s sync.State
	s.Receive(o.graph, &sync.Message{Heads: []change.Hash{{1}, o.changes[3].Hash}, Need: o.heads()})
	if reply := s.Generate(o.intake, 1<<20); reply == nil || len(reply.Indices) != 6 || reply.Indices[0] != 4 {
		t.Errorf("it gets %+v", reply)
	}
}

// TestResumeClaimsNothingLost: what we have lost since we last spoke is not
// claimed to be shared.
func TestResumeClaimsNothingLost(t *testing.T) {
	o := newOurs(t)
	n := newNetwork(t, 1, o)
	n.edit(0)
	s := sync.Resume([]change.Hash{{1}, o.heads()[0]})
	reply := s.Generate(o.intake, 1<<20)
	if have := reply.Message.Have; len(have) != 1 || !same(have[0].LastSync, o.heads()) {
		t.Errorf("claimed %+v", have)
	}
}

// TestBegunAnew: a neighbour that begins a new conversation without our notice,
// and so never got what was on its way, gets it again.
func TestBegunAnew(t *testing.T) {
	eachNeighbour(t, func(t *testing.T, neighbour store) {
		n, w := pair(t, newOurs(t), neighbour, 20)
		n.exchange()
		n.edit(0)
		n.speak(w, 0)
		w.queue[0], w.queue[1] = nil, nil
		w.talk[1], w.dirty[1] = neighbour.connect(false, 0), true
		n.exchange()
	})
}

// TestReadOnly: a neighbour that takes nothing gets nothing.
func TestReadOnly(t *testing.T) {
	o := newOurs(t)
	n := newNetwork(t, 1, o)
	n.edit(0)
	var s sync.State
	s.Receive(o.graph, &sync.Message{Flags: sync.FlagReadOnly, Have: []sync.Have{{}}})
	if reply := s.Generate(o.intake, 1000); reply == nil || len(reply.Indices) > 0 {
		t.Errorf("it gets %+v", reply)
	}
	s.Receive(o.graph, &sync.Message{Flags: sync.FlagReset, Have: []sync.Have{{}}})
	if reply := s.Generate(o.intake, 1000); reply == nil || len(reply.Indices) != 1 {
		t.Errorf("when it no longer is, it gets %+v", reply)
	}
}

// TestShared: both sides remember what both have.
func TestShared(t *testing.T) {
	n, w := pair(t, newOurs(t), newOurs(t), 20)
	n.exchange()
	for e := range 2 {
		s := &w.talk[e].(*ourSide).state
		theirs, heard := s.Theirs()
		if !heard || !same(theirs, n.stores[0].heads()) || !same(s.Shared(), theirs) {
			t.Errorf("end %d: shared %v, theirs %v %t", e, s.Shared(), theirs, heard)
		}
	}
}

func same(a, b []change.Hash) bool {
	return len(a) == len(b) && ascending(a) && subsetOf(a, b)
}

func subsetOf(a, b []change.Hash) bool {
	in := map[change.Hash]bool{}
	for _, h := range b {
		in[h] = true
	}
	for _, h := range a {
		if !in[h] {
			return false
		}
	}
	return true
}
