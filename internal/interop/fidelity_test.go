package interop_test

import (
	"encoding/base64"
	"slices"
	"testing"
)

const maxSafe = 1<<53 - 1 // the largest integer that JavaScript counts exactly

func TestALongHistory(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice := relay.client("alice")
	doc := alice.create(object{"title": "long"})
	alice.call("grow", object{"doc": doc, "changes": 5000}, nil)
	alice.saved(doc)

	bob := relay.client("bob")
	bob.open(doc)
	bob.has(doc, alice.heads(doc))
	equal(t, "changes", len(bob.hashes(doc)), 5001)
	bob.change(doc, put("bob", "by"))
	converge(t, doc, bob, alice)
}

// Everything that Automerge can say passes through the relay's store byte for
// byte: the far side has the same changes, not merely the same content.
func TestDocumentsKeepTheirBytes(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice := relay.client("alice")
	doc := alice.create(object{
		"when":   object{"$date": 1700000000123},
		"before": object{"$date": -1},
		"bytes":  object{"$bytes": base64.StdEncoding.EncodeToString([]byte{0, 1, 254, 255})},
		"empty":  object{"$bytes": ""},
		"hits":   object{"$counter": maxSafe - 1},
		"uint":   object{"$uint": maxSafe},
		"int":    object{"$int": -maxSafe},
		"float":  object{"$float": 0.1},
		"nan":    object{"$float": "NaN"},
		"inf":    object{"$float": "-Infinity"},
		"none":   nil, "yes": true, "no": false,
		"scalar": object{"$str": "not a text"},
		"ключ 🗝": list{list{list{}}, object{}, list{1, list{"deep"}}},
		"text":   "The quick 🦊 jumps",
	})
	alice.change(doc,
		object{"op": "mark", "path": list{"text"}, "start": 4, "end": 9, "name": "bold", "value": true, "expand": "both"},
		object{"op": "mark", "path": list{"text"}, "start": 0, "end": 18, "name": "link", "value": "https://example.org", "expand": "none"},
		object{"op": "unmark", "path": list{"text"}, "start": 5, "end": 7, "name": "bold"})
	alice.change(doc, object{"op": "block", "path": list{"text"}, "index": 4, "value": object{
		"type": object{"$str": "heading"}, "parents": list{}, "attrs": object{"level": 2},
	}})
	alice.change(doc, increment(1, "hits"), remove("none"), insert(1, list{"x", "y"}, "ключ 🗝"))
	alice.call("change", object{"doc": doc, "ops": list{put(1, "said")}, "message": "with a message ✉️"}, nil)
	branch := alice.heads(doc)
	alice.change(doc, put("trunk", "both"))
	alice.call("changeAt", object{"doc": doc, "heads": branch, "ops": list{put("branch", "both")}}, nil)
	equal(t, "heads", len(alice.heads(doc)), 2)
	alice.saved(doc)
	alice.call("emptyChange", object{"doc": doc}, nil)
	alice.change(doc, splice(0, 3, "A", "text"))
	alice.saved(doc)
	want := changes(alice, doc)

	alice.disconnect()
	if !againstJS() { // whose writes are sometimes cut short by the stop
		relay.stop()
		relay.start()
	}
	bob := relay.client("bob")
	bob.open(doc)
	bob.has(doc, alice.heads(doc))
	equal(t, "changes", changes(bob, doc), want)
	content := converge(t, doc, bob, alice)
	equal(t, "hits", at(t, content, "map", "hits", "counter"), any("9007199254740991"))
	equal(t, "conflict", len(at(t, content, "conflicts", "both").(map[string]any)), 2)
	at(t, content, "map", "text", "marks", 0)
	at(t, content, "map", "text", "spans", 2)
}

// JavaScript's text deletions are long runs: tiny changes of many operations.
func TestLargeSelections(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")
	paragraph := make([]byte, 60_000)
	for i := range paragraph {
		paragraph[i] = 'a' + byte(i%26)
	}
	doc := alice.create(object{"text": ""})
	alice.change(doc, splice(0, 0, string(paragraph), "text"))
	alice.saved(doc)
	bob.open(doc)
	bob.change(doc, splice(10, 59_000, "…", "text"))
	content := converge(t, doc, alice, bob)
	equal(t, "length", len16(at(t, content, "map", "text", "text").(string)), 1001)
}

// changes returns the document's changes as bytes, in a comparable order.
func changes(c *client, doc string) []string {
	c.t.Helper()
	var out struct {
		Changes []string `json:"changes"`
	}
	c.call("changes", object{"doc": doc}, &out)
	slices.Sort(out.Changes)
	return out.Changes
}
