package replica_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/internal/replica"
)

var (
	seeds = flag.Int("seeds", 60, "how many simulations to run")
	first = flag.Uint64("seed", 1, "the seed of the first")
)

// TestSimulation lets clients edit while connections break, appends and loads
// fail and the graph is unloaded, all at random; in the end everything is
// everywhere, and the same seed gives the same course of events.
func TestSimulation(t *testing.T) {
	for seed := *first; seed < *first+uint64(*seeds); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			course := simulate(t, seed)
			if again := simulate(t, seed); again != course {
				t.Errorf("the course of events isn't the same:\n%s\nand\n%s", course, again)
			}
			if t.Failed() {
				t.Logf("go test -run TestSimulation -seed %d -seeds 1", seed)
			}
		})
	}
}

var people = []string{"alice", "bob", "carol", "dave", "eve"}

func simulate(t *testing.T, seed uint64) string {
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	w.slice = rng.IntN(4) // of changes; 0 = whole messages
	for _, name := range people[:rng.IntN(len(people)+1)] {
		w.peer(name)
	}
	for range 200 {
		w.happen(rng, people[rng.IntN(len(people))])
	}
	w.reunite(rng)
	w.settle()
	w.checkPeace(people)
	return w.said()
}

// TestForgettingAtRandom: whatever was under way over its connection when a peer
// forgot the document and looked for it again, in the end it is there.
func TestForgettingAtRandom(t *testing.T) {
	for seed := *first; seed < *first+uint64(*seeds); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w, rng := newWorld(t), rand.New(rand.NewPCG(seed, 1))
			bob := w.peer("bob")
			names := []string{"alice", "bob"}
			for _, name := range names {
				w.connect(name, true)
			}
			w.edit("alice", 3)
			for range 200 {
				w.forgetAmid(rng, bob, names[rng.IntN(2)])
			}
			for bob.work() {
			}
			bob.engage()
			w.settle()
			w.checkPeace(names)
			if t.Failed() {
				t.Logf("go test -run TestForgettingAtRandom -seed %d -seeds 1; %s", seed, w.said())
			}
		})
	}
}

// forgetAmid lets one thing happen, which may be that a peer forgets the document,
// or looks for it again.
func (w *world) forgetAmid(rng *rand.Rand, p *homely, name string) {
	switch rng.IntN(8) {
	case 0:
		if rng.IntN(4) == 0 && (name != p.name || len(p.log) > 0) {
			w.edit(name, 1)
		}
	case 1:
		w.generate(name)
	case 2:
		w.arrive(name)
	case 3:
		w.write(name, 100+rng.IntN(1000))
	case 4:
		w.hear(name)
	case 5:
		p.forgetOrFind(rng)
	case 6:
		p.purged(luck(rng, errDisk))
		p.work()
	case 7:
		w.loaded(nil)
		w.appended(nil)
		w.goOn()
	}
}

// happen lets one thing happen.
func (w *world) happen(rng *rand.Rand, name string) {
	if p, ok := w.clients[name].(*homely); ok {
		p.happen(rng)
	}
	if rng.IntN(20) == 0 {
		if have := w.client(name).Changes(); len(have) > 0 {
			from := rng.IntN(len(have))
			w.offer(name, upload{}, have[from:from+rng.IntN(len(have)-from+1)])
		}
	}
	if _, connected := w.links[name]; !connected {
		if rng.IntN(3) == 0 {
			w.connect(name, rng.IntN(2) == 0)
		} else {
			w.edit(name, 1+rng.IntN(3))
		}
		return
	}
	switch {
	case w.isLost(name), rng.IntN(25) == 0:
		w.say("%s leaves", name)
		w.leave(name)
		return
	case rng.IntN(40) == 0:
		w.say("unloaded: %t", w.doc.Unload())
	}
	switch rng.IntN(10) {
	case 0:
		w.edit(name, 1+rng.IntN(3))
	case 1, 2:
		w.generate(name)
	case 3:
		w.arrive(name)
	case 4:
		w.write(name, 100+rng.IntN(1000))
	case 5:
		w.hear(name)
	case 6:
		w.appended(luck(rng, errDisk))
	case 7:
		w.loaded(luck(rng, errDisk, errDamage))
	case 8:
		w.goOn()
	case 9:
		w.expire(name)
	}
}

// happen lets something happen at a peer's home, or nothing.
func (p *homely) happen(rng *rand.Rand) {
	switch rng.IntN(10) {
	case 8:
		if p.joint == nil && !p.forgetting {
			p.join(p.edit())
		}
	case 9:
		if rng.IntN(2) == 0 {
			p.withdraw()
		}
	case 0:
		p.loaded(luck(rng, errDisk, errDamage))
	case 1, 2:
		p.appended(luck(rng, errDisk))
	case 3:
		p.goOn()
	case 4:
		if rng.IntN(4) == 0 {
			p.w.say("%s: unloaded: %t", p.name, p.doc.Unload())
		}
	case 5:
		if p.relay != nil && rng.IntN(4) == 0 {
			p.w.say("%s: talks about it anew", p.name)
			p.step(replica.Left{Neighbour: p.relay})
			p.engage()
		} else if rng.IntN(3) == 0 {
			p.found = p.look()
		}
	case 6:
		p.forgetOrFind(rng)
	case 7:
		p.purged(luck(rng, errDisk))
	}
}

// forgetOrFind lets a peer forget the document, which it rarely does, or look for
// it again.
func (p *homely) forgetOrFind(rng *rand.Rand) {
	switch {
	case p.forgetting:
	case p.relay != nil && !p.doc.Talks(p.relay):
		p.w.say("%s: looks for it again", p.name)
		p.engage()
	case rng.IntN(4) == 0:
		p.w.say("%s: forgets it", p.name)
		p.forget()
	}
}

// luck returns nil mostly.
func luck(rng *rand.Rand, misfortunes ...error) error {
	if rng.IntN(12) > 0 {
		return nil
	}
	return misfortunes[rng.IntN(len(misfortunes))]
}

// reunite lets everybody connect again, but for some peers of ours whose connection
// stands: these go on over that. Where damage was found nobody does: it is final
// elsewhere, so that whoever is told of it waits for a new connection.
func (w *world) reunite(rng *rand.Rand) {
	for _, p := range w.homes { // who is about to forget does so before
		for p.work() {
		}
	}
	for _, name := range people {
		p, ours := w.clients[name].(*homely)
		_, connected := w.links[name]
		if ours && connected && !w.isLost(name) && !w.damaged && rng.IntN(2) == 0 {
			p.engage()
			continue
		}
		if connected {
			w.leave(name)
		}
		w.connect(name, true)
	}
}

// checkPeace checks that all have the same, and that it is what the store has.
func (w *world) checkPeace(names []string) {
	w.t.Helper()
	heads := w.heads()
	for _, name := range names {
		if !slices.Equal(w.client(name).Heads(), heads) {
			w.t.Errorf("%s has %s, the store %s", name, w.list(w.client(name).Heads()), w.list(heads))
		}
	}
	w.checkGraph(w.doc.Graph(), w.log)
	for _, p := range w.homes {
		w.checkGraph(p.doc.Graph(), p.log)
		if s := p.standing; len(heads) > 0 && (s == nil || !s.Synced || s.Ahead || !slices.Equal(s.Shared, heads)) {
			w.t.Errorf("%s believes: %+v", p.name, s)
		}
	}
	// A slice is heard at most once, so every message has at most one answer;
	// silence after at most so many was checked by settling.
	if limit := 200 + 40*len(names)*len(w.log); w.messages > limit {
		w.t.Errorf("%d messages for %d changes", w.messages, len(w.log))
	}
}

// checkGraph checks that the graph numbers the changes as the log does.
func (w *world) checkGraph(g *graph.Graph, log []*change.Change) {
	w.t.Helper()
	if g == nil {
		return
	}
	if g.Len() != len(log) || g.Staged() != 0 {
		w.t.Errorf("the graph has %d changes and %d staged, the log %d", g.Len(), g.Staged(), len(log))
		return
	}
	for i, c := range log {
		if g.Hash(i) != c.Hash {
			w.t.Errorf("change %d of the graph is not that of the log", i)
		}
	}
}

// TestMessagesPerEdit counts what an edit costs once everybody is in step.
func TestMessagesPerEdit(t *testing.T) {
	w := newWorld(t)
	for _, name := range people {
		w.connect(name, false)
	}
	w.edit("alice", 1)
	w.settle()
	before := w.messages
	const edits = 20
	for i := range edits {
		w.edit(people[i%len(people)], 1)
		w.settle()
	}
	// The author's message and its answer, and one each way with the others.
	if want := edits * 2 * len(people); w.messages-before > want {
		t.Errorf("%d messages for %d edits among %d, want at most %d", w.messages-before, edits, len(people), want)
	}
	w.checkPeace(people)
}

// TestLeftWithoutATrace checks that a document keeps nothing of who has left.
func TestLeftWithoutATrace(t *testing.T) {
	w := newWorld(t)
	for i := range 20 { // more than are looked through one by one
		w.connect(fmt.Sprintf("%c", 'a'+i), false)
	}
	for name := range w.links {
		w.edit(name, 1)
	}
	w.settle()
	for _, name := range slices.Clone(w.order) {
		before := len(w.doc.Others(nil))
		w.leave(name)
		if got := len(w.doc.Others(nil)); got != before-1 {
			t.Fatalf("%d neighbours after one of %d left", got, before)
		}
	}
	if rest := w.doc.Overhead(); !w.doc.Unload() || w.doc.Footprint() != 0 || rest != 0 {
		t.Errorf("what remains takes %d bytes, and %d", w.doc.Footprint(), rest)
	}
}
