package interop_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// A Go peer is told that there is nothing, by either server, and gets it without
// asking again once it is there; and so does a JavaScript client.
func TestGoWaitsForWhatTurnsUpLater(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, bob := server.peer("ada"), server.clientWith(setup{PeerID: "bob", Offline: true})
		equal(t, "what nobody has", ada.find(nobodys), "unavailable")
		doc := bob.create(object{"title": "worth waiting for"})
		equal(t, "before bob is there", ada.find(doc), "unavailable")
		bob.connect()
		ada.becomes(doc, peer.Synced)
		converge(t, doc, bob, ada)

		eve := server.offlinePeer("eve")
		later := eve.create(set("title", "worth waiting for"))
		equal(t, "before eve is there", bob.find(later), "unavailable")
		eve.connect()
		bob.becomes(later, "ready")
		converge(t, later, bob, eve)
	})
}

// They are never online together: the server's store is what they meet through.
func TestGoAndJavaScriptAreNeverOnlineTogether(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada := server.peer("ada")
		doc := ada.create(set("log", []string{"ada was here"}))
		ada.saved(doc)
		ada.disconnect()

		bob := server.client("bob")
		bob.open(doc)
		bob.change(doc, insert(1, list{"so was bob"}, "log"))
		bob.saved(doc)
		bob.disconnect()

		ada.connect()
		ada.has(doc, bob.heads(doc))
		ada.restart()
		content := converge(t, doc, bob, ada)
		equal(t, "last line", at(t, content, "map", "log", "list", 1, "text"), any("so was bob"))
	})
}

// The server goes away, as often as not without a word, and comes back with its
// data. Meanwhile all go on, and one of the Go peers is started anew.
func TestTheServerVanishesUnderGo(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, eve, bob := server.peer("ada"), server.peer("eve"), server.client("bob")
		doc := ada.create(set("text", "start", "n", crdt.Counter(0)))
		ada.saved(doc)
		eve.fetch(doc)
		bob.open(doc)

		write := func(p *goPeer) {
			p.change(doc, func(root crdt.Map) error {
				return errors.Join(root.Get("text").Text().Insert(0, "🦩"), root.Increment("n", 1))
			})
		}
		const rounds = 3
		for round := range rounds {
			write(ada)
			bob.change(doc, splice(0, 0, "b", "text"), increment(1, "n"))
			if server.js {
				// It loses what it has acknowledged if it is killed, and what was
				// on its way to JavaScript when it stopped.
				converge(t, doc, bob, ada, eve)
				server.stop()
			} else {
				server.kill()
			}
			ada.lost()
			bob.lost()
			write(ada)
			write(eve)
			bob.change(doc, increment(1, "n"), put(round, "round"))
			if round == 1 {
				eve.restart()
				eve.connectLater()
			}
			server.start()
			ada.reconnected()
			eve.reconnected()
			bob.reconnected()
		}
		content := converge(t, doc, bob, ada, eve)
		equal(t, "n", at(t, content, "map", "n", "counter"), any(fmt.Sprint(5*rounds)))
		ada.saved(doc)
		eve.saved(doc)
	})
}

// The same peer comes and goes in the middle of things, again and again.
func TestGoComesAndGoes(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, bob := server.peer("ada"), server.client("bob")
		doc := bob.create(object{"n": object{"$counter": 0}})
		bob.saved(doc)
		ada.fetch(doc)
		const rounds = 15
		for range rounds {
			bob.change(doc, increment(1, "n"))
			ada.change(doc, func(root crdt.Map) error { return root.Increment("n", 1) })
			ada.disconnect()
			bob.change(doc, increment(1, "n"))
			ada.connect()
		}
		content := converge(t, doc, bob, ada)
		equal(t, "n", at(t, content, "map", "n", "counter"), any(fmt.Sprint(3*rounds)))
	})
}

// A Go peer forgets a document and finds it again over one connection, sometimes
// before it has got it, and sometimes after, while another writes.
func TestGoForgetsAndFindsAgain(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		ada, bob := server.peer("ada"), server.client("bob")
		doc := bob.create(object{"n": object{"$counter": 0}})
		bob.saved(doc)
		ada.fetch(doc)
		const rounds = 30
		for n := range rounds {
			bob.change(doc, increment(1, "n"))
			ada.forget(doc)
			ada.look(doc)
			if n%3 == 0 {
				ada.fetch(doc)
			}
		}
		ada.fetch(doc)
		content := converge(t, doc, bob, ada)
		equal(t, "n", at(t, content, "map", "n", "counter"), any(fmt.Sprint(rounds)))
	})
}

// Five thousand changes are fetched from the server by a Go peer, which says so
// when it is done, and by JavaScript what Go wrote.
func TestLongHistoriesBothWays(t *testing.T) {
	eachServer(t, func(t *testing.T, server *relay) {
		const changes = 5000
		bob, eve := server.client("bob"), server.offlinePeer("eve")
		fromJS := bob.create(object{"title": "long"})
		bob.call("grow", object{"doc": fromJS, "changes": changes}, nil)
		fromGo := eve.create(set("title", "long", "log", []int{}))
		for n := range changes {
			eve.change(fromGo, func(root crdt.Map) error {
				if n%10 == 0 {
					return root.Get("log").List().Append(n)
				}
				return root.Set("step", n)
			})
		}
		eve.connect()
		eve.saved(fromGo)
		bob.saved(fromJS)

		ada, old := server.peer("ada"), server.clientWith(setup{PeerID: "old", Version: 1})
		ada.fetch(fromJS)
		ada.has(fromJS, bob.heads(fromJS))
		equal(t, "changes", len(ada.hashes(fromJS)), changes+1)
		ada.change(fromJS, set("by", "ada"))
		converge(t, fromJS, bob, ada)
		old.open(fromGo)
		old.has(fromGo, eve.heads(fromGo))
		old.change(fromGo, put("old", "by"))
		equal(t, "steps", len(at(t, converge(t, fromGo, old, eve), "map", "log", "list").([]any)), changes/10)
	})
}
