package interop_test

import (
	"fmt"
	"testing"
)

func TestEphemeralMessagesArriveOnceAndInOrder(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, bob, carol := relay.client("alice"), relay.client("bob"), relay.client("carol")
	stranger := relay.client("stranger")
	doc := alice.create(object{"title": "room"})
	alice.saved(doc)
	bob.open(doc)
	carol.open(doc)

	var said []any
	for n := range 20 {
		message := fmt.Sprintf("number %d", n)
		said = append(said, message)
		alice.call("broadcast", object{"doc": doc, "message": message}, nil)
	}
	for _, c := range []*client{bob, carol} {
		c.await("the last message", messageFrom("alice", said[len(said)-1]))
		c.call("broadcast", object{"doc": doc, "message": "heard by " + c.name}, nil)
	}
	for _, c := range []*client{bob, carol} {
		alice.await("an answer", messageFrom(c.name, "heard by "+c.name))
	}
	bob.await("carol's answer", messageFrom("carol", "heard by carol"))
	carol.await("bob's answer", messageFrom("bob", "heard by bob"))

	equal(t, "alice's messages at bob's", messages(bob, "alice"), said)
	equal(t, "alice's messages at carol's", messages(carol, "alice"), said)
	equal(t, "bob's messages at alice's", messages(alice, "bob"), []any{"heard by bob"})
	equal(t, "alice's echo", messages(alice, "alice"), nil)
	equal(t, "what others get", stranger.frames("").Received["ephemeral"], 0)
}

func TestPresenceBothWays(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")
	doc := alice.create(object{"title": "room"})
	alice.saved(doc)
	bob.open(doc)

	alice.call("presence", object{"doc": doc, "state": object{"name": "Alice", "at": 0}}, nil)
	bob.call("presence", object{"doc": doc, "state": object{"name": "Bob", "at": 0}}, nil)
	alice.await("bob's snapshot", presence("snapshot", "bob"))
	bob.await("alice's snapshot", presence("snapshot", "alice"))

	alice.call("presence", object{"doc": doc, "channel": "at", "value": 7}, nil)
	bob.await("alice's move", presence("update", "alice"))
	bob.call("presence", object{"doc": doc, "channel": "at", "value": 9}, nil)
	alice.await("bob's move", presence("update", "bob"))

	equal(t, "what bob sees", peerStates(bob, doc), map[string]any{"alice": map[string]any{"name": "Alice", "at": 7.0}})
	equal(t, "what alice sees", peerStates(alice, doc), map[string]any{"bob": map[string]any{"name": "Bob", "at": 9.0}})

	alice.call("presence", object{"doc": doc, "stop": true}, nil)
	bob.await("alice's goodbye", presence("goodbye", "alice"))
	equal(t, "alice's moves", len(bob.seen(presence("update", "alice"))), 1)
	equal(t, "bob's moves", len(alice.seen(presence("update", "bob"))), 1)
	equal(t, "alice's goodbyes", len(bob.seen(presence("goodbye", "alice"))), 1)
}

func messageFrom(sender string, message any) func(event) bool {
	return func(e event) bool { return e.Event == "ephemeral" && e.From == sender && e.Message == message }
}

func presence(kind, sender string) func(event) bool {
	return func(e event) bool { return e.Event == "presence" && e.Kind == kind && e.From == sender }
}

// messages returns what c heard from the sender, in order.
func messages(c *client, sender string) []any {
	var heard []any
	for _, e := range c.seen(func(e event) bool { return e.Event == "ephemeral" && e.From == sender }) {
		heard = append(heard, e.Message)
	}
	return heard
}

func peerStates(c *client, doc string) map[string]any {
	c.t.Helper()
	var out struct {
		States map[string]any `json:"states"`
	}
	c.call("peerStates", object{"doc": doc}, &out)
	return out.States
}
