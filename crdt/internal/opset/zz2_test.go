package opset_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

func TestZMarkPatches(t *testing.T) {
	inSlicesAndTrees(t, func(t *testing.T) {
		for seed := range uint64(8000) {
			if !t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { zmarks(t, seed) }) {
				return
			}
		}
	})
}

func zmarks(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 6))
	s := opset.New(me)
	s.Observe(true)
	m := newMirror(sequence.Unit(r.IntN(3)))
	ada := change.ActorID("ada.............")
	seq, op := uint64(0), uint64(1)
	text := change.OpID{Counter: 1, Actor: ada}
	var heads []change.Hash
	elems, ops := []change.OpID{{}}, []change.OpID{}
	apply := func(list ...change.Op) {
		seq++
		d := change.Draft{Actor: ada, Seq: seq, StartOp: op, Deps: heads, Ops: list}
		c, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		op += uint64(len(list))
		heads = []change.Hash{c.Hash}
		if err := s.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	apply(change.Op{Action: change.ActionMakeText, Key: change.MapKey("t")})
	m.follow(t, s)
	for range 40 {
		var list []change.Op
		n := op
		for range 1 + r.IntN(3) {
			id := change.OpID{Counter: n, Actor: ada}
			o := change.Op{Obj: text, Key: change.ElemKey(elems[r.IntN(len(elems))])}
			o.Insert = o.Key.Elem.IsZero() || r.IntN(2) == 0
			switch r.IntN(5) {
			case 0, 1:
				o.Action, o.Value = change.ActionSet, change.Text([]string{"x", "é", "lo𝄞"}[r.IntN(3)])
			case 2, 3:
				o.Action = change.ActionMark
				if r.IntN(2) == 0 {
					name := "bold"
					o.MarkName, o.Value = &name, change.Bool(true)
				}
			case 4:
				if len(ops) == 0 {
					continue
				}
				o.Action, o.Insert = change.ActionDelete, false
				o.Pred = []change.OpID{ops[r.IntN(len(ops))]}
				if o.Key.Elem.IsZero() {
					continue
				}
			}
			if !o.Insert && o.Action != change.ActionDelete && r.IntN(3) == 0 && len(ops) > 0 {
				o.Pred = []change.OpID{ops[r.IntN(len(ops))]}
			}
			if o.Insert {
				elems = append(elems, id)
			}
			if o.Action != change.ActionDelete {
				ops = append(ops, id)
			}
			list = append(list, o)
			n++
		}
		if len(list) == 0 {
			continue
		}
		apply(list...)
		if r.IntN(3) > 0 {
			m.follow(t, s)
		}
		if r.IntN(6) == 0 {
			m.follow(t, s)
			w := &scribbler{t, r, s}
			for range 3 {
				w.write()
			}
			s.Rollback()
			s.Patches(m.unit, scalar)
		}
	}
	m.follow(t, s)
	_ = slices.Max([]int{1})
}
