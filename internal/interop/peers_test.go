package interop_test

import (
	"errors"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// eachServer tells a story twice: at our relay, and at the JavaScript sync
// server. A Go peer works with both.
func eachServer(t *testing.T, story func(t *testing.T, server *relay)) {
	t.Helper()
	t.Parallel()
	for name, js := range map[string]bool{"relay": false, "js": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, startServer(t, js))
		})
	}
}

// set returns a change that sets keys and values.
func set(pairs ...any) func(crdt.Map) error {
	return func(root crdt.Map) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := root.Set(pairs[i].(string), pairs[i+1]); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestGoCreatesAndJavaScriptFinds(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, bob := server.peer("ada"), server.client("bob")
		doc := ada.create(set("title", "Plan", "steps", []string{"one", "two"}))
		ada.saved(doc)
		bob.open(doc)

		content := converge(t, doc, bob, ada)
		equal(t, "title", at(t, content, "map", "title", "text"), any("Plan"))
		bob.change(doc, splice(4, 0, " B", "title"), insert(2, list{"three"}, "steps"))
		ada.has(doc, bob.heads(doc))
		ada.change(doc, func(root crdt.Map) error { return root.Get("steps").List().Append("four") })
		bob.has(doc, ada.heads(doc))
		content = converge(t, doc, bob, ada)
		equal(t, "title", at(t, content, "map", "title", "text"), any("Plan B"))
		equal(t, "last step", at(t, content, "map", "steps", "list", 3, "text"), any("four"))
	})
}

func TestJavaScriptCreatesAndGoFinds(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		bob, ada := server.client("bob"), server.peer("ada")
		doc := bob.create(object{"title": "Plan", "n": object{"$counter": 1}})
		bob.saved(doc)
		ada.fetch(doc)
		converge(t, doc, bob, ada)
		ada.change(doc, func(root crdt.Map) error {
			return errors.Join(root.Get("title").Text().Append(" A"), root.Increment("n", 2))
		})
		bob.has(doc, ada.heads(doc))
		content := converge(t, doc, bob, ada)
		equal(t, "title", at(t, content, "map", "title", "text"), any("Plan A"))
		equal(t, "n", at(t, content, "map", "n", "counter"), any("3"))
	})
}

// leave and comeBack take a JavaScript client offline for a while, in the middle
// of things. At the JavaScript server it stays: client and server sometimes
// exchange the same two messages without end after that, with no Go about.
func (c *client) leave() {
	c.t.Helper()
	if !c.relay.js {
		c.disconnect()
	}
}

func (c *client) comeBack() {
	c.t.Helper()
	if !c.relay.js {
		c.connect()
	}
}
