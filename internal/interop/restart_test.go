package interop_test

import (
	"syscall"
	"testing"
)

// Clients stay while the relay is killed under them: what they write meanwhile
// is kept by them, and they converge through its next life.
func TestClientsConvergeAcrossAKill(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")
	doc := alice.create(object{"text": "start", "n": object{"$counter": 0}})
	alice.saved(doc)
	bob.open(doc)

	for round := range 3 {
		alice.change(doc, splice(0, 0, "a", "text"), increment(1, "n"))
		bob.change(doc, splice(0, 0, "b", "text"), increment(1, "n"))
		relay.kill()
		alice.lost()
		bob.lost()
		alice.change(doc, increment(1, "n"), put(round, "round"))
		bob.change(doc, increment(1, "n"))
		relay.start()
		alice.reconnected()
		bob.reconnected()
	}

	content := converge(t, doc, alice, bob)
	equal(t, "n", at(t, content, "map", "n", "counter"), any("12"))
}

// Alice's client says "saved" and her laptop falls into the sea, just as the
// relay loses power.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	requireRelay(t, "it acknowledges before it writes")
	relay := startRelay(t)
	alice := relay.client("alice")
	doc := alice.create(object{"title": "draft"})
	for n := range 10 {
		alice.change(doc, put(n, "version"))
		alice.saved(doc)
	}
	relay.kill()
	hashes, content := alice.hashes(doc), alice.dump(doc)
	alice.end()
	relay.start()

	bob := relay.client("bob")
	bob.open(doc)
	equal(t, "history", bob.hashes(doc), hashes)
	equal(t, "content", bob.dump(doc), content)
}

// The same with five hundred documents, once when all of them are acknowledged
// and once in the middle: then those that are must survive.
func TestFiveHundredAcknowledgedDocumentsSurviveAKill(t *testing.T) {
	t.Parallel()
	requireRelay(t, "it acknowledges before it writes")
	for name, enough := range map[string]int{"half of them": 250, "all of them": 500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := startRelay(t)
			alice := relay.client("alice")
			var made, acknowledged struct {
				IDs []string `json:"ids"`
			}
			alice.call("createMany", object{"count": 500}, &made)
			alice.call("savedSome", object{"docs": made.IDs, "count": enough}, &acknowledged)
			relay.kill()
			alice.end()
			relay.start()

			bob := relay.client("bob")
			var found struct {
				Ready int `json:"ready"`
			}
			bob.call("findAll", object{"docs": acknowledged.IDs}, &found)
			equal(t, "documents found", found.Ready, len(acknowledged.IDs))
		})
	}
}

// A relay that is asked to stop ends with 0, and its clients find its successor.
func TestAGracefulRestart(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")
	doc := alice.create(object{"title": "before"})
	alice.saved(doc)
	bob.open(doc)

	equal(t, "exit code", relay.stop(), 0)
	alice.lost()
	bob.lost()
	alice.change(doc, put("after", "title"))
	relay.start()
	alice.reconnected()
	bob.reconnected()
	converge(t, doc, alice, bob)
}

// A client that comes back is the same peer: its link died without a word, and
// the relay may not even know yet.
func TestAClientRejoinsWithTheSamePeerID(t *testing.T) {
	t.Parallel()
	requireRelay(t, "it never resends what it wrote into the dead socket, and the two talk about that for ever")
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")
	doc := alice.create(object{"n": object{"$counter": 0}})
	alice.saved(doc)
	bob.open(doc)

	for range 5 {
		alice.vanish()
		alice.change(doc, increment(1, "n"))
		bob.change(doc, increment(1, "n"))
		alice.connect()
	}
	content := converge(t, doc, alice, bob)
	equal(t, "n", at(t, content, "map", "n", "counter"), any("10"))
}

// The old process is frozen with its socket open (a sleeping laptop) when a new
// one joins under the same peer id: the new one is served.
func TestANewProcessTakesOverThePeerID(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	frozen, bob := relay.client("alice"), relay.client("bob")
	doc := frozen.create(object{"title": "before"})
	frozen.saved(doc)
	bob.open(doc)
	if err := frozen.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}

	alice := relay.client("alice")
	alice.open(doc)
	alice.change(doc, put("after", "title"))
	bob.change(doc, put("bob", "by"))
	converge(t, doc, alice, bob)
	frozen.end()
}

// A client with a disk of its own keeps its sync state across its own restart,
// while the relay loses everything: the memory of what the relay once had must
// not keep the client from sending it again.
func TestARelayThatLostItsDataIsRefilled(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	disk := t.TempDir()
	alice := relay.clientWith(setup{PeerID: "alice", Storage: disk})
	doc := alice.create(object{"title": "on alice's disk"})
	alice.saved(doc)
	alice.call("flush", nil, nil)
	alice.end()
	relay.kill()
	relay.data = t.TempDir()
	relay.start()

	alice = relay.clientWith(setup{PeerID: "alice", Storage: disk})
	alice.open(doc)
	alice.saved(doc)
	bob := relay.client("bob")
	bob.open(doc)
	converge(t, doc, alice, bob)
}
