package graph_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// drawWorld makes a history of some changes. Few actors make long branches,
// many make a thicket.
func drawWorld(t *rapid.T, tb testing.TB, most int) *world {
	w := newWorld(tb, rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 12).Draw(t, "actors"))
	w.merging = rapid.SampledFrom([]float64{0, 0.02, 0.3, 0.7}).Draw(t, "merging")
	w.empty = rapid.SampledFrom([]float64{0, 0.2}).Draw(t, "empty")
	w.detaching = rapid.SampledFrom([]float64{0, 0.05, 0.3}).Draw(t, "detaching")
	for range rapid.IntRange(1, most).Draw(t, "changes") {
		w.step()
	}
	return w
}

// log is a graph and what it should hold.
type log struct {
	*world
	t         *rapid.T
	graph     *graph.Graph
	committed []int // indices into the world's changes, in log order
	staged    []int
}

func (l *log) set(indices []int) set {
	var s set
	for _, i := range indices {
		s.add(i)
	}
	return s
}

// stage offers change i and checks the answer.
func (l *log) stage(i int) {
	all := l.set(slices.Concat(l.committed, l.staged))
	var want error
	switch {
	case all.has(i):
		want = graph.ErrKnown
	case slices.ContainsFunc(l.before[i].members(), func(b int) bool { return b != i && !all.has(b) }):
		want = graph.ErrMissing
	}
	if err := l.graph.Stage(l.changes[i]); !errors.Is(err, want) {
		l.t.Fatalf("stage %d: %v, want %v", i, err, want)
	}
	if want == nil {
		l.staged = append(l.staged, i)
	}
}

// forge offers a change that breaks a rule.
func (l *log) forge() {
	in := slices.Concat(l.committed, l.staged)
	if len(in) == 0 {
		return
	}
	i := in[l.rand.IntN(len(in))]
	real := l.changes[i]
	d := &change.Draft{Actor: real.Actor, Seq: real.Seq, StartOp: real.StartOp, Deps: real.Deps, Message: "twin"}
	l.refuses(d, graph.ErrTwin)

	own := l.set(in)
	d = l.nextWithin(own, i)
	if d.StartOp > 1 {
		d.StartOp--
		l.refuses(d, graph.ErrStartOp)
		d.StartOp++
	}
	d.StartOp++ // a gap, and no operation after it
	l.refuses(d, graph.ErrStartOp)
	d.StartOp--
	past := l.pastOf(d)
	for _, other := range in {
		if ids := l.ids(other); len(ids) > 0 && !past.has(other) && ids[0].Counter < d.StartOp {
			d.Ops = []change.Op{put("x", append(l.someIDs(d), ids[l.rand.IntN(len(ids)):][:1]...)...)}
			if slices.ContainsFunc(d.Ops[0].Pred, func(id change.OpID) bool { return id.Counter >= d.StartOp }) {
				continue
			}
			l.refuses(d, graph.ErrUnknownOp)
			return
		}
	}
}

// nextWithin drafts a next change of some actor on top of change i, as a store
// would that holds just what the graph does.
func (l *log) nextWithin(own set, i int) *change.Draft {
	actor := l.names[l.rand.IntN(len(l.names))]
	d := &change.Draft{Actor: actor, Seq: 1, StartOp: l.changes[i].MaxOp() + 1, Deps: []change.Hash{l.changes[i].Hash}}
	for _, of := range l.actors[actor] {
		if own.has(of) {
			d.Seq++
			d.StartOp = max(d.StartOp, l.changes[of].MaxOp()+1)
		}
	}
	return d
}

func (l *log) refuses(d *change.Draft, want error) {
	before := l.graph.Dump()
	if err := l.graph.Stage(l.encode(d)); !errors.Is(err, want) {
		l.t.Fatalf("stage %+v: %v, want %v", d, err, want)
	}
	if l.graph.Dump() != before {
		l.t.Fatalf("a refused change left traces")
	}
}

func (l *log) commit() {
	l.graph.Commit()
	l.committed = append(l.committed, l.staged...)
	l.staged = nil
}

func (l *log) rollback() {
	l.graph.Rollback()
	l.staged = nil
	if got, want := l.graph.Dump(), l.restored().Dump(); got != want {
		l.t.Fatalf("after a rollback:\n%s\nwant\n%s", got, want)
	}
}

// restored reads the committed log into a new graph.
func (l *log) restored() *graph.Graph {
	g := graph.New()
	for _, i := range l.committed {
		if err := g.Restore(l.changes[i]); err != nil {
			l.t.Fatal(err)
		}
	}
	return g
}

// check compares all that the graph tells with the model.
func (l *log) check() {
	g, all := l.graph, l.set(l.committed)
	if g.Len() != len(l.committed) || g.Staged() != len(l.staged) {
		l.t.Fatalf("%d committed, %d staged; want %d and %d", g.Len(), g.Staged(), len(l.committed), len(l.staged))
	}
	if want := l.hashes(l.heads(all)); !slices.Equal(g.Heads(), want) {
		l.t.Fatalf("heads %v, want %v", g.Heads(), want)
	}
	for i, c := range l.changes {
		place := slices.Index(l.committed, i)
		at, ok := g.Index(c.Hash)
		if ok != (place >= 0) || ok != g.Has(c.Hash) || ok && at != place {
			l.t.Fatalf("change %d is at %d %t, want %d", i, at, ok, place)
		}
		if ok {
			l.checkNode(place)
		}
	}
	for range 4 {
		l.checkBase()
	}
}

func (l *log) checkNode(place int) {
	i := l.committed[place]
	if l.graph.Hash(place) != l.changes[i].Hash || l.graph.Size(place) != len(l.changes[i].Bytes()) {
		l.t.Fatalf("change %d has another hash or size", i)
	}
	previous, detached := l.graph.DetachedFrom(place)
	if want := l.detached(i); detached != want || want && l.committed[previous] != l.previous(i) {
		l.t.Fatalf("change %d is detached from %d %t, want %d %t", i, previous, detached, l.previous(i), want)
	}
	var parents []change.Hash
	for _, p := range l.graph.Parents(place) {
		parents = append(parents, l.graph.Hash(int(p)))
	}
	if !slices.Equal(parents, l.changes[i].Deps) {
		l.t.Fatalf("change %d has other parents", i)
	}
}

// checkBase asks about some random changes, of which the graph may not know
// all.
func (l *log) checkBase() {
	all := l.set(l.committed)
	var base []change.Hash
	var here []int
	for range l.rand.IntN(5) {
		i := l.rand.IntN(len(l.changes))
		base = append(base, l.changes[i].Hash)
		if all.has(i) {
			here = append(here, i)
		}
	}
	covered := l.closure(here)
	var lacking []int
	for place, i := range l.committed {
		if !covered.has(i) {
			lacking = append(lacking, place)
		}
		if beyond := len(l.graph.Beyond(l.hashes([]int{i}), base)) == 1; beyond == covered.has(i) {
			l.t.Fatalf("change %d is beyond the base: %t", place, beyond)
		}
	}
	if got := l.graph.Lacking(base); !slices.Equal(got, lacking) {
		l.t.Fatalf("lacking %v, want %v", got, lacking)
	}
	of := l.committed[:min(len(l.committed), l.rand.IntN(3))]
	inOf := l.closure(of)
	want := slices.DeleteFunc(slices.Clone(lacking), func(place int) bool { return !inOf.has(l.committed[place]) })
	if got := l.graph.LackingOf(l.hashes(of), base); !slices.Equal(got, want) {
		l.t.Fatalf("of %v lacking %v, want %v", of, got, want)
	}
	var frontier []int
	for _, i := range here {
		if !slices.Contains(frontier, i) && !slices.ContainsFunc(here, func(o int) bool { return o != i && l.before[o].has(i) }) {
			frontier = append(frontier, i)
		}
	}
	if got, want := l.graph.Frontier(base), l.hashes(frontier); !slices.Equal(got, want) {
		l.t.Fatalf("frontier %v, want %v", got, want)
	}
	l.checkWithout(lacking)
	l.checkBatches(covered, lacking)
}

// checkWithout leaves out some changes, and with them what comes after them.
func (l *log) checkWithout(lacking []int) {
	var refused []int
	for range min(len(lacking), l.rand.IntN(3)) {
		refused = append(refused, l.committed[lacking[l.rand.IntN(len(lacking))]])
	}
	want := slices.DeleteFunc(slices.Clone(lacking), func(place int) bool {
		return slices.ContainsFunc(refused, l.before[l.committed[place]].has)
	})
	if got := l.graph.Without(lacking, l.hashes(refused)); !slices.Equal(got, want) {
		l.t.Fatalf("without %v there are %v of %v, want %v", refused, got, lacking, want)
	}
}

// checkBatches sends changes in messages to a receiver that has what the base
// covers.
func (l *log) checkBatches(has set, indices []int) {
	maxBytes := 1 + l.rand.IntN(1000)
	for len(indices) > 0 {
		send := l.graph.Deliverable(indices)
		if len(send) == 0 {
			l.t.Fatalf("nothing of %v can be delivered", indices)
		}
		n := l.graph.FirstBatch(send, maxBytes)
		if n < 1 || n > len(send) {
			l.t.Fatalf("a batch of %d of %d", n, len(send))
		}
		size, before := 0, l.closure(has.members())
		for _, place := range send[:n] {
			size += l.graph.Size(place)
			i := l.committed[place]
			if l.detached(i) && !before.has(l.previous(i)) {
				l.t.Fatalf("change %d travels before its actor's previous one has arrived", place)
			}
			for _, dep := range l.changes[i].Deps {
				if !has.has(l.at[dep]) {
					l.t.Fatalf("change %d travels before its dep", place)
				}
			}
			has.add(i)
		}
		if n > 1 && size > maxBytes {
			l.t.Fatalf("a batch of %d bytes, at most %d", size, maxBytes)
		}
		indices = slices.DeleteFunc(indices, func(place int) bool { return has.has(l.committed[place]) })
	}
}

// TestGraphEqualsModel stages, commits and rolls back the changes of random
// histories in random log orders, and compares all that a graph tells with
// plain sets.
func TestGraphEqualsModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := &log{world: drawWorld(rt, t, 60), t: rt, graph: graph.New()}
		order := l.shuffled(l.rand)
		for next := 0; next < len(order); {
			switch l.rand.IntN(12) {
			case 0:
				l.rollback()
			case 1:
				l.commit()
			case 2:
				l.forge()
			case 3:
				l.stage(l.rand.IntN(len(l.changes))) // more often than not it is not its turn
				if n := len(l.staged); n > 0 && l.staged[n-1] != order[next] {
					if at := slices.Index(order[next:], l.staged[n-1]); at > 0 {
						order = slices.Insert(slices.Delete(order, next+at, next+at+1), next, l.staged[n-1])
					}
				}
			default:
				l.stage(order[next])
			}
			next = len(l.committed) + len(l.staged)
			if l.rand.IntN(20) == 0 {
				l.check()
			}
		}
		l.commit()
		l.check()
		if l.graph.Dump() != l.restored().Dump() {
			rt.Fatalf("staging and restoring differ")
		}
	})
}

// TestPastOfLongBranches is TestGraphEqualsModel for histories that are long
// enough for many clocks.
func TestPastOfLongBranches(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := &log{world: newWorld(t, rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(2, 40).Draw(rt, "actors")), t: rt, graph: graph.New()}
		l.merging = rapid.SampledFrom([]float64{0, 0.01, 0.1, 0.4}).Draw(rt, "merging")
		l.detaching = rapid.SampledFrom([]float64{0, 0.01}).Draw(rt, "detaching")
		for range rapid.IntRange(1, 500).Draw(rt, "changes") {
			l.step()
		}
		order := l.shuffledRoughly()
		for n, i := range order {
			l.stage1(i)
			if n%100 == 99 {
				l.forge()
				l.checkBase()
			}
			l.commit()
		}
		l.checkBase()
	})
}

// stage1 stages a change that is bound to be taken.
func (l *log) stage1(i int) {
	if err := l.graph.Stage(l.changes[i]); err != nil {
		l.t.Fatalf("stage %d: %v", i, err)
	}
	l.staged = append(l.staged, i)
}

// shuffledRoughly returns the changes actor by actor as far as that goes: the
// log of a store that takes in one offline branch after another.
func (l *log) shuffledRoughly() []int {
	if l.rand.IntN(2) == 0 {
		order := make([]int, len(l.changes))
		for i := range order {
			order[i] = i
		}
		return order
	}
	var order []int
	var done set
	for _, last := range rand.New(rand.NewPCG(l.rand.Uint64(), 0)).Perm(len(l.changes)) {
		for _, i := range l.before[last].members() {
			if !done.has(i) {
				done.add(i)
				order = append(order, i)
			}
		}
	}
	return order
}
