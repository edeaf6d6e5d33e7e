package opset_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
)

// However many heads others make, a document can be written to: there are never
// more than a change can depend on.
func TestAsManyHeadsAsAChangeCanName(t *testing.T) {
	s := opset.New(me)
	write := func() *change.Change {
		if err := s.Put(s.Root(), "a", change.Text("written")); err != nil {
			t.Fatal(err)
		}
		c, err := s.Commit("", 0)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	deps := []change.Hash{write().Hash}
	mallory := func(seq uint64) *change.Change {
		d := change.Draft{Actor: "mallory.........", Seq: seq, StartOp: seq + 1, Deps: deps, Ops: []change.Op{
			{Key: change.MapKey("m"), Action: change.ActionSet, Value: change.Uint(seq)},
		}}
		c, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		deps = nil // of the next one
		return c
	}
	for seq := range uint64(change.MaxDeps) {
		if err := s.Apply(mallory(seq + 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Apply(mallory(change.MaxDeps + 1)); !errors.Is(err, opset.ErrHeads) {
		t.Errorf("one more head: %v", err)
	}
	if err := s.Put(s.Root(), "a", change.Text("written again")); err != nil {
		t.Fatal(err)
	}
	c, err := s.Commit("", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Deps) != change.MaxDeps || len(s.Heads()) != 1 {
		t.Errorf("%d dependencies lead to %d heads", len(c.Deps), len(s.Heads()))
	}
	chunks, err := s.Changes(nil)
	if err != nil {
		t.Fatal(err)
	}
	samePast(t, reload(t, slices.Concat(chunks...)), s)
}
