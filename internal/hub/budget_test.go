package hub_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/storage"
)

// TestTinyBudget lets many sessions open and leave many documents whose graphs
// fit in memory one at a time: everything stays right, and there are never two
// of a document, which the store would notice.
func TestTinyBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{GraphBytes: 6 << 10})
		const peers, docs, rounds = 6, 12, 60
		everybody := make([]*peer, peers)
		var work sync.WaitGroup
		for i := range everybody {
			p := n.peer(fmt.Sprintf("peer-%d", i)).connect()
			everybody[i] = p
			work.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(i), 0))
				for range rounds {
					p.edit(id(rng.IntN(docs)))
					if rng.IntN(10) == 0 {
						p.disconnect()
						p.connect()
					}
				}
			})
		}
		work.Wait()
		all := make([]int, docs)
		for _, p := range everybody {
			for d := range all {
				p.find(id(d))
			}
		}
		synctest.Wait()
		for d := range all {
			n.checkSame(id(d), everybody...)
		}
		for len(n.reasons) > 0 {
			if reason := <-n.reasons; reason == "store" {
				t.Error("the store could not take a change")
			}
		}
		if n.store.loads.Load() < docs {
			t.Error("nothing was unloaded, so nothing was tested")
		}
		for _, p := range everybody {
			p.disconnect()
		}
		synctest.Wait()
		n.hub.Sweep()
		if stats := n.hub.Stats(); stats.Documents != 0 || stats.Bytes != 0 {
			t.Errorf("%d documents of %d bytes are left", stats.Documents, stats.Bytes)
		}
	})
}

// TestManyOpenDocuments: that documents are open takes memory that no sweep
// gives back, so it must not drive out the graphs of those that are edited.
func TestManyOpenDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const open, edited, edits, budget = 100, 10, 200, 120 << 10
		n := newNetwork(t, hub.Config{GraphBytes: budget})
		peers := []*peer{n.peer("alice").connect(), n.peer("bob").connect(), n.peer("carol").connect()}
		for d := range open {
			peers[0].edit(id(d))
			peers[1].find(id(d))
			peers[2].find(id(d))
		}
		synctest.Wait()
		if fixed := n.hub.Fixed(); fixed < budget {
			t.Fatalf("open documents take %d bytes, which is too little for this test", fixed)
		}
		before := n.store.loads.Load()
		for i := range edits {
			peers[i%2].edit(id(i % edited))
			synctest.Wait()
			n.peer("visitor").connect().disconnect()
			synctest.Wait()
		}
		// Each may have been dropped before its first edit, and once or twice
		// later, by a sweep that couldn't know better.
		if loads := n.store.loads.Load() - before; loads > 3*edited {
			t.Errorf("%d loads for %d edits of %d documents", loads, edits, edited)
		}
		for d := range edited {
			n.checkSame(id(d), peers...)
		}
	})
}

// TestStorage lets peers converge over the real store.
func TestStorage(t *testing.T) {
	store, err := storage.Open("", storage.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	n := newLoopback(t, hub.Config{Store: store, GraphBytes: 20 << 10})
	const peers, docs, rounds = 4, 5, 20
	var everybody []*peer
	var work sync.WaitGroup
	for i := range peers {
		p := n.peer(fmt.Sprintf("peer-%d", i)).connect()
		everybody = append(everybody, p)
		work.Go(func() {
			for range rounds {
				for d := range docs {
					p.edit(id(d))
				}
			}
		})
	}
	work.Wait()
	for d := range docs {
		for _, p := range everybody {
			p.find(id(d))
			p.await(func() bool { return p.doc(id(d)).Len() == peers*rounds })
		}
		for _, p := range everybody { // now that each one's have come to the others by the store
			info, err := store.Document(id(d))
			if err != nil || info.Changes != peers*rounds || !slices.Equal(p.heads(id(d)), info.Heads) {
				t.Errorf("%s: the store has %d changes (%v), and other heads", p.name, info.Changes, err)
			}
		}
	}
	for _, p := range everybody {
		p.disconnect()
	}
}
