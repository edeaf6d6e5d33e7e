package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// scribe stages changes of made-up actors without keeping what came before, so
// that histories can be long.
type scribe struct {
	t     testing.TB
	graph *graph.Graph
	last  map[change.ActorID]*change.Change
}

func newScribe(t testing.TB) *scribe {
	return &scribe{t: t, graph: graph.New(), last: map[change.ActorID]*change.Change{}}
}

// draft makes an actor's next change on top of others. It replaces what those
// wrote, or names nothing.
func (s *scribe) draft(actor change.ActorID, names bool, on ...*change.Change) *change.Change {
	d := &change.Draft{Actor: actor, Seq: 1, StartOp: 1}
	if last := s.last[actor]; last != nil {
		d.Seq, d.StartOp = last.Seq+1, last.MaxOp()+1
	}
	var pred []change.OpID
	for _, c := range on {
		d.Deps = append(d.Deps, c.Hash)
		d.StartOp = max(d.StartOp, c.MaxOp()+1)
		if names {
			pred = append(pred, change.OpID{Counter: c.MaxOp(), Actor: c.Actor})
		}
	}
	d.Ops = []change.Op{put("k", pred...)}
	c, err := d.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *scribe) write(actor change.ActorID, names bool, on ...*change.Change) *change.Change {
	c := s.draft(actor, names, on...)
	if err := s.graph.Stage(c); err != nil {
		s.t.Fatal(err)
	}
	s.graph.Commit()
	s.last[actor] = c
	return c
}

// tips are the newest changes of the first actors.
func (s *scribe) tips(actors int) []*change.Change {
	var tips []*change.Change
	for a := range actors {
		if c := s.last[name(a)]; c != nil {
			tips = append(tips, c)
		}
	}
	return tips
}

func name(a int) change.ActorID { return change.ActorID(fmt.Sprintf("actor-%05d", a)) }

// shapes are ways in which people write one document. Each makes the n-th
// change of a history.
var shapes = map[string]func(s *scribe, r *rand.Rand, n int){
	// Two that never hear of each other.
	"two branches": func(s *scribe, _ *rand.Rand, n int) {
		s.write(name(n%2), true, s.own(n%2)...)
	},
	// Many that never hear of each other.
	"fifty branches": func(s *scribe, _ *rand.Rand, n int) {
		s.write(name(n%50), true, s.own(n%50)...)
	},
	// Five who write at once, and hear of each other after a while.
	"live": func(s *scribe, r *rand.Rand, n int) {
		a := r.IntN(5)
		on := s.own(a)
		if other := s.last[name(r.IntN(5))]; other != nil && r.IntN(3) == 0 && !slices.Contains(on, other) {
			on = append(on, other)
		}
		s.write(name(a), true, on...)
	},
	// One who comes back from an island now and then, while another writes.
	"island": func(s *scribe, _ *rand.Rand, n int) {
		switch {
		case n%1000 == 999:
			s.write(name(0), true, s.tips(2)...)
		case n%3 == 0:
			s.write(name(1), true, s.own(1)...)
		default:
			s.write(name(0), true, s.own(0)...)
		}
	},
	// A chain of changes that name nothing, and forks from all over it.
	"forks": func(s *scribe, r *rand.Rand, n int) {
		if n == 0 {
			s.write("root", false)
		}
		on := s.own(0)
		if n == 1 {
			on = nil
		}
		if c := s.write(name(0), false, on...); n%10 == 0 || s.last["fork"] == nil {
			s.last["fork"] = c
		}
		if n%3 == 0 {
			s.write(change.ActorID(fmt.Sprint("fork", n)), true, s.last["fork"])
		}
	},
}

func (s *scribe) own(a int) []*change.Change {
	if c := s.last[name(a)]; c != nil {
		return []*change.Change{c}
	}
	return nil
}

// TestAppendCost: what an append looks at doesn't grow with the history, and
// what is kept to that end stays below a few numbers per change.
func TestAppendCost(t *testing.T) {
	for shape, write := range shapes {
		t.Run(shape, func(t *testing.T) {
			s, r := newScribe(t), rand.New(rand.NewPCG(1, 1))
			n := 0
			perAppend := func(until int) float64 {
				for ; n < until-1000; n++ {
					write(s, r, n)
				}
				before, length := s.graph.Visits(), s.graph.Len()
				for ; n < until; n++ {
					write(s, r, n)
				}
				return float64(s.graph.Visits()-before) / float64(s.graph.Len()-length)
			}
			short, long := perAppend(2000), perAppend(20_000)
			clocks, entries := s.graph.Clocks()
			t.Logf("%.1f nodes per append, %.1f in a long history; %d clocks with %d numbers for %d changes",
				short, long, clocks, entries, s.graph.Len())
			if most := 4.0 * graph.ClockGap; short > most || long > most {
				t.Errorf("%.1f and %.1f nodes per append, at most %.0f", short, long, most)
			}
			if entries > 4*s.graph.Len() {
				t.Errorf("%d numbers are kept", entries)
			}
			s.checkQuestions()
		})
	}
}

// checkQuestions counts what answers cost about what has just been written.
func (s *scribe) checkQuestions() {
	base := s.graph.Heads()
	length := s.graph.Len()
	s.write("last", true, s.tips(1)...)
	for question, ask := range map[string]func() int{
		"lacking": func() int { return len(s.graph.Lacking(base)) },
		"frontier": func() int {
			return 1 + slices.Compare(hashTexts(s.graph.Frontier(append(base, s.last["last"].Hash))), hashTexts(s.graph.Heads()))
		},
		"beyond": func() int { return len(s.graph.Beyond([]change.Hash{s.last["last"].Hash}, base)) },
	} {
		before := s.graph.Visits()
		if got := ask(); got != 1 {
			s.t.Errorf("%s answers %d of %d", question, got, length)
		}
		if visits := s.graph.Visits() - before; visits > uint64(4*graph.ClockGap*(len(base)+1)) {
			s.t.Errorf("%s looks at %d nodes, with %d heads", question, visits, len(base))
		}
	}
}

func hashTexts(hashes []change.Hash) []string {
	texts := make([]string, len(hashes))
	for i, h := range hashes {
		texts[i] = h.String()
	}
	return texts
}

// TestHeadsAreBounded: a document can't get more heads than a message holds.
func TestHeadsAreBounded(t *testing.T) {
	s := newScribe(t)
	for a := range graph.MaxHeads {
		s.write(name(a), false)
	}
	if err := s.graph.Stage(s.draft("one more", false)); err == nil {
		t.Fatal("one head more is taken")
	}
	c := s.write("merger", true, s.tips(100)...)
	s.write("one more", false)
	if heads := len(s.graph.Heads()); heads != graph.MaxHeads-98 {
		t.Errorf("%d heads", heads)
	}
	s.write(name(0), true, c) // it takes the place of c
}

// TestReverseOrder: changes that come last first wait, each under one thing,
// and cost no more each if there are more of them.
func TestReverseOrder(t *testing.T) {
	perChange := func(n int) float64 {
		h := chain(t, "a", n)
		return testing.AllocsPerRun(1, func() {
			in := graph.NewIntake(graph.New())
			for _, c := range slices.Backward(h.changes) {
				in.Offer(c)
				in.Need(nil)
			}
			if in.Graph().Staged() != n {
				t.Fatalf("%d staged", in.Graph().Staged())
			}
		}) / float64(n)
	}
	if few, many := perChange(500), perChange(10_000); many > 1.2*few {
		t.Errorf("%.1f allocations per change, %.1f if there are many", few, many)
	}
}

// TestNeedIsBounded: however much waits, asking looks at a part only, and asks
// for what is missing.
func TestNeedIsBounded(t *testing.T) {
	h := chain(t, "a", graph.MaxHeldChanges)
	in := graph.NewIntake(graph.New())
	for _, c := range h.changes[1:] {
		in.Offer(c)
	}
	heads := []change.Hash{h.changes[len(h.changes)-1].Hash}
	if need := in.Need(heads); !slices.Equal(need, []change.Hash{h.changes[0].Hash}) {
		t.Errorf("need %v", need)
	}
	many := make([]change.Hash, 3*graph.MaxNeed)
	for i := range many {
		many[i] = change.Hash{byte(i), byte(i >> 8), byte(i >> 16), 1}
	}
	if need := in.Need(many); len(need) != graph.MaxNeed || !slices.IsSortedFunc(need, change.Hash.Compare) {
		t.Errorf("%d are asked for at once", len(need))
	}
}
