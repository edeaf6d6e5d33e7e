package document_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/internal/document"
)

func compareIDs(a, b document.ID) int {
	return cmp.Or(cmp.Compare(a.Counter, b.Counter), cmp.Compare(a.Actor, b.Actor))
}

// TestRowsLieInTheOrderThatTheEngineExpects holds JavaScript to what doc.go
// says about order: who rebuilds a document relies on it.
func TestRowsLieInTheOrderThatTheEngineExpects(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		h, err := readHistory(parse(t, g.Document))
		if err != nil {
			t.Fatal(err)
		}
		for i := range h.ops {
			if !slices.IsSortedFunc(h.ops[i].Succ, compareIDs) {
				t.Fatalf("row %d has successors %v", i, h.ops[i].Succ)
			}
		}
		for rest := h.ops; len(rest) > 0; {
			obj := rest[0].Obj
			n := slices.IndexFunc(rest, func(op document.Op) bool { return op.Obj != obj })
			if n < 0 {
				n = len(rest)
			}
			checkObject(t, rest[:n])
			if rest = rest[n:]; len(rest) > 0 && compareIDs(obj, rest[0].Obj) >= 0 {
				t.Fatalf("object %v after %v", rest[0].Obj, obj)
			}
		}
	})
}

func checkObject(t *testing.T, ops []document.Op) {
	t.Helper()
	if ops[0].Key.InList {
		checkList(t, ops)
		return
	}
	if !slices.IsSortedFunc(ops, func(a, b document.Op) int {
		return cmp.Or(strings.Compare(a.Key.Name, b.Key.Name), compareIDs(a.ID, b.ID))
	}) {
		t.Fatalf("the keys of %v are out of order", ops[0].Obj)
	}
}

// checkList makes the list's order again: elements inserted after the same one
// lie latest first, each followed by what was inserted after it, and by its
// updates before that, in the order of their ids.
func checkList(t *testing.T, ops []document.Op) {
	t.Helper()
	after := make(map[document.ID][]document.ID)
	updates := make(map[document.ID][]document.ID)
	for _, op := range ops {
		if op.Insert {
			after[op.Key.Elem] = append(after[op.Key.Elem], op.ID)
		} else {
			updates[op.Key.Elem] = append(updates[op.Key.Elem], op.ID)
		}
	}
	var want []document.ID
	for stack := []document.ID{{}}; len(stack) > 0; {
		elem := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !elem.IsZero() {
			slices.SortFunc(updates[elem], compareIDs)
			want = append(append(want, elem), updates[elem]...)
		}
		next := after[elem]
		slices.SortFunc(next, compareIDs)
		stack = append(stack, next...) // the latest is on top
	}
	for i, op := range ops {
		if i >= len(want) || op.ID != want[i] {
			t.Fatalf("row %d of list %v is %v", i, op.Obj, op.ID)
		}
	}
}
