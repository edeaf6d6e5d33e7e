package change_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// redraft takes a change apart and makes a draft of the parts.
func redraft(t testing.TB, c *change.Change) *change.Draft {
	t.Helper()
	d := &change.Draft{
		Actor: c.Actor, Seq: c.Seq, StartOp: c.StartOp, Time: c.Time,
		Message: c.Message, Deps: c.Deps, Extra: c.Extra(),
	}
	for op, err := range c.Operations() {
		if err != nil {
			t.Fatal(err)
		}
		d.Ops = append(d.Ops, op)
	}
	return d
}

func TestDraftEncodesAsAutomergeDoes(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		c, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		again, err := redraft(t, c).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Bytes(), g.Chunk) {
			t.Errorf("encoded\n%x, want\n%x", again.Bytes(), g.Chunk)
		}
	})
}

func TestCompressedParsesToTheSameChange(t *testing.T) {
	var shorter int
	eachGolden(t, func(t *testing.T, g golden) {
		want, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		packed := want.Compressed()
		if len(packed) < len(g.Chunk) {
			shorter++
		}
		got, err := change.Parse(bytes.Clone(packed))
		if err != nil {
			t.Fatal(err)
		}
		if got.Hash != want.Hash || !bytes.Equal(got.Bytes(), g.Chunk) {
			t.Errorf("inflated to %s, want %s", got.Hash, want.Hash)
		}
	})
	if shorter == 0 {
		t.Error("no change was compressed")
	}
}

// A run is what its operations are, one by one.
func TestRunsAreOperations(t *testing.T) {
	list := change.OpID{Counter: 1, Actor: "ada"}
	elem := func(n uint64, actor change.ActorID) change.OpID { return change.OpID{Counter: n, Actor: actor} }
	d := change.Draft{Actor: "ada", Seq: 2, StartOp: 40}
	insert := func(after change.OpID, value change.Value) change.Op {
		return change.Op{Obj: list, Key: change.ElemKey(after), Insert: true, Action: change.ActionSet, Value: value}
	}
	remove := func(id change.OpID) change.Op {
		return change.Op{Obj: list, Key: change.ElemKey(id), Action: change.ActionDelete, Pred: []change.OpID{id}}
	}
	d.Ops = []change.Op{
		insert(elem(7, "bob"), change.Text("a")), insert(elem(40, "ada"), change.Text("b")), insert(elem(41, "ada"), change.Text("c")),
		insert(change.OpID{}, change.Value{}), insert(elem(43, "ada"), change.Value{}),
		remove(elem(9, "bob")), remove(elem(10, "bob")), remove(elem(11, "bob")),
		{Key: change.MapKey("n"), Action: change.ActionSet, Value: change.Int(1)},
	}
	want, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	d.Runs = []change.Run{
		{Op: insert(elem(7, "bob"), change.Text("abc")), N: 3},
		{Op: insert(change.OpID{}, change.Value{}), N: 2},
		{Op: remove(elem(9, "bob")), N: 3},
		{Op: d.Ops[8], N: 1},
	}
	if got, err := d.Encode(); err != nil || got.Hash != want.Hash {
		t.Errorf("runs make %x (%v), want %x", got.Bytes(), err, want.Bytes())
	}
}

func TestFromTail(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		c, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		deps := slices.Clone(c.Deps)
		slices.Reverse(deps)
		if got := change.FromTail(c.Hash, deps, c.Actor, c.Tail()); !bytes.Equal(got, g.Chunk) {
			t.Errorf("made\n%x, want\n%x", got, g.Chunk)
		}
	})
}
