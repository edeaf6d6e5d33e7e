package opset_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// The past of a document is what comes of applying no other changes, sensible
// or not: it says the same, and, with its history, saves the same and can be
// written to.
func TestPast(t *testing.T) {
	for seed := range seeds(200) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			writers := []*writer{{rand: r, actor: "ada............."}, {rand: r, actor: "bob............."}, {rand: r, actor: "cem............."}}
			var all []*change.Change
			for range 25 {
				w := writers[r.IntN(len(writers))]
				if r.IntN(3) == 0 {
					w.learn(writers[r.IntN(len(writers))])
				}
				all = append(all, w.change(t))
			}
			whole := apply(t, all)
			if r.IntN(2) == 0 {
				saved, err := whole.Save()
				if err != nil {
					t.Fatal(err)
				}
				whole = reload(t, saved)
			}
			for range 5 {
				heads := []change.Hash{all[r.IntN(len(all))].Hash, all[r.IntN(len(all))].Hash}
				want := apply(t, past(all, heads))
				read, err := whole.At(heads)
				if err != nil {
					t.Fatal(err)
				}
				samePast(t, read, want)
				forked, err := whole.Fork(me, heads)
				if err != nil {
					t.Fatal(err)
				}
				samePast(t, forked, want)
				for _, s := range []*opset.Set{forked, want} {
					if err := s.Put(s.Root(), "b", change.Text("written")); err != nil {
						t.Fatal(err)
					}
					if _, err := s.Commit("", 0); err != nil {
						t.Fatal(err)
					}
				}
				samePast(t, forked, want)
				sameSaved(t, forked, want)
			}
		})
	}
}

// past picks those changes that are in the past of some heads.
func past(all []*change.Change, heads []change.Hash) []*change.Change {
	wanted := slices.Clone(heads)
	var out []*change.Change
	for _, c := range slices.Backward(all) {
		if slices.Contains(wanted, c.Hash) {
			out, wanted = append(out, c), append(wanted, c.Deps...)
		}
	}
	slices.Reverse(out)
	return out
}

func samePast(t *testing.T, got, want *opset.Set) {
	t.Helper()
	if got, want := content(got.Root()), content(want.Root()); got != want {
		t.Fatalf("it says\n%s, want\n%s", got, want)
	}
	if got, want := marks(got.Root()), marks(want.Root()); got != want {
		t.Fatalf("it has the marks\n%s, want\n%s", got, want)
	}
}

// marks describes the marks of the texts at the root.
func marks(root *opset.Object) string {
	out := ""
	for key, op := range root.Entries() {
		if op.Object != nil && op.Object.IsText() {
			out += fmt.Sprintf("%s: %v\n", key, op.Object.Marks(sequence.UTF16))
		}
	}
	return out
}

func sameSaved(t *testing.T, got, want *opset.Set) {
	t.Helper()
	a, err := got.Save()
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.Save()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Heads(), want.Heads()) {
		t.Fatalf("it has the heads %v, want %v", got.Heads(), want.Heads())
	}
	if content(reload(t, a).Root()) != content(reload(t, b).Root()) {
		t.Fatal("it says something else once it was saved")
	}
}

// What is asked of changes that aren't there, or of a past that can't be written
// to, is refused.
func TestNoSuchPast(t *testing.T) {
	s := opset.New(me)
	if _, err := s.At([]change.Hash{{1}}); !errors.Is(err, opset.ErrUnknownHeads) {
		t.Errorf("got %v", err)
	}
	first := change.Draft{Actor: "ada.............", Seq: 1, StartOp: 1, Ops: []change.Op{{Key: change.MapKey("a"), Action: change.ActionSet, Value: change.Int(1)}}}
	second := first
	second.Seq, second.StartOp = 2, 2 // and doesn't depend on the first
	second.Ops = []change.Op{{Key: change.MapKey("b"), Action: change.ActionSet, Value: change.Int(2)}}
	var heads []change.Hash
	for _, d := range []change.Draft{first, second} {
		c, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(c); err != nil {
			t.Fatal(err)
		}
		heads = append(heads, c.Hash)
	}
	if _, err := s.Fork("bob.............", heads[1:]); !errors.Is(err, opset.ErrDetached) {
		t.Errorf("got %v", err)
	}
	read, err := s.At(heads[1:])
	if err != nil {
		t.Fatal(err)
	}
	if read.Root().Get("a") == nil || read.Root().Get("b") == nil {
		t.Error("an actor's earlier changes belong to the past of its later ones")
	}
}
