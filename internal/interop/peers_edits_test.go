package interop_test

import (
	"encoding/base64"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
)

// While the link is down, Ada in Go and Bob in JavaScript write to the same
// map, list, text and counter, and come back in either order. After that both
// have both, and where only one value can win, with the other as a conflict.
func TestGoAndJavaScriptMeetAfterBeingOffline(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, bob := server.peer("ada"), server.client("bob")
		doc := ada.create(set(
			"color", crdt.ImmutableString("white"), "list", []int{1, 2, 3}, "text", "Grüße 👋 an alle",
			"likes", crdt.Counter(10), "old", true,
		))
		ada.saved(doc)
		bob.open(doc)

		for round := range 2 {
			ada.disconnect()
			bob.leave()
			ada.change(doc, func(root crdt.Map) error {
				return errors.Join(
					root.Set("color", crdt.ImmutableString([]string{"red", "teal"}[round])), root.Get("list").List().Insert(0, -round),
					root.Increment("likes", 5), root.Delete("old"), root.Get("text").Text().Splice(0, 0, "🦩 "))
			})
			bob.change(doc, put(object{"$str": []string{"blue", "pink"}[round]}, "color"),
				insert(3+2*round, list{4 + round}, "list"), increment(-2, "likes"), put("b", "only bob"))
			// The hand stands at code point 6 + 2, and JavaScript's positions
			// count each bird and each hand twice.
			bob.change(doc, splice(len16("Grüße 👋")+3*round, 0, "👋🏽", "text"))
			if round == 0 {
				ada.connect()
				bob.comeBack()
			} else {
				bob.comeBack()
				ada.connect()
			}
			content := converge(t, doc, bob, ada)
			equal(t, "values of color", len(at(t, content, "conflicts", "color").(map[string]any)), 2)
		}

		content := converge(t, doc, bob, ada)
		equal(t, "list", at(t, content, "map", "list", "list"), any(numbers("-1", "0", "1", "2", "3", "4", "5")))
		equal(t, "text", at(t, content, "map", "text", "text"), any("🦩 🦩 Grüße 👋👋🏽👋🏽 an alle"))
		equal(t, "likes", at(t, content, "map", "likes", "counter"), any("16"))
		equal(t, "only bob", at(t, content, "map", "only bob", "text"), any("b"))
		if _, there := at(t, content, "map").(map[string]any)["old"]; there {
			t.Error("the deleted key is still there")
		}
	})
}

// Everything that Go can write is read by JavaScript, and back.
func TestGoAndJavaScriptReadAllOfEachOther(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, bob := server.peer("ada"), server.client("bob")
		moment := time.UnixMilli(1700000000123)
		written := map[string]any{
			"when": moment, "before": time.UnixMilli(-1), "bytes": []byte{0, 1, 254, 255}, "empty": []byte{},
			"hits": crdt.Counter(maxSafe - 1), "uint": crdt.Uint64(7), "int": -maxSafe, "float": 0.1, "nan": math.NaN(),
			"inf": math.Inf(-1), "none": nil, "yes": true, "no": false, "scalar": crdt.ImmutableString("not a text"),
			"ключ 🗝": []any{[]any{[]any{}}, map[string]any{}, []any{1, []any{"deep"}}}, "text": "The quick 🦊 jumps",
		}
		fromGo := ada.create(func(root crdt.Map) error { return root.Reconcile(written) })
		fromJS := bob.create(object{
			"when": object{"$date": moment.UnixMilli()}, "before": object{"$date": -1},
			"bytes": object{"$bytes": base64.StdEncoding.EncodeToString([]byte{0, 1, 254, 255})}, "empty": object{"$bytes": ""},
			"hits": object{"$counter": maxSafe - 1}, "int": -maxSafe, "float": 0.1,
			"nan": object{"$number": "NaN"}, "inf": object{"$number": "-Infinity"},
			"none": nil, "yes": true, "no": false, "scalar": object{"$str": "not a text"},
			"ключ 🗝": list{list{list{}}, object{}, list{1, list{"deep"}}}, "text": "The quick 🦊 jumps",
		})
		bob.change(fromJS, put(object{"$uint": 7}, "uint"))
		ada.saved(fromGo)
		bob.saved(fromJS)
		bob.open(fromGo)
		ada.fetch(fromJS)
		equal(t, "what Go wrote, and what JavaScript wrote", converge(t, fromGo, bob, ada), converge(t, fromJS, bob, ada))

		// Each goes on with what the other made.
		ada.change(fromJS, func(root crdt.Map) error {
			return errors.Join(
				root.Increment("hits", 1), root.Set("when", moment.Add(time.Second)), root.Set("uint", crdt.Uint64(8)),
				root.Get("text").Text().Splice(10, 1, "🦩"), root.Delete("none"), root.Set("bytes", []byte{7}),
				root.At("ключ 🗝", 2, 1).List().Append("deeper"), root.At("ключ 🗝", 1).Map().Set("new", 1))
		})
		bob.change(fromGo, increment(1, "hits"), put(object{"$date": moment.Add(time.Second).UnixMilli()}, "when"),
			put(object{"$uint": 8}, "uint"), splice(10, 2, "🦩", "text"), remove("none"),
			put(object{"$bytes": base64.StdEncoding.EncodeToString([]byte{7})}, "bytes"),
			insert(1, list{"deeper"}, "ключ 🗝", 2, 1), put(1, "ключ 🗝", 1, "new"))
		equal(t, "what JavaScript edited, and what Go edited", converge(t, fromGo, bob, ada), converge(t, fromJS, bob, ada))
	})
}

// A Go peer, a client of today and one of 2024 in one document, each coming and
// going.
func TestThreeGenerationsTogether(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, bob := server.peer("ada"), server.client("bob")
		old := server.clientWith(setup{PeerID: "old", Version: 1})
		doc := old.create(object{"title": "Plan", "n": object{"$counter": 0}, "log": list{}})
		old.saved(doc)
		ada.fetch(doc)
		bob.open(doc)
		converge(t, doc, old, bob, ada)

		write := map[string]func(){
			"ada": func() {
				ada.change(doc, func(root crdt.Map) error {
					return errors.Join(root.Get("title").Text().Insert(0, "🦩"), root.Increment("n", 1), root.Get("log").List().Append("ada"))
				})
			},
			"bob": func() {
				bob.change(doc, splice(0, 0, "👶", "title"), increment(10, "n"), insert(0, list{"bob"}, "log"))
			},
			"old": func() {
				old.change(doc, splice(0, 0, "👴", "title"), increment(100, "n"), insert(0, list{"old"}, "log"))
			},
		}
		leave := map[string]func(){"ada": ada.disconnect, "bob": bob.leave, "old": old.leave}
		comeBack := map[string]func(){"ada": ada.connect, "bob": bob.comeBack, "old": old.comeBack}
		// One after the other is away, and comes back in another order.
		for _, order := range [][]string{{"ada", "bob", "old"}, {"old", "ada", "bob"}, {"bob", "old", "ada"}} {
			for _, name := range order {
				leave[name]()
				write[name]()
			}
			slices.Reverse(order)
			for _, name := range order {
				write[name]()
				comeBack[name]()
				write[name]()
			}
		}
		content := converge(t, doc, bob, old, ada)
		equal(t, "n", at(t, content, "map", "n", "counter"), any("999"))
		equal(t, "letters", len([]rune(at(t, content, "map", "title", "text").(string))), len("Plan")+27)
		equal(t, "lines", len(at(t, content, "map", "log", "list").([]any)), 27)
	})
}

// What only JavaScript can write, marks and blocks, survives edits by Go.
func TestMarksAndBlocksSurviveGo(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, bob := server.peer("ada"), server.client("bob")
		doc := bob.create(object{"text": "The quick 🦊 jumps"})
		bob.change(doc,
			object{"op": "mark", "path": list{"text"}, "start": 4, "end": 9, "name": "bold", "value": true, "expand": "both"},
			object{"op": "mark", "path": list{"text"}, "start": 13, "end": 18, "name": "link", "value": "https://example.org", "expand": "none"})
		bob.change(doc, object{"op": "block", "path": list{"text"}, "index": 0, "value": object{
			"type": object{"$str": "heading"}, "parents": list{}, "attrs": object{"level": 2},
		}})
		bob.saved(doc)
		ada.fetch(doc)
		before := converge(t, doc, bob, ada)
		at(t, before, "map", "text", "marks", 1)
		at(t, before, "map", "text", "spans", 1)

		// The block is one code point, as the fox is. Nothing marked is touched,
		// so that the marks stay, shifted.
		ada.change(doc, func(root crdt.Map) error {
			text := root.Get("text").Text()
			return errors.Join(text.Insert(1, "See! "), text.Append("."), root.Set("ada", "was here"))
		})
		bob.has(doc, ada.heads(doc))
		content := converge(t, doc, bob, ada) // of which one is what JavaScript loads from what Go saved
		equal(t, "text", at(t, content, "map", "text", "text"), any("\ufffcSee! The quick 🦊 jumps."))
		for i, mark := range at(t, before, "map", "text", "marks").([]any) {
			moved := at(t, content, "map", "text", "marks", i).(map[string]any)
			was := mark.(map[string]any)
			equal(t, "the mark's name", moved["name"], was["name"])
			equal(t, "where it begins", moved["start"], any(was["start"].(float64)+5))
			equal(t, "where it ends", moved["end"], any(was["end"].(float64)+5))
		}
		equal(t, "the block", at(t, content, "map", "text", "spans", 0), at(t, before, "map", "text", "spans", 0))

		// Inside a mark, Go's letters are marked as JavaScript's would be.
		ada.change(doc, func(root crdt.Map) error { return root.Get("text").Text().Insert(12, "🐇") })
		bob.has(doc, ada.heads(doc))
		content = converge(t, doc, bob, ada)
		bold := at(t, content, "map", "text", "marks", 0).(map[string]any)
		equal(t, "what JavaScript loads of what it saved", bob.reloaded(doc), content)
		equal(t, "the mark's length", bold["end"].(float64)-bold["start"].(float64), 7)
	})
}
