package graph_test

import (
	"errors"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
)

// TestReservedActor: an actor that is reserved for skeletons is refused to all
// else, whether it is known already or not.
func TestReservedActor(t *testing.T) {
	h := newHistory(t)
	g := graph.New()
	for _, d := range []change.Draft{
		{Actor: "gsk1" + "0123456789abcdef", Seq: 1, StartOp: 1, Ops: []change.Op{put("k")}},
		{Actor: "gsk1" + "0123456789abcdef", Seq: 2, StartOp: 2, Deps: []change.Hash{{1}}},
	} {
		if err := g.Stage(h.encode(&d)); !errors.Is(err, graph.ErrSkeleton) {
			t.Errorf("seq %d: %v", d.Seq, err)
		}
	}
}

// TestRefProgressions: ids that a change names in one progression must all be
// there, however they lie in the changes that hold them.
func TestRefProgressions(t *testing.T) {
	h := newHistory(t)
	// Operations 1–4, then 7–9: a gap where another actor's lie.
	first := h.add(h.encode(&change.Draft{Actor: "a", Seq: 1, StartOp: 1, Ops: []change.Op{put("1"), put("2"), put("3"), put("4")}}))
	other := h.add(h.encode(&change.Draft{Actor: "b", Seq: 1, StartOp: 5, Deps: h.hashes([]int{first}), Ops: []change.Op{put("5"), put("6")}}))
	last := h.add(h.encode(&change.Draft{Actor: "a", Seq: 2, StartOp: 7, Deps: h.hashes([]int{other}), Ops: []change.Op{put("7"), put("8"), put("9")}}))
	for _, test := range []struct {
		preds []uint64
		ok    bool
	}{
		{[]uint64{1}, true},
		{[]uint64{9}, true},
		{[]uint64{1, 2, 3, 4}, true},
		{[]uint64{1, 2, 3, 4, 5}, false},
		{[]uint64{1, 4, 7}, true},
		{[]uint64{2, 4, 6}, false},
		{[]uint64{3, 9}, true},
		{[]uint64{6}, false},
		{[]uint64{1, 2, 4, 7, 8, 9}, true},
		{[]uint64{10}, false},
	} {
		g := graph.New()
		for _, c := range h.changes {
			if err := g.Stage(c); err != nil {
				t.Fatal(err)
			}
		}
		d := change.Draft{Actor: "c", Seq: 1, StartOp: 20, Deps: h.hashes([]int{last})}
		var pred []change.OpID
		for _, counter := range test.preds {
			pred = append(pred, change.OpID{Counter: counter, Actor: "a"})
		}
		d.Ops = []change.Op{put("k", pred...)}
		// Down the same ids too, one operation each.
		for i := range pred {
			d.Ops = append(d.Ops, put("k", pred[len(pred)-1-i]))
		}
		err := g.Stage(h.encode(&d))
		if test.ok && err != nil || !test.ok && !errors.Is(err, graph.ErrUnknownOp) {
			t.Errorf("%v: %v", test.preds, err)
		}
	}
}

// TestRestoreRefuses: a log that is out of order is a damaged one.
func TestRestoreRefuses(t *testing.T) {
	h := chain(t, "a", 3)
	for name, log := range map[string][]int{
		"twice":         {0, 0},
		"a missing dep": {1},
		"a gap":         {0, 2},
	} {
		g := graph.New()
		var err error
		for _, i := range log {
			if err = g.Restore(h.changes[i]); err != nil {
				break
			}
		}
		if !errors.Is(err, graph.ErrOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
