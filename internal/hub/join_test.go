package hub_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/wire"
)

func TestMadeOfflineThenJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.node("alice"), n.node("bob")
		for range 3 {
			alice.edit(id(1))
		}
		bob.edit(id(1))
		bob.edit(id(2))
		alice.join(id(1), id(2))
		synctest.Wait()
		if alice.unavailable[id(2)] != 1 {
			t.Errorf("alice was told %d times that bob's isn't there", alice.unavailable[id(2)])
		}
		bob.join(id(1), id(2))
		synctest.Wait()
		n.checkNodes(id(1), alice, bob)
		n.checkNodes(id(2), alice, bob)
		alice.edit(id(1))
		bob.edit(id(2))
		synctest.Wait()
		n.checkNodes(id(1), alice, bob)
		n.checkNodes(id(2), alice, bob)
	})
}

// TestPeersComeAndGo: peers of ours and foreign clients edit, online or not,
// while connections break at either end.
func TestPeersComeAndGo(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t, hub.Config{GraphBytes: 4 << 10})
				rng := rand.New(rand.NewPCG(seed, 7))
				docs := []docid.ID{id(0), id(1), id(2), id(3), id(4)}
				nodes := []*node{n.node("alice"), n.node("bob"), n.node("carol")}
				foreign := n.peer("dave").connect()
				for range 300 {
					p, doc := nodes[rng.IntN(len(nodes))], docs[rng.IntN(len(docs))]
					switch what := rng.IntN(20); {
					case what > 2:
						p.edit(doc)
					case what == 2:
						foreign.edit(doc)
					case p.link == nil:
						p.join(docs...)
					case rng.IntN(2) == 0:
						p.conn.Abort()
						p.gone()
					default:
						p.link.Release(doc)
						p.engage(doc)
					}
				}
				foreign.find(docs...)
				for _, p := range nodes {
					if p.link == nil {
						p.join(docs...)
					}
				}
				synctest.Wait()
				for _, doc := range docs {
					n.checkNodes(doc, nodes...)
					n.checkSame(doc, foreign)
				}
			})
		})
	}
}

// TestRefusalsBothWays: two changes of one actor and seq meet. Each store keeps
// the first that it got, and the peer knows all that it needs to.
func TestRefusalsBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		mallory := n.peer("mallory").connect()
		mallory.mu.Lock()
		theirs := mallory.doc(id(1)).EditAs("carol", 1)
		mallory.speak(id(1))
		mallory.mu.Unlock()
		synctest.Wait()
		carol := n.node("carol")
		ours := carol.edit(id(1))
		carol.join(id(1))
		synctest.Wait()
		want := []refusal{{theirs.Hash, "twin", true}, {ours.Hash, "twin", false}}
		if got := carol.refused[id(1)]; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("carol heard of %v", got)
		}
		if want := fmt.Sprintf("%s %s 1", id(1), change.ActorID("carol")); len(carol.twins) != 1 || carol.twins[0] != want {
			t.Errorf("carol heard of the twins %q, want %q", carol.twins, want)
		}
		if s := carol.standing[id(1)]; s.Synced || s.Ahead || !s.Has {
			t.Errorf("carol believes: %+v", s)
		}
	})
}

// TestResumedWithoutAFilter: coming back to a long document costs no more than
// coming back to a short one.
func TestResumedWithoutAFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice")
		const long = 10_000
		var history []*change.Change
		for range long {
			history = append(history, alice.doc(id(1)).Edit())
		}
		if err := alice.hub.Append(t.Context(), id(1), history...); err != nil {
			t.Fatal(err)
		}
		alice.join(id(1))
		synctest.Wait()
		n.checkNodes(id(1), alice)
		alice.leave()
		made := alice.edit(id(1))
		before := alice.seen.sent.Load()
		alice.join(id(1))
		synctest.Wait()
		n.checkNodes(id(1), alice)
		// Two messages: what we have, and the new change.
		if sent := alice.seen.sent.Load() - before; sent > 1000+int64(len(made.Bytes())) {
			t.Errorf("%d bytes were sent for one change to a document of %d", sent, long)
		}
	})
}

// TestManyDocuments: joining with many documents loads each once, and not all at
// the same time.
func TestManyDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice")
		const many, budget = 2000, 64 << 10
		var docs []docid.ID
		for i := range many {
			docs = append(docs, id(i))
			alice.edit(id(i))
		}
		alice.hub.Close()
		alice.open(hub.Config{GraphBytes: budget})
		alice.join(docs...)
		synctest.Wait()
		for _, doc := range docs {
			n.checkNodes(doc, alice)
		}
		alice.leave()
		alice.hub.Sweep()
		before := alice.store.loads.Load()
		alice.join(docs...)
		synctest.Wait()
		if loads := alice.store.loads.Load() - before; loads > 0 {
			t.Errorf("%d documents that both have were loaded %d times", many, loads)
		}
		alice.edit(docs[0]) // it goes on as ever
		synctest.Wait()
		n.checkNodes(docs[0], alice)
		alice.hub.Sweep()
		if cached := alice.hub.Stats().Bytes - alice.hub.Fixed(); cached > budget {
			t.Errorf("%d bytes are kept of graphs, more than %d", cached, budget)
		}
	})
}

func TestWhispersAmongPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.node("alice"), n.node("bob")
		foreign := n.peer("dave").connect()
		alice.edit(id(1))
		alice.join(id(1))
		bob.join(id(1))
		foreign.find(id(1))
		synctest.Wait()
		alice.link.Whisper(wire.Ephemeral{Document: id(1), SessionID: "s", Count: 1, Data: []byte("a")})
		alice.link.Whisper(wire.Ephemeral{Document: id(2), SessionID: "s", Count: 2, Data: []byte("not open")})
		alice.link.Whisper(wire.Ephemeral{Document: id(1), SessionID: "s", Count: 3, Data: make([]byte, 1<<20)})
		foreign.whisper(id(1), "d")
		synctest.Wait()
		if got := heard(alice.whispers); got != "dave:d" {
			t.Errorf("alice heard %q", got)
		}
		if got := heard(bob.whispers); got != "alice:a dave:d" && got != "dave:d alice:a" {
			t.Errorf("bob heard %q", got)
		}
		if got := heard(foreign.whispers); got != "alice:a" {
			t.Errorf("dave heard %q", got)
		}
		if alice.seen.of(&alice.seen.dropped, "not_open") != 1 || alice.seen.of(&alice.seen.dropped, "too_large") != 1 {
			t.Errorf("dropped %v", alice.seen.dropped)
		}
		alice.link.Release(id(1))
		foreign.whisper(id(1), "e") // which the server still sends her
		synctest.Wait()
		if got := heard(bob.whispers); !strings.HasSuffix(got, "dave:e") {
			t.Errorf("bob heard %q at last", got)
		}
		if got := heard(alice.whispers); got != "dave:d" || alice.seen.of(&alice.seen.dropped, "not_open") != 1 {
			t.Errorf("alice heard %q of what she has left, and dropped %v", got, alice.seen.dropped)
		}
	})
}

func heard(whispers []wire.Ephemeral) (text string) {
	for i, m := range whispers {
		if i > 0 {
			text += " "
		}
		text += m.SenderID + ":" + string(m.Data)
	}
	return text
}
