package opset_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// Who applies patches one after the other sees what the document says: after
// each transaction, after each batch of others' changes, however large, and in
// any unit. What was rolled back makes none.
func TestPatches(t *testing.T) {
	inSlicesAndTrees(t, func(t *testing.T) {
		for seed := range seeds(300) {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { followed(t, seed) })
		}
	})
	t.Run("all looked at", func(t *testing.T) {
		opset.FewRuns(t, -1<<20)
		for seed := range seeds(100) {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { followed(t, seed) })
		}
	})
}

func followed(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 5))
	w := &scribbler{t, r, opset.New(me)}
	w.set.Observe(true)
	m := newMirror(sequence.Unit(r.IntN(3)))
	for range 12 {
		for range r.IntN(5) {
			w.write()
		}
		w.set.Rollback()
		if patches := w.set.Patches(m.unit, scalar); len(patches) > 0 {
			t.Fatalf("rolled back it makes\n%s", describe(patches))
		}
		saved := w.save()
		for range 1 + r.IntN(6) {
			w.write()
		}
		_, err := w.set.Commit("", 0)
		w.must(err)
		m.follow(t, w.set)
		theirs := [][]*change.Change{w.others(saved, eve), w.others(saved, "somebody else...")}
		for len(theirs[0])+len(theirs[1]) > 0 {
			i := r.IntN(2)
			if len(theirs[i]) == 0 {
				continue
			}
			w.must(w.set.Apply(theirs[i][0]))
			if theirs[i] = theirs[i][1:]; r.IntN(3) == 0 {
				m.follow(t, w.set)
			}
		}
		m.follow(t, w.set)
		w.diffs(m.unit)
	}
}

// follow applies the patches of what has happened.
func (p *mirror) follow(t *testing.T, s *opset.Set) {
	t.Helper()
	patches := s.Patches(p.unit, scalar)
	p.apply(t, patches)
	p.shows(t, s, patches)
}

// Patches of operations that make no sense lead to what the document says, too.
func TestPatchesOfSenselessOperations(t *testing.T) {
	inSlicesAndTrees(t, func(t *testing.T) {
		for seed := range seeds(400) {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 6))
				writers := []*writer{{rand: r, actor: "ada............."}, {rand: r, actor: "bob............."}, {rand: r, actor: "cem............."}}
				s := opset.New(me)
				s.Observe(true)
				m := newMirror(sequence.Unit(r.IntN(3)))
				var all []*change.Change
				for range 30 {
					w := writers[r.IntN(len(writers))]
					if r.IntN(3) == 0 {
						w.learn(writers[r.IntN(len(writers))])
					}
					all = append(all, w.change(t))
					if err := s.Apply(all[len(all)-1]); err != nil {
						t.Fatal(err)
					}
					if r.IntN(3) > 0 {
						m.follow(t, s)
					}
				}
				for range 4 {
					diffed(t, s, m.unit, []change.Hash{all[r.IntN(len(all))].Hash}, []change.Hash{all[r.IntN(len(all))].Hash})
				}
			})
		}
	})
}

// others makes some changes of somebody else.
func (w *scribbler) others(saved []byte, actor change.ActorID) []*change.Change {
	set := load(w.T, saved)
	other := &scribbler{w.T, w.rand, opset.New(actor)}
	chunks, err := set.Changes(nil)
	w.must(err)
	for _, chunk := range chunks {
		c, err := change.ReadHeader(chunk)
		w.must(err)
		w.must(other.set.Apply(c))
	}
	var changes []*change.Change
	for range 1 + w.rand.IntN(4) {
		for range 1 + w.rand.IntN(4) {
			other.write()
		}
		c, err := other.set.Commit("", 0)
		w.must(err)
		changes = append(changes, c)
	}
	return changes
}

// diffs compares the document at some heads with what it was at others.
func (w *scribbler) diffs(u sequence.Unit) {
	w.Helper()
	chunks, err := w.set.Changes(nil)
	w.must(err)
	heads := func() []change.Hash {
		switch w.rand.IntN(4) {
		case 0:
			return w.set.Heads()
		case 1:
			return nil
		}
		c, err := change.ReadHeader(chunks[w.rand.IntN(len(chunks))])
		w.must(err)
		return []change.Hash{c.Hash}
	}
	diffed(w.T, w.set, u, heads(), heads())
}

// diffed verifies the patches between two times.
func diffed(t *testing.T, s *opset.Set, u sequence.Unit, before, after []change.Hash) {
	t.Helper()
	was, err := s.At(before)
	if err != nil {
		t.Fatal(err)
	}
	is, err := s.At(after)
	if err != nil {
		t.Fatal(err)
	}
	patches, err := s.Diff(before, after, u, scalar)
	if err != nil {
		t.Fatal(err)
	}
	m := &mirror{u, said(u, was.Root())}
	m.apply(t, patches)
	m.shows(t, is, patches)
}

// A mark that was put over a letter counts once the letter is gone: the text has
// other marks then, though none was written.
func TestPatchesOfAMarkUnderALetter(t *testing.T) {
	inSlicesAndTrees(t, func(t *testing.T) {
		id := func(counter uint64) change.OpID { return change.OpID{Counter: counter, Actor: eve} }
		letter := func(at uint64, s string) change.Op {
			return change.Op{Obj: id(1), Key: change.ElemKey(id(at)), Insert: true, Action: change.ActionSet, Value: change.Text(s)}
		}
		name := "bold"
		first := letter(2, "b")
		first.Key.Elem = change.OpID{}
		bold := change.Op{
			Obj: id(1), Key: change.ElemKey(change.OpID{}), Insert: true,
			Action: change.ActionMark, MarkName: &name, Value: change.Bool(true),
		}
		s := opset.New(me)
		s.Observe(true)
		m := newMirror(sequence.Points)
		var heads []change.Hash
		for i, ops := range [][]change.Op{
			{
				{Key: change.MapKey("text"), Action: change.ActionMakeText},
				first, letter(2, "o"), bold,
				{Obj: id(1), Key: change.ElemKey(id(2)), Action: change.ActionMark}, // its end
			},
			{{Obj: id(1), Key: change.ElemKey(id(2)), Action: change.ActionDelete, Pred: []change.OpID{id(2)}}},
		} {
			d := change.Draft{Actor: eve, Seq: uint64(i + 1), StartOp: uint64(5*i + 1), Deps: heads, Ops: ops}
			c, err := d.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Apply(c); err != nil {
				t.Fatal(err)
			}
			heads = []change.Hash{c.Hash}
			m.follow(t, s)
		}
	})
}
