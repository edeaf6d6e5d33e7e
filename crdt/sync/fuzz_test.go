package sync_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
)

func seedMessages(f *testing.F) {
	for _, data := range hostile(f) {
		f.Add(data)
	}
	for _, r := range recordings(f)[:4] {
		for i := range r.Events {
			if e := &r.Events[i]; e.Kind == "generate" && string(e.Data) != "null" {
				f.Add(e.bytes(f))
			}
		}
	}
}

// FuzzDecode: what is read can be written and read again, and stays within the
// limits.
func FuzzDecode(f *testing.F) {
	seedMessages(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := sync.Decode(data)
		if err != nil {
			return
		}
		if len(m.Heads) > sync.MaxHashes || len(m.Need) > sync.MaxHashes || len(m.Have) > sync.MaxHaves || len(m.Changes) > len(data) {
			t.Fatalf("beyond the limits: %d heads, %d needed, %d haves, %d changes", len(m.Heads), len(m.Need), len(m.Have), len(m.Changes))
		}
		for _, have := range m.Have {
			have.Bloom.Has(change.Hash{1})
		}
		again, err := sync.Decode(m.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		again.Flags = m.Flags
		if !bytes.Equal(again.Append(nil), m.Append(nil)) {
			t.Fatalf("%x becomes %x", m.Append(nil), again.Append(nil))
		}
	})
}

// FuzzState: a neighbour that says just anything gets at most one answer to
// each message, a bounded one, and nothing that is not true.
func FuzzState(f *testing.F) {
	seedMessages(f)
	f.Add([]byte("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"))
	changes := recordedChanges(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		o := newOurs(t)
		for _, c := range changes[:len(changes)/2] {
			o.take(c)
		}
		s := &ourSide{ours: o}
		for script := data; len(script) > 0; {
			var m *sync.Message
			m, script = scripted(script, data, changes, o.heads())
			for _, chunk := range m.Changes {
				if c, err := change.Parse(slices.Clone(chunk)); err == nil {
					take(o, c)
				}
			}
			s.awaiting = false
			s.state.Receive(o.graph, m)
			if reply := s.state.Generate(o.intake, 300); reply != nil {
				s.check(reply)
				checkReply(t, o, reply)
			}
			if reply := s.state.Generate(o.intake, 300); reply != nil {
				t.Fatalf("two answers: %+v", reply)
			}
		}
	})
}

func take(o *ours, c *change.Change) {
	for _, outcome := range o.intake.Offer(c) {
		if outcome.Fate == graph.Staged {
			o.changes = append(o.changes, outcome.Change)
		}
	}
	o.graph.Commit()
}

func checkReply(t *testing.T, o *ours, reply *sync.Reply) {
	if reply.Message.Heads != nil && !slices.Equal(reply.Message.Heads, o.graph.Heads()) {
		t.Fatalf("heads %v, want %v", reply.Message.Heads, o.graph.Heads())
	}
	for _, h := range reply.Message.Need {
		if o.graph.Has(h) {
			t.Fatalf("what is here is asked for")
		}
	}
	for _, have := range reply.Message.Have {
		for _, h := range have.LastSync {
			if !o.graph.Has(h) {
				t.Fatalf("what is not here is claimed")
			}
		}
	}
	if _, err := sync.Decode(reply.Message.Append(nil)); err != nil {
		t.Fatal(err)
	}
}

// recordedChanges returns the changes of one recording, in an order in which
// they can be taken.
func recordedChanges(t testing.TB) []*change.Change {
	r := recordings(t)[0]
	var all []*change.Change
	for i := range r.Events {
		if e := &r.Events[i]; e.Kind == "change" {
			c, err := change.Parse(e.bytes(t))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
	}
	var order []*change.Change
	in := graph.NewIntake(graph.New())
	for _, c := range all {
		for _, o := range in.Offer(c) {
			if o.Fate == graph.Staged {
				order = append(order, o.Change)
			}
		}
	}
	return order
}

// scripted makes a message of the first bytes of a script: either the whole of
// the data, read as a message, or one of parts that a real one might have.
func scripted(script, data []byte, changes []*change.Change, heads []change.Hash) (*sync.Message, []byte) {
	next := func() int {
		if len(script) == 0 {
			return 0
		}
		b := script[0]
		script = script[1:]
		return int(b)
	}
	if next() == 0x42 {
		if m, err := sync.Decode(data); err == nil {
			return m, nil
		}
	}
	some := func() (hashes []change.Hash) {
		for range next() % 4 {
			switch i := next(); {
			case i < 2*len(changes):
				hashes = append(hashes, changes[i/2].Hash)
			case i < 250 && len(heads) > 0:
				hashes = append(hashes, heads[i%len(heads)])
			default:
				hashes = append(hashes, change.Hash{byte(i)})
			}
		}
		return hashes
	}
	m := &sync.Message{Heads: some(), Need: some(), Flags: sync.Flags(next()) & (sync.FlagReset | sync.FlagReadOnly | sync.FlagV2)}
	for range next() % 3 {
		have := sync.Have{LastSync: some()}
		if n := next() % 5; n > 0 {
			have.Bloom = sync.NewBloom(n)
			for _, h := range some() {
				have.Bloom.Add(h)
			}
		}
		m.Have = append(m.Have, have)
	}
	for range next() % 3 {
		m.Changes = append(m.Changes, changes[next()%len(changes)].Bytes())
	}
	return m, script
}
