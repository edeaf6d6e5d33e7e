package opset_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

const eve = change.ActorID("eve.............")

func at(counter uint64) change.OpID { return change.OpID{Counter: counter, Actor: eve} }

// madeOf is the document of one change by eve.
func madeOf(t *testing.T, ops ...change.Op) (*opset.Set, *change.Change) {
	t.Helper()
	d := change.Draft{Actor: eve, Seq: 1, StartOp: 1, Ops: ops}
	c, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return apply(t, []*change.Change{c}), c
}

// Fields that mean nothing to an operation are part of its change, and so of
// the heads: they must survive in what is saved.
func TestFieldsWithoutMeaning(t *testing.T) {
	name := "bold"
	list := change.Op{Key: change.MapKey("l"), Action: change.ActionMakeList}
	text := change.Op{Key: change.MapKey("t"), Action: change.ActionMakeText}
	head := change.ElemKey(change.OpID{})
	for what, ops := range map[string][]change.Op{
		"an insertion into a map": {{Key: change.MapKey("a"), Insert: true, Action: change.ActionSet}},
		"a map made by inserting": {{Key: change.MapKey("a"), Insert: true, Action: change.ActionMakeMap}},
		"a value that expands":    {{Key: change.MapKey("a"), Action: change.ActionSet, Expand: true}},
		"a value with a mark":     {{Key: change.MapKey("a"), Action: change.ActionSet, MarkName: &name}},
		"an element with a mark":  {list, {Obj: at(1), Key: head, Insert: true, Action: change.ActionSet, MarkName: &name}},
		"a letter with a mark": {
			text,
			{Obj: at(1), Key: head, Insert: true, Action: change.ActionSet, Value: change.Text("a")},
			{Obj: at(1), Key: change.ElemKey(at(2)), Insert: true, Action: change.ActionSet, Value: change.Text("b"), MarkName: &name},
			{Obj: at(1), Key: change.ElemKey(at(3)), Insert: true, Action: change.ActionSet, Value: change.Text("c")},
		},
		"a letter that expands": {
			text,
			{Obj: at(1), Key: head, Insert: true, Action: change.ActionSet, Value: change.Text("a"), Expand: true},
		},
		"an increment that inserts": {list, {Obj: at(1), Key: head, Insert: true, Action: change.ActionIncrement, Value: change.Int(1)}},
		"an object with a value": {
			text,
			{Obj: at(1), Key: head, Insert: true, Action: change.ActionMakeMap, Value: change.Text("several")},
		},
		"an object with a mark": {{Key: change.MapKey("a"), Action: change.ActionMakeMap, Expand: true, MarkName: &name}},
	} {
		t.Run(what, func(t *testing.T) {
			s, _ := madeOf(t, ops...)
			want := content(s.Root())
			saved, err := s.Save()
			if err != nil {
				t.Fatal(err)
			}
			again := reload(t, saved)
			if got := content(again.Root()); got != want {
				t.Fatalf("saved and loaded it says\n%s, not\n%s", got, want)
			}
			if err := again.Put(again.Root(), "more", change.Int(1)); err != nil {
				t.Fatal(err)
			}
			if _, err := again.Commit("", 0); err != nil {
				t.Fatal(err)
			}
			if saved, err = again.Save(); err != nil {
				t.Fatal(err)
			}
			reload(t, saved)
		})
	}
}

// What an object is made with isn't what stands there.
func TestObjectsAreOneWide(t *testing.T) {
	s, _ := madeOf(t,
		change.Op{Key: change.MapKey("t"), Action: change.ActionMakeText},
		change.Op{Obj: at(1), Key: change.ElemKey(change.OpID{}), Insert: true, Action: change.ActionMakeMap, Value: change.Text("several")},
	)
	text := s.Root().Get("t").Object
	if n := text.Len(sequence.Points); n != 1 || text.Text() != "\ufffc" {
		t.Fatalf("%q is %d long", text.Text(), n)
	}
}

// allocated applies a change and returns how much memory that took, kept or
// not.
func allocated(t *testing.T, ops []change.Op) uint64 {
	t.Helper()
	d := change.Draft{Actor: eve, Seq: 1, StartOp: 1, Ops: ops}
	c, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := opset.New(me)
	if err := s.Apply(c); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Deleting the same letters again and again, alone, by turns or as a stretch
// that is then cut in pieces, costs no more each time.
func TestDeletedAgainAndAgain(t *testing.T) {
	const times = 10_000
	text := []change.Op{{Key: change.MapKey("t"), Action: change.ActionMakeText}}
	for i := range 8 {
		op := change.Op{Obj: at(1), Key: change.ElemKey(at(uint64(i + 1))), Insert: true, Action: change.ActionSet, Value: change.Text("a")}
		if i == 0 {
			op.Key = change.ElemKey(change.OpID{})
		}
		text = append(text, op)
	}
	for letters := 1; letters <= 8; letters *= 2 {
		ops := slices.Clone(text)
		for i := range times {
			id := at(uint64(2 + i%letters))
			ops = append(ops, change.Op{Obj: at(1), Key: change.ElemKey(id), Action: change.ActionDelete, Pred: []change.OpID{id}})
		}
		if got := allocated(t, ops); got > 400*times {
			t.Errorf("%d letters: %d bytes for %d operations", letters, got, times)
		}
	}
}

// What was taken back isn't found by those who name what came in its place.
func TestNothingElsewhereOfWhatWasTakenBack(t *testing.T) {
	s, made := madeOf(t,
		change.Op{Key: change.MapKey("l"), Action: change.ActionMakeList},
		change.Op{Obj: at(1), Key: change.ElemKey(change.OpID{}), Insert: true, Action: change.ActionSet},
	)
	list := s.Root().Get("l").Object
	if _, err := s.InsertObject(list, sequence.Points, 0, change.ActionMakeMap); err != nil {
		t.Fatal(err)
	}
	s.Rollback()
	if err := s.Put(s.Root(), "k", change.Int(1)); err != nil {
		t.Fatal(err)
	}
	ours, err := s.Commit("", 0)
	if err != nil {
		t.Fatal(err)
	}
	d := change.Draft{Actor: "bob", Seq: 1, StartOp: 4, Deps: []change.Hash{ours.Hash}, Ops: []change.Op{
		{Obj: at(1), Key: change.ElemKey(at(2)), Action: change.ActionSet, Pred: []change.OpID{{Counter: 3, Actor: me}}},
	}}
	c, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(c); err != nil {
		t.Fatal(err)
	}
	if got, want := content(s.Root()), content(apply(t, []*change.Change{made, ours, c}).Root()); got != want {
		t.Fatalf("it says\n%s, not\n%s", got, want)
	}
}

// A mark over which somebody has put a letter is a place like any other.
func TestLettersOverMarks(t *testing.T) {
	name := "bold"
	for pos, want := range []string{"xQ", "Qx"} {
		s, _ := madeOf(t,
			change.Op{Key: change.MapKey("t"), Action: change.ActionMakeText},
			change.Op{Obj: at(1), Key: change.ElemKey(change.OpID{}), Insert: true, Action: change.ActionMark, MarkName: &name, Value: change.Bool(true), Expand: true},
			change.Op{Obj: at(1), Key: change.ElemKey(at(2)), Insert: true, Action: change.ActionMark, Expand: true},
			change.Op{Obj: at(1), Key: change.ElemKey(at(2)), Action: change.ActionSet, Value: change.Text("Q")},
		)
		text := s.Root().Get("t").Object
		if err := s.Splice(text, sequence.Points, pos, 0, "x"); err != nil {
			t.Fatal(err)
		}
		if got := text.Text(); got != want {
			t.Errorf("at %d: %q, not %q", pos, got, want)
		}
	}
}

// A mark under a key is no value, and not one that gives way to what stands
// there already.
func TestPutBesideMark(t *testing.T) {
	s, _ := madeOf(t,
		change.Op{Key: change.MapKey("a"), Action: change.ActionSet, Value: change.Text("x")},
		change.Op{Key: change.MapKey("a"), Action: change.ActionMark},
	)
	if err := s.Put(s.Root(), "a", change.Text("x")); err != nil {
		t.Fatal(err)
	}
	if op := s.Root().Get("a"); op == nil || string(op.Value.Raw) != "x" {
		t.Fatalf("there is %v", op)
	}
}
