package replica_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
)

// share takes down what a joint's joiner is told.
type share struct {
	staged *replica.Append
	done   []error
}

func (s *share) Staged(a *replica.Append) { s.staged = a }
func (s *share) Done(err error)           { s.done = append(s.done, err) }

// TestWithdrawnAsIfItHadNotBeen: what has come too early still waits after what it
// waits for was staged and taken back, and goes in when that is durable at last.
func TestWithdrawnAsIfItHadNotBeen(t *testing.T) {
	ours, theirs := replicatest.NewClient("born"), replicatest.NewClient("bob")
	born := ours.Edit()
	theirs.Take(born)
	built := theirs.Edit()

	var doc replica.Document
	step := stepper(&doc)
	step(&replica.Offered{Origin: originOf("bob"), Changes: []*change.Change{built}})
	fx := step(replica.Loaded{Graph: graph.New()})
	if len(fx.Answers) != 1 || fx.Answers[0].Brought.Held != 1 || !slices.Equal(fx.Answers[0].Brought.Missing, []change.Hash{born.Hash}) {
		t.Fatalf("the offer was answered %+v", fx.Answers)
	}
	var s share
	joint := &replica.Joint{Changes: []*change.Change{born}, Joiner: &s}
	if fx := step(joint); fx.Append != nil || s.staged == nil || len(s.staged.Changes) != 1 {
		t.Fatalf("it is to append %+v, and staged %+v", fx.Append, s.staged)
	}
	if doc.Idle() || doc.Unload() {
		t.Error("it would forget what is staged")
	}
	another := errors.New("another document refuses")
	step(replica.Withdrawn{Joint: joint, Err: another})
	if len(s.done) != 1 || !errors.Is(s.done[0], another) || doc.Graph().Staged() != 0 {
		t.Fatalf("its end was told as %v, and %d changes are staged", s.done, doc.Graph().Staged())
	}
	s = share{}
	step(&replica.Joint{Changes: []*change.Change{born}, Joiner: &s})
	fx = step(replica.Appended{})
	if len(s.done) != 1 || s.done[0] != nil {
		t.Fatalf("its end was told as %v", s.done)
	}
	a := fx.Append
	if a == nil || a.Base != 1 || a.Own != 0 || a.Origin != originOf("bob") || !slices.Equal(hashesOf(a.Changes), []change.Hash{built.Hash}) {
		t.Fatalf("what waited is appended as %+v", a)
	}
	if fx := step(replica.Appended{}); fx.Again || !doc.Idle() || doc.Graph().Len() != 2 {
		t.Errorf("%d changes are in, idle %t", doc.Graph().Len(), doc.Idle())
	}
}

// TestJointOfWhatIsHere: there is nothing to wait for.
func TestJointOfWhatIsHere(t *testing.T) {
	made := replicatest.NewClient("carol").Edit()
	g := graph.New()
	if err := g.Restore(made); err != nil {
		t.Fatal(err)
	}
	var doc replica.Document
	var fx replica.Effects
	var s share
	doc.Step(&replica.Joint{Changes: []*change.Change{made}, Joiner: &s}, &fx)
	doc.Step(replica.Loaded{Graph: g}, &fx)
	if s.staged != nil || !slices.Equal(s.done, []error{nil}) || !doc.Idle() {
		t.Errorf("staged %+v, its end was told as %v, idle %t", s.staged, s.done, doc.Idle())
	}
}

// TestLoadedBeforeAJoint: that is staged at once, and nothing is loaded twice.
func TestLoadedBeforeAJoint(t *testing.T) {
	var doc replica.Document
	step := stepper(&doc)
	if fx := step(replica.Needed{}); !fx.Load {
		t.Error("nothing is loaded")
	}
	if fx := step(replica.Needed{}); fx.Load {
		t.Error("it is loaded twice")
	}
	if fx := step(replica.Loaded{Graph: graph.New()}); fx.Append != nil || fx.Again || !doc.Idle() {
		t.Errorf("nobody wants anything, and it does %+v", fx)
	}
	if fx := step(replica.Needed{}); fx.Load {
		t.Error("what is loaded is loaded again")
	}
	var s share
	if fx := step(&replica.Joint{Changes: []*change.Change{replicatest.NewClient("carol").Edit()}, Joiner: &s}); fx.Load || s.staged == nil {
		t.Errorf("loads: %t, staged %+v", fx.Load, s.staged)
	}
	if fx := step(replica.Needed{}); fx.Load {
		t.Error("it is loaded while something is being appended")
	}
}

// TestStagedWhileEngaging: a neighbour that is met while the first changes of a
// document are staged hears that there are none when they are taken back.
func TestStagedWhileEngaging(t *testing.T) {
	var doc replica.Document
	server := &replica.Neighbour{Joined: true}
	step := stepper(&doc)
	var s share
	joint := &replica.Joint{Changes: []*change.Change{replicatest.NewClient("carol").Edit()}, Joiner: &s}
	step(joint)
	step(replica.Loaded{Graph: graph.New()})
	step(&replica.Engaged{Neighbour: server})
	if fx := step(replica.Writable{To: server, MaxBytes: 1 << 20}); fx.Send != nil {
		t.Errorf("before anything is stored it says %+v", fx.Send)
	}
	if fx := step(replica.Withdrawn{Joint: joint, Err: errors.New("no")}); !slices.Contains(fx.Owed, server) {
		t.Error("nothing is owed after it was taken back")
	}
	if fx := step(replica.Writable{To: server, MaxBytes: 1 << 20}); fx.Send == nil || !fx.Send.Request {
		t.Errorf("then it says %+v", fx.Send)
	}
}
