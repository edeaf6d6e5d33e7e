package sync_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/sync"
)

var (
	traced  = flag.Bool("story", false, "print what happens in simulations")
	oneSeed = flag.Uint64("seed", 0, "run the simulation with this seed only")
	seeds   = flag.Uint64("seeds", 300, "how many seeds to run the simulation with")
)

// network is some stores, and wires between some of them over which messages
// travel in order, each as slowly as it likes.
type network struct {
	t        testing.TB
	rand     *rand.Rand
	stores   []store
	wires    []*wire
	actors   []change.ActorID // of each store
	lives    int
	all      map[change.Hash]*change.Change
	plain    bool // every change is made on top of all that there is
	messages int
	carried  int // changes in those messages
}

// wire connects two stores. What end e sends is in queue[e].
type wire struct {
	ends  [2]int
	talk  [2]conversation
	queue [2][][]byte
	dirty [2]bool // the end has heard or made something since it last spoke
}

func newNetwork(t testing.TB, seed uint64, stores ...store) *network {
	n := &network{t: t, rand: rand.New(rand.NewPCG(seed, 2)), all: map[change.Hash]*change.Change{}}
	for i, s := range stores {
		n.stores = append(n.stores, s)
		n.actors = append(n.actors, "")
		n.reincarnate(i)
	}
	return n
}

// reincarnate gives a store a new actor.
func (n *network) reincarnate(i int) {
	n.lives++
	n.actors[i] = change.ActorID(fmt.Sprintf("store-%d-life-%d", i, n.lives))
}

func (n *network) connect(a, b int) *wire {
	w := &wire{ends: [2]int{a, b}}
	n.wires = append(n.wires, w)
	n.reconnect(w, false, false)
	return w
}

// reconnect begins both conversations of a wire anew; what was under way is
// lost.
func (n *network) reconnect(w *wire, resumeA, resumeB bool) {
	for e, resume := range []bool{resumeA, resumeB} {
		w.talk[e] = n.stores[w.ends[e]].connect(resume, side(w.ends[1-e]))
		w.queue[e], w.dirty[e] = nil, true
		tracef("connect %d %d %v", w.ends[e], w.ends[1-e], resume)
	}
}

// touch notes that a store has something new.
func (n *network) touch(s int) {
	for _, w := range n.wires {
		for e, end := range w.ends {
			w.dirty[e] = w.dirty[e] || end == s
		}
	}
}

// edit makes a change at a store: on top of all that it has, or now and then on
// top of less, as JavaScript's changeAt does.
func (n *network) edit(s int) *change.Change {
	st, actor := n.stores[s], n.actors[s]
	d := &change.Draft{Actor: actor, Seq: 1, StartOp: 1, Deps: st.heads()}
	onLess := !n.plain && n.rand.IntN(15) == 0
	if log := st.log(); len(log) > 0 && onLess {
		d.Deps = []change.Hash{log[n.rand.IntN(len(log))].Hash}
	}
	for _, c := range st.log() {
		if c.Actor == actor {
			d.Seq++
		}
		d.StartOp = max(d.StartOp, c.MaxOp()+1)
	}
	if onLess || n.rand.IntN(10) > 0 { // an empty change is always made on top of all
		d.Ops = []change.Op{{Key: change.MapKey("k"), Action: change.ActionSet, Value: change.Int(int64(n.rand.IntN(1000)))}}
	}
	c, err := d.Encode()
	if err != nil {
		n.t.Fatal(err)
	}
	n.all[c.Hash] = c
	tracef("edit %d: %s %s#%d %v", s, c.Hash.String()[:4], c.Actor, c.Seq, short(c.Deps))
	st.take(c)
	n.touch(s)
	return c
}

// lose takes a store back to an earlier state, and reconnects it.
func (n *network) lose(s int) {
	if logged := len(n.stores[s].log()); logged > 0 {
		n.stores[s].lose(n.rand.IntN(logged))
	}
	n.reincarnate(s)
	for _, w := range n.wires {
		if w.ends[0] == s || w.ends[1] == s {
			n.reconnect(w, n.coin(), n.coin())
		}
	}
}

func (n *network) coin() bool { return n.rand.IntN(2) == 0 }

// moves lists what could happen next: an end speaks, or a message arrives.
func (n *network) moves() (moves []func()) {
	for _, w := range n.wires {
		for e := range 2 {
			if w.dirty[e] {
				moves = append(moves, func() { n.speak(w, e) })
			}
			if len(w.queue[e]) > 0 {
				moves = append(moves, func() { n.deliver(w, e) })
			}
		}
	}
	return moves
}

func (n *network) speak(w *wire, e int) {
	w.dirty[e] = false
	if data := w.talk[e].generate(); data != nil {
		m, err := sync.Decode(data)
		if err != nil {
			n.t.Fatalf("store %d: %v", w.ends[e], err)
		}
		n.messages++
		n.carried += len(m.Changes)
		tracef("%d→%d (%s): %s", w.ends[e], w.ends[1-e], kind(n.stores[w.ends[e]]), described(data))
		w.queue[e] = append(w.queue[e], data)
	}
}

func (n *network) deliver(w *wire, e int) {
	data := w.queue[e][0]
	w.queue[e] = w.queue[e][1:]
	to := w.ends[1-e]
	before := n.state(to)
	tracef("   arrives %d→%d", w.ends[e], to)
	if err := w.talk[1-e].receive(data); err != nil {
		n.t.Fatalf("store %d: %v", to, err)
	}
	w.dirty[1-e] = true
	if n.state(to) != before {
		n.touch(to)
	}
}

// state tells whether a store has news for others: changes, or what it lacks.
func (n *network) state(s int) string {
	if o, ok := n.stores[s].(*ours); ok {
		return fmt.Sprint(o.heads(), o.intake.Missing())
	}
	return fmt.Sprint(n.stores[s].heads())
}

// step lets one thing happen; false if nothing is left to happen.
func (n *network) step() bool {
	moves := n.moves()
	if len(moves) == 0 {
		return false
	}
	moves[n.rand.IntN(len(moves))]()
	return true
}

// settle lets things happen until nothing does, with no more than so many
// messages.
func (n *network) settle(budget int) {
	n.t.Helper()
	from := n.messages
	for n.step() {
		if n.messages-from > budget {
			n.t.Fatalf("more than %d messages, and no end", budget)
		}
	}
}

// budget is how many messages may follow the last event: each side of a wire
// greets, answers, asks, and sends what it has in messages that may hold one
// change only, each of which is answered and passed on.
func (n *network) budget() int { return len(n.wires) * (16 + 6*len(n.all)) }

// expect checks that each store has what it can have: all that others have and
// that has a way to it which nobody refuses.
func (n *network) expect() {
	n.t.Helper()
	reach := make([]map[change.Hash]bool, len(n.stores))
	refused := make([]map[change.Hash]bool, len(n.stores))
	for i, s := range n.stores {
		reach[i], refused[i] = map[change.Hash]bool{}, n.refused(i)
		for _, c := range s.log() {
			reach[i][c.Hash] = true
		}
	}
	for again := true; again; {
		again = false
		for _, w := range n.wires {
			for e := range 2 {
				for h := range reach[w.ends[e]] {
					if to := w.ends[1-e]; !reach[to][h] && !refused[to][h] {
						reach[to][h], again = true, true
					}
				}
			}
		}
	}
	for i, s := range n.stores {
		for _, c := range s.log() {
			delete(reach[i], c.Hash)
		}
		maps.DeleteFunc(reach[i], func(h change.Hash, _ bool) bool { return n.isHidden(h, refused) })
		if len(reach[i]) > 0 {
			n.t.Errorf("store %d (%s) has %d changes and lacks %d, such as %s", i, kind(s), len(s.log()), len(reach[i]), slices.Collect(maps.Keys(reach[i]))[0])
		}
	}
}

// isHidden reports whether all that builds on a change is refused somewhere.
// If it was taken to be there, because a filter claimed so or because of what
// was shared before data was lost, nothing makes the one who refuses the others
// ask for it, until something else builds on it.
func (n *network) isHidden(h change.Hash, refused []map[change.Hash]bool) bool {
	hidden := false
	for _, c := range n.all {
		lost := !slices.ContainsFunc(n.stores, func(s store) bool { return slices.Contains(s.log(), c) })
		if lost || !slices.Contains(c.Deps, h) {
			continue
		}
		if !slices.ContainsFunc(refused, func(by map[change.Hash]bool) bool { return by[c.Hash] }) && !n.isHidden(c.Hash, refused) {
			return false
		}
		hidden = true
	}
	return hidden
}

// refused returns what a store refuses of all that was ever made, for its own
// sake or for what comes before it.
func (n *network) refused(s int) map[change.Hash]bool {
	refused := map[change.Hash]bool{}
	o, ok := n.stores[s].(*ours)
	if !ok || len(o.refuses) == 0 {
		return refused
	}
	turns := map[change.ActorID]uint64{} // the first of an actor's changes that is
	byOp := slices.SortedFunc(maps.Values(n.all), func(a, b *change.Change) int {
		return cmp.Or(cmp.Compare(a.StartOp, b.StartOp), cmp.Compare(a.Ops, b.Ops), cmp.Compare(a.Seq, b.Seq))
	})
	for again := true; again; {
		again = false
		for _, c := range byOp {
			first, gap := turns[c.Actor]
			if !refused[c.Hash] && (o.refuses[c.Hash] || gap && c.Seq > first ||
				slices.ContainsFunc(c.Deps, func(dep change.Hash) bool { return refused[dep] })) {
				refused[c.Hash], again = true, true
				if !gap || c.Seq < first {
					turns[c.Actor] = c.Seq
				}
			}
		}
	}
	return refused
}

func kind(s store) string {
	if a, ok := s.(*automerge); ok {
		return fmt.Sprint("Automerge ", int(a.version))
	}
	return "ours"
}

// quiet checks that a settled network stays so when everyone is asked again.
func (n *network) quiet() {
	n.t.Helper()
	for _, w := range n.wires {
		for e := range 2 {
			if _, ok := w.talk[e].(*ourSide); ok && w.talk[e].generate() != nil {
				n.t.Errorf("store %d speaks to %d without a reason", w.ends[e], w.ends[1-e])
			}
		}
	}
}

// populate makes between two and five stores, at least one of ours.
func populate(t testing.TB, r *rand.Rand) []store {
	stores := []store{newOurs(t)}
	for range 1 + r.IntN(4) {
		switch r.IntN(6) {
		case 0:
			stores = append(stores, newAutomerge(js35))
		case 1:
			stores = append(stores, newAutomerge(rust0512))
		default:
			stores = append(stores, newOurs(t))
		}
	}
	for _, s := range stores {
		if o, ok := s.(*ours); ok && r.IntN(2) == 0 {
			o.maxBytes = func() int { return 1 + r.IntN(400) }
		}
	}
	return stores
}

// wireUp makes a star around the first store, a chain, or a mesh, in which
// Automerges talk to ours only.
func (n *network) wireUp() {
	mesh := n.rand.IntN(3)
	for b := 1; b < len(n.stores); b++ {
		for a := range b {
			_, amA := n.stores[a].(*automerge)
			_, amB := n.stores[b].(*automerge)
			if a == 0 || (mesh == 2 || mesh == 1 && a == b-1) && (!amA || !amB) {
				n.connect(a, b)
			}
		}
	}
}

// simulate runs a random story and lets it come to its end.
func simulate(t testing.TB, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	n := newNetwork(t, seed, populate(t, r)...)
	losses, reconnects, refusals := n.rand.IntN(3) == 0, n.coin(), n.rand.IntN(4) == 0
	// An Automerge that has lost data says that it shares with us what it has
	// no longer, and throws when changes come that build on it and are not in
	// their actor's order by deps.
	n.plain = losses && slices.ContainsFunc(n.stores, func(s store) bool { return kind(s) != "ours" })
	for s := range n.stores {
		for range n.rand.IntN(8) {
			n.edit(s)
		}
	}
	n.wireUp()
	for range n.rand.IntN(120) {
		s := n.rand.IntN(len(n.stores))
		switch x := n.rand.IntN(100); {
		case x < 20:
			n.edit(s)
		case x < 23:
			for range n.rand.IntN(30) {
				n.edit(s)
			}
		case x < 26 && reconnects:
			n.reconnect(n.wires[n.rand.IntN(len(n.wires))], n.coin(), n.coin())
		case x < 28 && losses:
			n.lose(s)
		case x < 29 && refusals:
			n.refuse(s)
		default:
			n.step()
		}
	}
	n.settle(n.budget())
	n.expect()
	n.quiet()
}

// refuse makes a change at a store that the first one refuses.
func (n *network) refuse(s int) {
	if o := n.stores[0].(*ours); s != 0 {
		o.refuses[n.edit(s).Hash] = true
	}
}

// TestSimulation lets random networks of our stores and of Automerge's talk,
// lose connections and data, and refuse changes.
func TestSimulation(t *testing.T) {
	if *oneSeed != 0 {
		simulate(t, *oneSeed)
		return
	}
	for seed := uint64(1); seed <= *seeds && !t.Failed(); seed++ {
		simulate(seedTB{t, seed}, seed)
		if t.Failed() {
			t.Logf("run again with -seed=%d", seed)
		}
	}
}

// seedTB adds the seed to what a simulation has to say.
type seedTB struct {
	testing.TB
	seed uint64
}

func (t seedTB) Fatalf(format string, args ...any) {
	t.TB.Fatalf("seed %d: %s", t.seed, fmt.Sprintf(format, args...))
}

func (t seedTB) Errorf(format string, args ...any) {
	t.TB.Errorf("seed %d: %s", t.seed, fmt.Sprintf(format, args...))
}
