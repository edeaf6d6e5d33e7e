package interop_test

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// What Go and JavaScript say to each other arrives, in order.
func TestGoAndJavaScriptTalk(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, bob := server.peer("ada"), server.client("bob")
		doc := ada.create(set("title", "room"))
		ada.saved(doc)
		bob.open(doc)
		converge(t, doc, bob, ada)

		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		heard := ada.document(doc).Messages(ctx)
		var said []any
		for n := range 10 {
			message := fmt.Sprintf("number %d", n)
			said = append(said, message)
			bob.call("broadcast", object{"doc": doc, "message": message}, nil)
		}
		for n := range said {
			m, ok := <-heard
			if !ok || m.From != "bob" || m.Value != said[n] {
				t.Fatalf("instead of %v, ada hears %+v", said[n], m)
			}
		}

		answer := map[string]any{"to": "bob", "n": 7, "deep": []any{1.5, nil, true, "🦩"}}
		if err := ada.document(doc).Broadcast(answer); err != nil {
			t.Fatal(err)
		}
		e := bob.await("ada's answer", func(e event) bool { return e.Event == "ephemeral" && e.From == "ada" })
		equal(t, "the answer", e.Message, any(map[string]any{"to": "bob", "n": 7.0, "deep": []any{1.5, nil, true, "🦩"}}))
	})
}

// They see each other, and where each of them is, and that one leaves.
func TestPresenceOfGoAndJavaScript(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, bob := server.peer("ada"), server.client("bob")
		doc := bob.create(object{"title": "room"})
		bob.saved(doc)
		ada.fetch(doc)
		converge(t, doc, bob, ada)

		bob.call("presence", object{"doc": doc, "state": object{"name": "Bob", "at": 0}}, nil)
		leave := ada.show(doc, map[string]any{"name": "Ada", "at": 0})
		defer leave()
		ada.sees("bob", map[string]any{"name": "Bob", "at": 0})
		bob.await("ada's snapshot", presence("snapshot", "ada"))

		bob.call("presence", object{"doc": doc, "channel": "at", "value": 7}, nil)
		ada.sees("bob", map[string]any{"name": "Bob", "at": 7})
		if err := ada.shown.Set("at", 9); err != nil {
			t.Fatal(err)
		}
		bob.await("ada's move", presence("update", "ada"))
		equal(t, "what bob sees", peerStates(bob, doc), map[string]any{"ada": map[string]any{"name": "Ada", "at": 9.0}})

		leave()
		bob.await("ada's goodbye", presence("goodbye", "ada"))
		leave = ada.show(doc, map[string]any{"name": "Ada again"})
		defer leave()
		ada.sees("bob", map[string]any{"name": "Bob", "at": 7})
		bob.call("presence", object{"doc": doc, "stop": true}, nil)
		ada.sees("bob", nil)
	})
}

// show begins to show the peer to others.
func (p *goPeer) show(doc string, own map[string]any) (leave func()) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	shown, err := p.document(doc).Presence(ctx, own)
	if err != nil {
		p.t.Fatal(err)
	}
	p.shown = shown
	return func() {
		cancel()
		for range shown.Changed() {
		}
	}
}

// sees waits until somebody shows a state; nil until nobody of that name is
// there.
func (p *goPeer) sees(name string, want map[string]any) {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		var state map[string]any
		for _, person := range p.shown.Others() {
			if person.Peer == name {
				state = person.State
			}
		}
		if want == nil && state == nil || want != nil && fmt.Sprint(state) == fmt.Sprint(want) {
			return
		}
		select {
		case <-p.shown.Changed():
		case <-deadline:
			p.t.Fatalf("%s: of %s it sees %v, not %v", p.name, name, state, want)
		}
	}
}
