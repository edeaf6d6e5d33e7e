package interop_test

import "testing"

// Clients of automerge-repo 1.2.1 and of 2.5.6 work on the same document.
func TestOldAndNewClientsTogether(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	old := relay.clientWith(setup{PeerID: "old", Version: 1})
	current := relay.client("current")

	doc := old.create(object{"title": "Plan", "n": object{"$counter": 0}})
	old.change(doc, put("Plan A", "title"))
	old.saved(doc)
	current.open(doc)
	converge(t, doc, old, current)

	old.disconnect()
	current.disconnect()
	old.change(doc, increment(1, "n"), splice(0, 0, "👴 ", "title"))
	current.change(doc, increment(2, "n"), splice(0, 0, "👶 ", "title"))
	old.connect()
	current.connect()
	content := converge(t, doc, old, current)
	equal(t, "n", at(t, content, "map", "n", "counter"), any("3"))
}

func TestAnOldClientFindsANewOnesDocument(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	current := relay.client("current")
	old, older := relay.clientWith(setup{PeerID: "old", Version: 1}), relay.clientWith(setup{PeerID: "older", Version: 1})

	equal(t, "an unknown document", old.find(nobodys), "unavailable")
	doc := current.create(object{"title": "Plan", "text": "The quick 🦊"})
	current.change(doc, object{"op": "mark", "path": list{"text"}, "start": 0, "end": 3, "name": "bold", "value": true})
	current.saved(doc)
	old.open(doc)
	older.open(doc)
	old.change(doc, put("old", "by"))
	content := converge(t, doc, old, older, current)
	at(t, content, "map", "text", "marks", 0)

	old.call("broadcast", object{"doc": doc, "message": "hello"}, nil)
	current.await("the old client's message", messageFrom("old", "hello"))
	older.await("the old client's message", messageFrom("old", "hello"))
	current.call("broadcast", object{"doc": doc, "message": "hi"}, nil)
	old.await("the new client's message", messageFrom("current", "hi"))
}

// Old clients across a kill, with a long history behind them.
func TestOldClientsAcrossAKill(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	old := relay.clientWith(setup{PeerID: "old", Version: 1, Storage: "memory"})
	doc := old.create(object{"title": "long"})
	old.call("grow", object{"doc": doc, "changes": 1000}, nil)
	old.saved(doc)
	relay.kill()
	old.lost()
	old.change(doc, put("meanwhile", "title"))
	relay.start()
	old.reconnected()
	other := relay.clientWith(setup{PeerID: "other", Version: 1})
	other.open(doc)
	content := converge(t, doc, old, other)
	equal(t, "title", at(t, content, "map", "title", "text"), any("meanwhile"))
}
