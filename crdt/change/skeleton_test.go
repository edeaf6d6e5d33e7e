package change_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// skeleton makes a draft's skeleton change: its actor is derived from what its
// body would be without one.
func skeleton(t *testing.T, d change.Draft) *change.Change {
	t.Helper()
	d.Actor = change.ActorID("gsk1" + strings.Repeat("\x00", 16))
	c, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	body, ok := bytes.CutPrefix(c.Bytes(), c.Bytes()[:bodyStart(c)])
	if !ok {
		t.Fatal("no body")
	}
	before, after, _ := bytes.Cut(body, append([]byte{20}, d.Actor...))
	sum := sha256.Sum256(append(append(bytes.Clone(before), 0), after...))
	d.Actor = change.ActorID("gsk1" + string(sum[:16]))
	if c, err = d.Encode(); err != nil {
		t.Fatal(err)
	}
	return c
}

// bodyStart returns where a chunk's body begins: after magic bytes, checksum,
// type and length.
func bodyStart(c *change.Change) int {
	at := 9
	for c.Bytes()[at] >= 0x80 {
		at++
	}
	return at + 1
}

func makeMap(key string) change.Op {
	return change.Op{Key: change.MapKey(key), Action: change.ActionMakeMap}
}

// TestSkeletonsAreMade: as the independent helper of these tests makes them.
func TestSkeletonsAreMade(t *testing.T) {
	draft := change.Draft{StartOp: 1, Ops: []change.Op{makeMap("employees")}}
	for range 3 {
		made, err := draft.Skeleton()
		if err != nil {
			t.Fatal(err)
		}
		draft.Seq = 1
		if want := skeleton(t, draft); made.Hash != want.Hash || !made.IsSkeleton() {
			t.Errorf("%x is made, want %x", made.Bytes(), want.Bytes())
		}
		inside := makeMap("42")
		inside.Obj = change.OpID{Counter: made.StartOp, Actor: made.Actor}
		draft = change.Draft{StartOp: made.MaxOp() + 1, Deps: []change.Hash{made.Hash}, Ops: []change.Op{inside}}
	}
}

func TestSkeleton(t *testing.T) {
	parent := skeleton(t, change.Draft{Seq: 1, StartOp: 1, Ops: []change.Op{makeMap("employees")}})
	inParent := makeMap("42")
	inParent.Obj = change.OpID{Counter: 1, Actor: parent.Actor}
	many := change.Draft{Seq: 1, StartOp: 1}
	for i := range 300 { // so that the body's length takes two bytes
		many.Ops = append(many.Ops, makeMap(strings.Repeat("k", i+1)))
	}
	for name, c := range map[string]*change.Change{
		"without deps": parent,
		"with a dep":   skeleton(t, change.Draft{Seq: 1, StartOp: 2, Deps: []change.Hash{parent.Hash}, Ops: []change.Op{inParent}}),
		"long":         skeleton(t, many),
	} {
		if !c.Actor.ReservedForSkeletons() || !c.IsSkeleton() {
			t.Errorf("%s: it is none", name)
		}
	}
	again := skeleton(t, change.Draft{Seq: 1, StartOp: 1, Ops: []change.Op{makeMap("employees")}})
	if again.Hash != parent.Hash {
		t.Errorf("the same path makes %s and %s", parent.Hash, again.Hash)
	}
}

// TestNoSkeleton: nobody can occupy a skeleton's actor with something else.
func TestNoSkeleton(t *testing.T) {
	real := skeleton(t, change.Draft{Seq: 1, StartOp: 1, Ops: []change.Op{makeMap("employees")}})
	for name, d := range map[string]change.Draft{
		"other operations": {Actor: real.Actor, Seq: 1, StartOp: 1, Ops: []change.Op{makeMap("employers")}},
		"other start":      {Actor: real.Actor, Seq: 1, StartOp: 2, Ops: []change.Op{makeMap("employees")}},
		"other deps":       {Actor: real.Actor, Seq: 1, StartOp: 1, Deps: []change.Hash{{1}}, Ops: []change.Op{makeMap("employees")}},
		"a message":        {Actor: real.Actor, Seq: 1, StartOp: 1, Message: "hello", Ops: []change.Op{makeMap("employees")}},
		"a time":           {Actor: real.Actor, Seq: 1, StartOp: 1, Time: 1, Ops: []change.Op{makeMap("employees")}},
		"extra bytes":      {Actor: real.Actor, Seq: 1, StartOp: 1, Extra: []byte{0}, Ops: []change.Op{makeMap("employees")}},
		"a second change":  {Actor: real.Actor, Seq: 2, StartOp: 2, Deps: []change.Hash{real.Hash}},
		"a bare prefix":    {Actor: "gsk1", Seq: 1, StartOp: 1, Ops: []change.Op{makeMap("employees")}},
		"a longer actor":   {Actor: real.Actor + "x", Seq: 1, StartOp: 1, Ops: []change.Op{makeMap("employees")}},
	} {
		c, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !c.Actor.ReservedForSkeletons() || c.IsSkeleton() {
			t.Errorf("%s: it passes for a skeleton", name)
		}
	}
	ordinary, err := (&change.Draft{Actor: "gsk", Seq: 1, StartOp: 1}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if ordinary.Actor.ReservedForSkeletons() || ordinary.IsSkeleton() {
		t.Errorf("an ordinary actor is reserved")
	}
}
