package replica_test

import (
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
)

// TestMadeHereToo: what came too early goes in with what it waited for, if that
// is made here; the keeper can tell them apart. A record that two peers create
// from the same key begins with the same change.
func TestMadeHereToo(t *testing.T) {
	ours, theirs := replicatest.NewClient("born"), replicatest.NewClient("bob")
	born := ours.Edit()
	theirs.Take(born)
	built := theirs.Edit()

	var doc replica.Document
	server := &replica.Neighbour{Origin: originOf("server"), Joined: true}
	step := stepper(&doc)
	step(&replica.Engaged{Neighbour: server})
	step(&replica.Received{
		From: server, Message: &sync.Message{Heads: theirs.Heads()}, Changes: []*change.Change{built}, Finished: func() {},
	})
	if fx := step(replica.Loaded{Graph: graph.New()}); fx.Append != nil {
		t.Fatal("a change was taken before what it is made upon")
	}
	answers := 0
	fx := step(&replica.Made{Changes: []*change.Change{born}, Done: func(err error) {
		answers++
		if err != nil {
			t.Error(err)
		}
	}})
	a := fx.Append
	if a == nil || !slices.Equal(hashesOf(a.Changes), []change.Hash{born.Hash, built.Hash}) || a.Own != 1 {
		t.Fatalf("appended %+v", a)
	}
	if a.Origin != replica.SeveralOrigins {
		t.Errorf("its origin is %x", a.Origin)
	}
	if answers != 0 {
		t.Error("acknowledged before it was durable")
	}
	fx = step(replica.Appended{})
	if answers != 1 || fx.Heard == nil || fx.Heard.Ahead {
		t.Errorf("%d answers; heard %+v", answers, fx.Heard)
	}
}

// TestMadeAgain: what is here already is acknowledged, as durable as it is.
func TestMadeAgain(t *testing.T) {
	var doc replica.Document
	made := replicatest.NewClient("carol").Edit()
	answers := 0
	for range 3 {
		var fx replica.Effects
		doc.Step(&replica.Made{Changes: []*change.Change{made}, Done: func(err error) {
			answers++
			if err != nil {
				t.Error(err)
			}
		}}, &fx)
		if fx.Load {
			doc.Step(replica.Loaded{Graph: graph.New()}, &fx)
		}
	}
	if answers != 0 {
		t.Fatal("acknowledged before it was durable")
	}
	var fx replica.Effects
	doc.Step(replica.Appended{}, &fx)
	for fx.Again {
		fx = replica.Effects{}
		doc.Step(replica.Continued{}, &fx)
	}
	if fx.Append != nil || answers != 3 {
		t.Errorf("appended again: %t; %d of 3 were answered", fx.Append != nil, answers)
	}
}

// TestMadeAndHeard: a neighbour that speaks while a change that was made here is
// being stored is not taken to have that change.
func TestMadeAndHeard(t *testing.T) {
	var doc replica.Document
	carol := replicatest.NewClient("carol")
	first, second := carol.Edit(), carol.Edit()
	server := &replica.Neighbour{Joined: true}
	step := stepper(&doc)
	has := func() replica.Event {
		return &replica.Received{From: server, Message: &sync.Message{Heads: []change.Hash{first.Hash}}, Finished: func() {}}
	}
	made := func(c *change.Change) replica.Event {
		return &replica.Made{Changes: []*change.Change{c}, Done: func(error) {}}
	}
	step(made(first))
	step(replica.Loaded{Graph: graph.New()})
	step(replica.Appended{})
	step(&replica.Engaged{Neighbour: server})
	if fx := step(has()); fx.Heard == nil || !fx.Heard.Synced {
		t.Fatalf("it has all there is; heard %+v", fx.Heard)
	}
	step(made(second))
	if fx := step(has()); fx.Heard == nil || fx.Heard.Synced {
		t.Errorf("before the second is stored, heard %+v", fx.Heard)
	}
	if fx := step(replica.Appended{}); fx.Heard == nil || fx.Heard.Synced {
		t.Errorf("after the second is stored, heard %+v", fx.Heard)
	}
}

// TestMadeWhileEngaging: a neighbour that is met while the first changes of a
// document are being stored is not told that there are none: it would answer that
// it has none either, and that would be taken for its last word.
func TestMadeWhileEngaging(t *testing.T) {
	var doc replica.Document
	server := &replica.Neighbour{Joined: true}
	step := stepper(&doc)
	made := replicatest.NewClient("carol").Edit()
	step(&replica.Made{Changes: []*change.Change{made}, Done: func(error) {}})
	step(replica.Loaded{Graph: graph.New()})
	step(&replica.Engaged{Neighbour: server})
	if fx := step(replica.Writable{To: server, MaxBytes: 1 << 20}); fx.Send != nil {
		t.Errorf("before anything is stored it says %+v", fx.Send)
	}
	if fx := step(replica.Appended{}); !slices.Contains(fx.Owed, server) {
		t.Error("nothing is owed after the append")
	}
	fx := step(replica.Writable{To: server, MaxBytes: 1 << 20})
	if fx.Send == nil || fx.Send.Request || !slices.Equal(fx.Send.Reply.Message.Heads, []change.Hash{made.Hash}) {
		t.Errorf("then it says %+v", fx.Send)
	}
}
