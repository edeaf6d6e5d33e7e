package sync_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// recording is a conversation between two documents of the real Automerge; see
// testdata/record.mjs.
type recording struct {
	Version version
	Seed    int
	Events  []event
	Heads   [2][]string
}

type event struct {
	Side int
	Kind string
	Data json.RawMessage
}

func (e *event) bytes(t testing.TB) (data []byte) {
	t.Helper()
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	return data
}

func recordings(t testing.TB) []recording {
	t.Helper()
	data, err := os.ReadFile("testdata/conversations.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []recording
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func eachRecording(t *testing.T, run func(t *testing.T, r recording)) {
	for _, r := range recordings(t) {
		t.Run(fmt.Sprintf("%d/%d", r.Version, r.Seed), func(t *testing.T) { run(t, r) })
	}
}

// normal makes messages comparable: the order of changes that don't depend on
// each other is left open, and so are trailers.
func normal(t testing.TB, data []byte) []byte {
	t.Helper()
	if len(data) == 0 {
		return nil
	}
	m, err := sync.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(m.Changes, bytes.Compare)
	return m.Append(nil)
}

// player replays a recording's events: one of its sides with a store of the
// caller's, to which the other's messages go as they were recorded.
type player struct {
	t     *testing.T
	store store
	talk  conversation
	saved int
}

func (p *player) play(r recording, me int, said func(recorded, generated []byte)) {
	p.talk = p.store.connect(false, 0)
	var queue [2][][]byte
	for i := range r.Events {
		e := &r.Events[i]
		if e.Kind == "generate" && string(e.Data) != "null" {
			queue[e.Side] = append(queue[e.Side], e.bytes(p.t))
		}
		if e.Kind == "connect" {
			queue[e.Side] = nil
		}
		var next []byte
		if e.Kind == "receive" {
			next, queue[1-e.Side] = queue[1-e.Side][0], queue[1-e.Side][1:]
		}
		if e.Side == me {
			p.step(e, next, said)
		}
	}
}

func (p *player) step(e *event, next []byte, said func(recorded, generated []byte)) {
	switch e.Kind {
	case "change":
		c, err := change.Parse(e.bytes(p.t))
		if err != nil {
			p.t.Fatal(err)
		}
		p.store.take(c)
	case "generate":
		said(e.bytes(p.t), p.talk.generate())
	case "receive":
		if err := p.talk.receive(next); err != nil {
			p.t.Fatal(err)
		}
	case "connect":
		p.talk = p.store.connect(string(e.Data) == "true", 0)
	case "save":
		p.saved = len(p.store.log())
	case "lose":
		p.store.lose(p.saved)
	}
}

// TestModelSpeaksAsAutomergeDoes has the models of Automerge that the
// simulation talks to say what the real one said.
func TestModelSpeaksAsAutomergeDoes(t *testing.T) {
	eachRecording(t, func(t *testing.T, r recording) {
		for me := range 2 {
			p := player{t: t, store: newAutomerge(r.Version)}
			n := 0
			p.play(r, me, func(recorded, generated []byte) {
				n++
				if want, got := normal(t, recorded), normal(t, generated); !bytes.Equal(want, got) {
					t.Fatalf("side %d, message %d:\n%x, want\n%x", me, n, got, want)
				}
			})
		}
	})
}

// TestRecordedConversations has a store of ours take the place of each side.
func TestRecordedConversations(t *testing.T) {
	eachRecording(t, func(t *testing.T, r recording) {
		for me := range 2 {
			p := player{t: t, store: newOurs(t)}
			p.play(r, me, func(_, _ []byte) {})
			var heads []string
			for _, h := range p.store.heads() {
				heads = append(heads, h.String())
			}
			if !slices.Equal(heads, r.Heads[me]) {
				t.Errorf("side %d: heads %v, want %v", me, heads, r.Heads[me])
			}
		}
	})
}

// TestDecodeRecorded reads what Automerge wrote, and writes it again.
func TestDecodeRecorded(t *testing.T) {
	eachRecording(t, func(t *testing.T, r recording) {
		trailers := 0
		for i := range r.Events {
			e := &r.Events[i]
			if e.Kind != "generate" || string(e.Data) == "null" {
				continue
			}
			data := e.bytes(t)
			m, err := sync.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			trailer, ok := bytes.CutPrefix(data, m.Append(nil))
			if !ok {
				t.Fatalf("%x becomes %x", data, m.Append(nil))
			}
			if len(trailer) == 0 {
				continue
			}
			trailers++
			want := sync.FlagV2
			if r.Version == js35 {
				want |= sync.FlagSupportsReset
			}
			if m.Flags != want {
				t.Errorf("flags %#x, want %#x, of trailer %x", m.Flags, want, trailer)
			}
		}
		if trailers == 0 {
			t.Errorf("no trailers were recorded")
		}
	})
}
