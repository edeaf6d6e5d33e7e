package opset_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// patched returns what fn makes of an observed document, and how many bytes that
// takes.
func patched(t *testing.T, s *opset.Set, fn func()) (patches []opset.Patch, bytes uint64) {
	t.Helper()
	fn()
	if _, err := s.Commit("", 0); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	patches = s.Patches(sequence.Points, scalar)
	runtime.ReadMemStats(&after)
	return patches, after.TotalAlloc - before.TotalAlloc
}

// newText returns a document that is observed, and a text in it.
func newText(t *testing.T, text string) (*opset.Set, *opset.Object) {
	t.Helper()
	s := opset.New(me)
	o, err := s.PutObject(s.Root(), "text", change.ActionMakeText)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Splice(o, sequence.Points, 0, 0, text); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit("", 0); err != nil {
		t.Fatal(err)
	}
	s.Observe(true)
	return s, o
}

// Who types among very many marks isn't told of all of them, nor are they all
// looked at; those of a name that lie over one another are one.
func TestPatchesAmongManyMarks(t *testing.T) {
	const n = 5000
	s, o := newText(t, string(make([]byte, 2*n)))
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	patched(t, s, func() {
		for i := range n { // one letter each, and all from there to the end
			must(s.Mark(o, sequence.Points, opset.Mark{Name: fmt.Sprint(i), Value: change.Int(1), Start: i, End: i + 1}, false, false))
			must(s.Mark(o, sequence.Points, opset.Mark{Name: "all", Value: change.Int(1), Start: i, End: 2 * n}, false, true))
		}
	})
	typed := func() { must(s.Splice(o, sequence.Points, n/2+1, 0, "x")) }
	patched(t, s, typed)
	patches, bytes := patched(t, s, typed)
	if len(patches) != 2 || patches[1].Key != "all" || patches[1].Length != 1 {
		t.Errorf("a letter makes\n%s", describe(patches))
	}
	if bytes > 16<<10 {
		t.Errorf("a letter takes %d bytes", bytes)
	}
}

// A batch of very many changes to one text makes few patches, and what it takes
// doesn't grow with their square.
func TestPatchesOfManyChanges(t *testing.T) {
	s, o := newText(t, "")
	r := rand.New(rand.NewPCG(1, 8))
	patches, _ := patched(t, s, func() {
		for range 20_000 {
			at := r.IntN(o.Len(sequence.Points) + 1)
			if err := s.Splice(o, sequence.Points, at, r.IntN(2), "x"); err != nil {
				t.Fatal(err)
			}
		}
	})
	if len(patches) != 1 || len(patches[0].Text) != o.Len(sequence.Points) {
		t.Errorf("%d patches", len(patches))
	}
}

// What lies deeper than is read makes no patches, and finding that out takes no
// way to the root for each.
func TestPatchesDeepDown(t *testing.T) {
	s := opset.New(me)
	at := []*opset.Object{s.Root()}
	for range 3000 {
		o, err := s.PutObject(at[len(at)-1], "k", change.ActionMakeMap)
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, o)
	}
	if _, err := s.Commit("", 0); err != nil {
		t.Fatal(err)
	}
	s.Observe(true)
	patches, bytes := patched(t, s, func() {
		for _, o := range at {
			if err := s.Put(o, "n", change.Int(1)); err != nil {
				t.Fatal(err)
			}
		}
	})
	if len(patches) != opset.MaxDepth+1 {
		t.Errorf("%d patches, want one for each of %d maps", len(patches), opset.MaxDepth+1)
	}
	if bytes > 4<<20 {
		t.Errorf("they take %d bytes", bytes)
	}
	all, err := s.Diff(nil, s.Heads(), sequence.Points, scalar)
	if err != nil {
		t.Fatal(err)
	}
	depth := 0
	for v := all[0].Values[0]; v != nil; depth++ {
		v = v.(map[string]any)["k"]
	}
	if depth != opset.MaxDepth+1 {
		t.Errorf("a value %d deep", depth)
	}
}
