package interop_test

import "testing"

func TestADocumentCreatedByOneIsFoundByAnother(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")

	doc := alice.create(object{"title": "Plan", "steps": list{"one", "two"}})
	alice.saved(doc)
	bob.open(doc)

	content := converge(t, doc, alice, bob)
	equal(t, "title", at(t, content, "map", "title", "text"), any("Plan"))
	equal(t, "second step", at(t, content, "map", "steps", "list", 1, "text"), any("two"))
}

func TestLiveEditsFlowBothWays(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")
	doc := alice.create(object{"title": "Plan"})
	alice.saved(doc)
	bob.open(doc)

	alice.change(doc, put("Plan B", "title"))
	bob.has(doc, alice.heads(doc))
	bob.change(doc, put("bob", "by"))
	alice.has(doc, bob.heads(doc))

	content := converge(t, doc, alice, bob)
	equal(t, "title", at(t, content, "map", "title", "text"), any("Plan B"))
	equal(t, "by", at(t, content, "map", "by", "text"), any("bob"))
}

// While the link is down, both write to the same map, list, text and counter.
// After it, both have both: added up, interleaved, and where only one value can
// win, with the other one as a visible conflict.
func TestOfflineEditsMeet(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")
	doc := alice.create(object{
		"color": object{"$str": "white"},
		"list":  list{1, 2, 3},
		"text":  "Grüße 👋 an alle",
		"likes": object{"$counter": 10},
		"old":   true,
	})
	alice.saved(doc)
	bob.open(doc)

	alice.disconnect()
	bob.vanish()
	alice.change(doc, put(object{"$str": "red"}, "color"), insert(0, list{0}, "list"), increment(5, "likes"))
	alice.change(doc, splice(0, 0, "🦩 ", "text"), remove("old"))
	bob.change(doc, put(object{"$str": "blue"}, "color"), insert(3, list{4}, "list"), increment(-2, "likes"))
	bob.change(doc, splice(len16("Grüße 👋"), 0, "👋🏽", "text"), put("b", "only bob"))
	alice.connect()
	bob.connect()

	content := converge(t, doc, alice, bob)
	equal(t, "list", at(t, content, "map", "list", "list"), any(numbers("0", "1", "2", "3", "4")))
	equal(t, "text", at(t, content, "map", "text", "text"), any("🦩 Grüße 👋👋🏽 an alle"))
	equal(t, "likes", at(t, content, "map", "likes", "counter"), any("13"))
	equal(t, "only bob", at(t, content, "map", "only bob", "text"), any("b"))
	equal(t, "values of color", len(at(t, content, "conflicts", "color").(map[string]any)), 2)
	if _, there := at(t, content, "map").(map[string]any)["old"]; there {
		t.Error("the deleted key is still there")
	}
}

func TestThreeTypeIntoOneText(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, bob, carol := relay.client("alice"), relay.client("bob"), relay.client("carol")
	doc := alice.create(object{"text": "", "count": object{"$counter": 0}})
	alice.saved(doc)
	bob.open(doc)
	carol.open(doc)

	const rounds = 20
	for range rounds {
		// All three are told to type before any of them is waited for.
		answers := map[*client]<-chan reply{}
		for c, letter := range map[*client]string{alice: "a😀", bob: "b", carol: "c"} {
			answers[c] = c.send("change", object{"doc": doc, "ops": list{splice(0, 0, letter, "text"), increment(1, "count")}})
		}
		for c, answer := range answers {
			c.answer(answer, "change", nil)
		}
	}

	content := converge(t, doc, alice, bob, carol)
	equal(t, "count", at(t, content, "map", "count", "counter"), any("60"))
	equal(t, "letters", len([]rune(at(t, content, "map", "text", "text").(string))), 4*rounds)
}

// Only one of them was ever connected at a time; the relay's store is what
// they meet through.
func TestTwoWhoAreNeverOnlineTogether(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice := relay.client("alice")
	doc := alice.create(object{"log": list{"alice was here"}})
	alice.saved(doc)
	alice.disconnect()

	bob := relay.client("bob")
	bob.open(doc)
	bob.change(doc, insert(1, list{"so was bob"}, "log"))
	bob.saved(doc)
	bob.disconnect()

	alice.connect()
	content := converge(t, doc, bob, alice)
	equal(t, "last line", at(t, content, "map", "log", "list", 1, "text"), any("so was bob"))
}

// len16 is a text's length in JavaScript's units.
func len16(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// numbers is a list of numbers as dumped.
func numbers(values ...string) []any {
	var out []any
	for _, v := range values {
		out = append(out, map[string]any{"number": v})
	}
	return out
}
