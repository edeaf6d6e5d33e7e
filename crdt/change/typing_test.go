package change_test

import (
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// checkTypings compares what is read at once with what is read one by one, and
// returns how many typings there are.
func checkTypings(t fataler, c *change.Change) (typings int) {
	t.Helper()
	var want []change.Op
	for op := range c.Operations() {
		want = append(want, op)
	}
	next := func(op change.Op) {
		if len(want) == 0 || !sameOp(op, want[0]) {
			t.Fatalf("operation %+v, of which %d should be left", op, len(want))
		}
		want = want[1:]
	}
	for typing, err := range c.Typings() {
		if err != nil {
			t.Fatalf("read what was typed: %v", err)
		}
		typings++
		next(typing.Op)
		for op := range typing.Rest() {
			next(op)
		}
	}
	if len(want) > 0 {
		t.Fatalf("%d operations are missing", len(want))
	}
	return typings
}

func TestTypings(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		c, err := change.Parse(g.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		checkTypings(t, c)
	})
	id := func(row int) change.OpID { return change.OpID{Counter: uint64(row + 1), Actor: "ada"} }
	// typed has each value inserted after the one before, into what an action makes.
	typed := func(into change.Action, values ...string) []change.Op {
		ops := []change.Op{{Key: change.MapKey("k"), Action: into}}
		for i, v := range values {
			op := change.Op{Obj: id(0), Insert: true, Action: change.ActionSet, Value: change.Text(v)}
			if op.Key = change.ElemKey(change.OpID{}); i > 0 {
				op.Key = change.ElemKey(id(i))
			}
			ops = append(ops, op)
		}
		return ops
	}
	letters := strings.Split(strings.Repeat("a", 100), "")
	for name, story := range map[string]struct {
		ops  []change.Op
		want int
	}{
		"a text":              {typed(change.ActionMakeText, letters...), 4},
		"a list":              {typed(change.ActionMakeList, letters...), 4},
		"long letters":        {typed(change.ActionMakeText, strings.Split(strings.Repeat("\U0001d11e", 100), "")...), 4},
		"a word among them":   {typed(change.ActionMakeText, "é", "é", "é", "ab", "é", "é"), 5},
		"words":               {typed(change.ActionMakeText, "ab", "ab", "ab", "ab"), 5},
		"nothing, repeatedly": {typed(change.ActionMakeText, "", "", "", ""), 5},
		"a deletion between": {append(typed(change.ActionMakeText, letters...),
			change.Op{Obj: id(0), Key: change.ElemKey(id(7)), Action: change.ActionDelete, Pred: []change.OpID{id(7)}},
			change.Op{Obj: id(0), Key: change.ElemKey(id(6)), Insert: true, Action: change.ActionSet, Value: change.Text("b")}), 6},
	} {
		d := change.Draft{Actor: "ada", Seq: 1, StartOp: 1, Ops: story.ops}
		c, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got := checkTypings(t, c); got != story.want {
			t.Errorf("%s is %d typings, want %d", name, got, story.want)
		}
	}
}
