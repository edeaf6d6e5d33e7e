package interop_test

import "testing"

// Changes that JavaScript applies without complaint, and that nobody can load
// any more once they have been saved. The relay refuses them.
var poisons = map[string]object{
	"a delete that deletes nothing": {"ops": list{
		object{"action": "del", "obj": "_root", "key": "title", "pred": list{}},
	}},
	"a predecessor that never was": {"ops": list{
		object{"action": "set", "obj": "_root", "key": "title", "value": "x", "datatype": "str", "pred": list{"900@bad0bad0bad0bad0"}},
	}},
	"an operation id used before": {"startOp": 1, "ops": list{
		object{"action": "set", "obj": "_root", "key": "other", "value": "x", "datatype": "str", "pred": list{}},
	}},
}

// Mallory's client has applied a change that the relay refuses. It falls silent
// about that document instead of sending for ever, others never see the change,
// and Mallory's honest work goes on.
func TestAClientWhoseChangeIsRefusedFallsSilent(t *testing.T) {
	t.Parallel()
	requireRelay(t, "it believes every change")
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
