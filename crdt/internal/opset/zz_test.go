package opset_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
)

func zlearn(t *testing.T, w *writer, c *change.Change) {
	for op, err := range c.Operations() {
		if err != nil {
			t.Fatal(err)
		}
		w.known = append(w.known, op.ID)
		if op.Insert {
			w.elems = append(w.elems, op.ID)
		}
		switch op.Action {
		case change.ActionMakeMap, change.ActionMakeList, change.ActionMakeText:
			w.objects = append(w.objects, op.ID)
		}
	}
	w.maxOp = max(w.maxOp, c.MaxOp())
	w.heads = []change.Hash{c.Hash}
}

func TestZSenselessLife(t *testing.T) {
	n := uint64(300)
	if s := os.Getenv("ZN"); s != "" {
		n, _ = strconv.ParseUint(s, 10, 64)
	}
	inSlicesAndTrees(t, func(t *testing.T) {
		for seed := range n {
			t.Run(fmt.Sprint(seed), func(t *testing.T) { zsenseless(t, seed) })
		}
	})
}

func zsenseless(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 77))
	w := &scribbler{t, r, opset.New(me)}
	var changes []*change.Change
	common := &writer{rand: r, actor: "common-ancestor!"}
	for range 3 {
		for range 10 {
			w.write()
		}
		c, err := w.set.Commit("", 0)
		w.must(err)
		changes = append(changes, c)
		zlearn(t, common, c)
	}
	s := load(t, w.save()) // not rebuilt
	a := &writer{rand: r, actor: "ada............."}
	a.learn(common)
	b := &writer{rand: r, actor: "bob............."}
	b.learn(common)
	type moment struct {
		heads []change.Hash
		said  string
		n     int
	}
	var past []moment
	closedOK := func(err error) bool { return errors.Is(err, opset.ErrClosed) }
	for step := range 10 {
		x := []*writer{a, b}[r.IntN(2)]
		if r.IntN(4) == 0 {
			x.learn([]*writer{b, a}[r.IntN(2)])
		}
		c := x.change(t)
		observed := r.IntN(3) == 0
		s.Observe(observed)
		if err := s.Apply(c); err != nil {
			t.Fatal(step, err)
		}
		changes = append(changes, c)
		want := apply(t, changes)
		said := content(want.Root())
		if got := content(s.Root()); got != said {
			t.Fatalf("step %d\n%s\nwant\n%s", step, got, said)
		}
		past = append(past, moment{s.Heads(), said, len(changes)})
		switch r.IntN(6) {
		case 0: // write and take back
			y := &scribbler{t, r, s}
			for range 5 {
				y.write()
			}
			s.Rollback()
			if got := content(s.Root()); got != said {
				t.Fatalf("rolled back %d\n%s\nwant\n%s", step, got, said)
			}
		case 1: // save
			saved, err := s.Save()
			if err != nil {
				t.Fatal(err)
			}
			s = reload(t, saved)
			if got := content(s.Root()); got != said {
				t.Fatalf("reloaded %d\n%s\nwant\n%s", step, got, said)
			}
		case 2:
			y := &scribbler{t, r, s}
			for range 3 {
				y.write()
			}
			before := s.Heads()
			c, err := s.Commit("", 0)
			w.must(err)
			_ = before
			changes = append(changes, c)
			if got, want := content(s.Root()), content(apply(t, changes).Root()); got != want {
				t.Fatalf("wrote %d\n%s\nwant\n%s", step, got, want)
			}
		case 3:
			m := past[r.IntN(len(past))]
			p, err := s.At(m.heads)
			if closedOK(err) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := content(p.Root()); got != m.said {
				t.Fatalf("past %d\n%s\nwant\n%s", step, got, m.said)
			}
			f, err := s.Fork("fork............", m.heads)
			if err != nil {
				t.Fatal(err)
			}
			y := &scribbler{t, r, f}
			for range 3 {
				y.write()
			}
			fc, err := f.Commit("", 0)
			w.must(err)
			saved, err := f.Save()
			w.must(err)
			g := reload(t, saved)
			if got, want := content(g.Root()), content(f.Root()); got != want {
				t.Fatalf("fork reloaded %d\n%s\nwant\n%s", step, got, want)
			}
			h := apply(t, append(slices.Clone(changes[:m.n]), fc))
			if got, want := content(g.Root()), content(h.Root()); got != want {
				t.Fatalf("fork against applied %d\n%s\nwant\n%s", step, got, want)
			}
		case 4:
			if err := s.Verify(); err != nil && !closedOK(err) {
				t.Fatal(err)
			}
		case 5:
			got, err := s.Changes(nil)
			if closedOK(err) {
				continue
			}
			w.must(err)
			var all [][]byte
			for _, c := range changes {
				all = append(all, c.Bytes())
			}
			if len(got) != len(all) {
				t.Fatal(len(got), len(all))
			}
			for i := range got {
				if !bytes.Equal(got[i], all[i]) && !slices.ContainsFunc(all, func(b []byte) bool { return bytes.Equal(b, got[i]) }) {
					t.Fatal("other change")
				}
			}
		}
	}
}
