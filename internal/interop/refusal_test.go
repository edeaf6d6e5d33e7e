package interop_test

import (
	"strings"
	"testing"
)

// Changes that JavaScript applies and sends on without complaint, and that the
// relay refuses. (Some others can't be tried this way: JavaScript 3.5 applies a
// delete without predecessors or an unknown predecessor, and then fails to
// encode, or encodes another change.)
var poisons = map[string]object{
	"an operation id from the past": {"startOp": 1, "ops": list{
		object{"action": "set", "obj": "_root", "key": "other", "value": "x", "pred": list{}},
	}},
	"an operation id beyond all bounds": {"startOp": 1<<31 + 5, "ops": list{
		object{"action": "set", "obj": "_root", "key": "other", "value": "x", "pred": list{}},
	}},
	"an endless message": {"message": strings.Repeat("blah ", 20_000), "ops": list{
		object{"action": "set", "obj": "_root", "key": "other", "value": "x", "pred": list{}},
	}},
}

// Mallory's client has applied a change that the relay refuses. It falls silent
// about that document instead of sending for ever, others never see the change,
// and Mallory's honest work goes on.
func TestAClientWhoseChangeIsRefusedFallsSilent(t *testing.T) {
	t.Parallel()
	requireRelay(t, "it believes every change, and passes it on")
	for name, fields := range poisons {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := startRelay(t)
			alice, mallory := relay.client("alice"), relay.client("mallory")
			doc := alice.create(object{"title": "honest"})
			alice.saved(doc)
			mallory.open(doc)
			quiet(mallory, relay)

			mallory.call("resetFrames", nil, nil)
			mallory.call("craft", object{"doc": doc, "fields": fields}, nil)
			quiet(mallory, relay)
			talk := mallory.frames(doc)
			if sent := talk.Sent["sync"]; sent < 1 || sent > 3 {
				t.Errorf("mallory sent %d sync messages about the refused change, want 1 to 3", sent)
			}

			// What builds on a refused change is refused with it.
			mallory.call("resetFrames", nil, nil)
			mallory.change(doc, put("mallory", "by"))
			quiet(mallory, relay)
			if sent := mallory.frames(doc).Sent["sync"]; sent > 3 {
				t.Errorf("mallory sent %d sync messages about a descendant, want at most 3", sent)
			}

			alice.change(doc, put("still honest", "title"))
			alice.saved(doc)
			mallory.has(doc, alice.heads(doc))
			bob := relay.client("bob")
			bob.open(doc)
			content := converge(t, doc, alice, bob)
			equal(t, "title", at(t, content, "map", "title", "text"), any("still honest"))
			equal(t, "changes", len(bob.hashes(doc)), 2)
			relay.running()
		})
	}
}

// Alice copied her profile to another machine, and both copies write under one
// actor id. The relay keeps what came first and refuses its twin; the copy falls
// silent, and everyone else goes on.
func TestACopiedProfile(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, copied, bob := relay.client("alice"), relay.client("copy"), relay.client("bob")
	doc := alice.create(object{"title": "before"})
	alice.saved(doc)
	for _, c := range []*client{copied, bob} {
		c.open(doc)
	}
	copied.disconnect()
	for _, c := range []*client{alice, copied} {
		c.call("setActor", object{"doc": doc, "actor": "a11ce0a11ce0a11ce0"}, nil)
		c.change(doc, put("written by "+c.name, "title"))
	}
	alice.saved(doc)
	copied.connect()
	copied.call("resetFrames", nil, nil)
	quiet(copied, relay)
	if sent := copied.frames(doc).Sent["sync"]; sent > 3 {
		t.Errorf("the copy sent %d sync messages, want at most 3", sent)
	}

	bob.change(doc, put("bob", "by"))
	content := converge(t, doc, alice, bob)
	equal(t, "title", at(t, content, "map", "title", "text"), any("written by alice"))
	carol := relay.client("carol")
	carol.open(doc)
	converge(t, doc, carol, alice, bob)
	relay.running()
}

// quiet returns after several round trips of client and server over other
// documents, each of which outlasts the client's own throttle: a dialogue that
// would never end has had time for hundreds of messages by then.
func quiet(c *client, r *relay) {
	c.t.Helper()
	for range 3 {
		other := c.create(object{"title": "other"})
		c.saved(other)
		c.change(other, put("changed", "title"))
		c.saved(other)
	}
	r.running()
}

// A relay with a quiet document stays quiet: once two clients have converged,
// nobody says anything more about it.
func TestConvergedClientsAreQuiet(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")
	doc := alice.create(object{"title": "done"})
	alice.saved(doc)
	bob.open(doc)
	converge(t, doc, alice, bob)
	quiet(alice, relay)
	quiet(bob, relay)
	alice.call("resetFrames", nil, nil)
	bob.call("resetFrames", nil, nil)
	quiet(alice, relay)
	quiet(bob, relay)
	equal(t, "messages to alice", alice.frames(doc).Received, map[string]int{})
	equal(t, "messages to bob", bob.frames(doc).Received, map[string]int{})
}
