package graph_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// gate is an intake and a naive model of what it should do.
type gate struct {
	*world
	t       *rapid.T
	intake  *graph.Intake
	staged  set
	held    set
	refused set
	broken  set // changes that are refused before they can be offered
}

// offer hands in change i, and checks that all fates are as they should be.
func (g *gate) offer(i int) {
	var out []graph.Outcome
	first := graph.Refused
	if g.broken.has(i) {
		out = g.intake.Refuse(g.changes[i].Hash)
	} else {
		first = g.fate(i)
		out = g.intake.Offer(g.changes[i])
		if out[0].Change != g.changes[i] || out[0].Fate != first {
			g.t.Fatalf("change %d is %+v, want %d", i, out[0], first)
		}
		out = out[1:]
	}
	g.note(i, first)
	g.settle()
	for _, o := range out {
		at := g.at[o.Change.Hash]
		want := g.staged.has(at) && o.Fate == graph.Staged ||
			g.refused.has(at) && o.Fate == graph.Refused && errors.Is(o.Err, graph.ErrDescends)
		if !want {
			g.t.Fatalf("change %d, which waited, is %+v", at, o)
		}
	}
	if moved := g.intake.Graph().Staged(); moved > 0 {
		g.intake.Graph().Commit()
	}
}

// fate tells what must become of change i.
func (g *gate) fate(i int) graph.Fate {
	switch {
	case g.refused.has(i) || g.anyDep(i, g.refused.has):
		return graph.Refused
	case g.staged.has(i):
		return graph.Known
	case g.ready(i):
		return graph.Staged
	default:
		return graph.Held
	}
}

func (g *gate) anyDep(i int, is func(int) bool) bool {
	return slices.ContainsFunc(g.changes[i].Deps, func(dep change.Hash) bool { return is(g.at[dep]) })
}

func (g *gate) ready(i int) bool {
	previous := g.previous(i)
	return (previous < 0 || g.staged.has(previous)) && !g.anyDep(i, func(dep int) bool { return !g.staged.has(dep) })
}

func (g *gate) note(i int, fate graph.Fate) {
	switch fate {
	case graph.Staged:
		g.staged.add(i)
	case graph.Held:
		g.held.add(i)
	case graph.Refused:
		g.refused.add(i)
	case graph.Known, graph.Dropped:
	}
}

// settle decides again about what is held until nothing changes.
func (g *gate) settle() {
	for again := true; again; {
		again = false
		for _, i := range g.held.members() {
			if fate := g.fate(i); fate != graph.Held && !g.staged.has(i) && !g.refused.has(i) {
				g.note(i, fate)
				again = true
			}
		}
		for _, i := range g.held.members() {
			if g.staged.has(i) || g.refused.has(i) {
				g.held[i/64] &^= 1 << (i % 64)
			}
		}
	}
}

// check compares what the intake tells with the model.
func (g *gate) check() {
	var bytes int
	var missing []change.Hash
	for _, i := range g.held.members() {
		bytes += g.changes[i].Footprint()
		for _, dep := range g.changes[i].Deps {
			if at := g.at[dep]; !g.staged.has(at) && !g.held.has(at) {
				missing = append(missing, dep)
			}
		}
	}
	missing = slices.Compact(change.SortHashes(missing))
	if held, size := g.intake.Holding(); held != len(g.held.members()) || size != bytes {
		g.t.Fatalf("%d held with %d bytes, want %d with %d", held, size, len(g.held.members()), bytes)
	}
	if got := g.intake.Missing(); !slices.Equal(got, missing) {
		g.t.Fatalf("missing %v, want %v", got, missing)
	}
	if got := g.intake.Graph().Len(); got != len(g.staged.members()) {
		g.t.Fatalf("%d changes, want %d", got, len(g.staged.members()))
	}
	for i, c := range g.changes {
		if g.intake.IsRefused(c.Hash) != g.refused.has(i) {
			g.t.Fatalf("change %d is refused: %t", i, g.intake.IsRefused(c.Hash))
		}
	}
	g.checkNeed()
}

// checkNeed asks what to ask of a neighbour with some random heads.
func (g *gate) checkNeed() {
	var heads, need []change.Hash
	var seen set
	for range g.rand.IntN(4) {
		heads = append(heads, g.changes[g.rand.IntN(len(g.changes))].Hash)
	}
	queue := slices.Clone(heads)
	for ; len(queue) > 0; queue = queue[1:] {
		i := g.at[queue[0]]
		switch {
		case seen.has(i) || g.staged.has(i) || g.refused.has(i):
		case g.held.has(i):
			queue = append(queue, g.changes[i].Deps...)
		default:
			need = append(need, queue[0])
		}
		seen.add(i)
	}
	change.SortHashes(need)
	if got := g.intake.Need(heads); !slices.Equal(got, need) {
		g.t.Fatalf("need %v, want %v", got, need)
	}
}

// TestIntakeEqualsModel offers the changes of random histories in any order,
// some more than once, some broken.
func TestIntakeEqualsModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := &gate{world: drawWorld(rt, t, 60), t: rt, intake: graph.NewIntake(graph.New())}
		if rapid.Bool().Draw(rt, "broken") {
			for range 1 + g.rand.IntN(3) {
				g.broken.add(g.rand.IntN(len(g.changes)))
			}
		}
		order := g.rand.Perm(len(g.changes))
		for _, i := range order {
			g.offer(i)
			if g.rand.IntN(4) == 0 {
				g.offer(g.rand.IntN(len(g.changes)))
			}
			g.check()
		}
		for _, i := range g.staged.members() {
			for _, before := range g.before[i].members() {
				if !g.staged.has(before) {
					rt.Fatalf("change %d is taken before %d", i, before)
				}
			}
		}
	})
}

// chain returns changes of one actor, each on top of the one before.
func chain(t testing.TB, actor change.ActorID, n int) *history {
	h := newHistory(t)
	for range n {
		var deps []int
		if len(h.changes) > 0 {
			deps = []int{len(h.changes) - 1}
		}
		d := h.next(actor, deps)
		d.Ops = []change.Op{put("k")}
		h.add(h.encode(d))
	}
	return h
}

// TestTwinWhileHeld: of two changes with one actor and seq that both wait, one
// is taken.
func TestTwinWhileHeld(t *testing.T) {
	h := chain(t, "a", 3)
	twin := h.encode(&change.Draft{Actor: "a", Seq: 3, StartOp: 9, Deps: h.changes[2].Deps, Ops: []change.Op{put("other")}})
	in := graph.NewIntake(graph.New())
	for _, c := range []*change.Change{twin, h.changes[2], h.changes[1]} {
		if out := in.Offer(c); len(out) != 1 || out[0].Fate != graph.Held {
			t.Fatalf("%+v", out)
		}
	}
	out := in.Offer(h.changes[0])
	if len(out) != 4 || in.Graph().Staged() != 3 {
		t.Fatalf("%d outcomes, %d staged", len(out), in.Graph().Staged())
	}
	if last := out[3]; last.Fate != graph.Refused || !errors.Is(last.Err, graph.ErrTwin) || !in.IsRefused(last.Change.Hash) {
		t.Errorf("the twin is %+v", last)
	}
}

// TestKnownReleases: what waits for a change that was staged behind the
// intake's back is let go when that is offered.
func TestKnownReleases(t *testing.T) {
	h := chain(t, "a", 2)
	in := graph.NewIntake(graph.New())
	in.Offer(h.changes[1])
	if err := in.Graph().Stage(h.changes[0]); err != nil {
		t.Fatal(err)
	}
	if out := in.Offer(h.changes[0]); len(out) != 2 || out[0].Fate != graph.Known || out[1].Fate != graph.Staged {
		t.Errorf("%+v", out)
	}
}

// TestHoldbackIsBounded: beyond the quota changes are dropped, and there is
// room again when what is held goes.
func TestHoldbackIsBounded(t *testing.T) {
	h := chain(t, "a", graph.MaxHeldChanges+2)
	in := graph.NewIntake(graph.New())
	for i, c := range h.changes[1:] {
		want := graph.Held
		if i >= graph.MaxHeldChanges {
			want = graph.Dropped
		}
		if out := in.Offer(c); out[0].Fate != want {
			t.Fatalf("change %d is %+v", i+1, out[0])
		}
	}
	if out := in.Offer(h.changes[0]); len(out) != graph.MaxHeldChanges+1 {
		t.Errorf("%d outcomes", len(out))
	}
	if held, bytes := in.Holding(); held != 0 || bytes != 0 {
		t.Errorf("%d changes with %d bytes are held", held, bytes)
	}
	if out := in.Offer(h.changes[graph.MaxHeldChanges+1]); out[0].Fate != graph.Staged {
		t.Errorf("the dropped change is %+v", out[0])
	}
}

// TestRefusedIsBounded: the oldest refusals are forgotten.
func TestRefusedIsBounded(t *testing.T) {
	in := graph.NewIntake(graph.New())
	const many = 10_000
	for i := range many + 10 {
		in.Refuse(change.Hash{byte(i), byte(i >> 8), byte(i >> 16), 1})
	}
	for i := range many + 10 {
		if want := i >= 10; in.IsRefused(change.Hash{byte(i), byte(i >> 8), byte(i >> 16), 1}) != want {
			t.Fatalf("refusal %d is remembered: %t", i, !want)
		}
	}
}
