package replica_test

import (
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
)

// What was found in the store before the log grew doesn't count: the neighbour
// would be told that we have what we had.
func TestAccordWithYesterday(t *testing.T) {
	author := replicatest.NewClient("carol")
	first := author.Edit()
	before := author.Heads()
	log := graph.New()
	if err := log.Restore(first); err != nil {
		t.Fatal(err)
	}
	var doc replica.Document
	step := stepper(&doc)
	server := &replica.Neighbour{Joined: true}
	found := &replica.Engaged{Neighbour: server, Shared: before, Whole: true, Version: doc.Version()}

	step(&replica.Made{Changes: []*change.Change{author.Edit()}, Done: func(error) {}})
	step(replica.Loaded{Graph: log})
	step(replica.Appended{})
	if !doc.Unload() {
		t.Fatal("it can't be unloaded")
	}
	step(found)
	if fx := step(replica.Writable{To: server, MaxBytes: 1 << 20}); fx.Send != nil || !fx.Load {
		t.Errorf("it sends %+v without a look at the log", fx.Send)
	}

	step(replica.Left{Neighbour: server})
	step(replica.Loaded{Graph: log})
	doc.Unload()
	step(&replica.Engaged{Neighbour: server, Shared: author.Heads(), Whole: true, Version: doc.Version()})
	if fx := step(replica.Writable{To: server, MaxBytes: 1 << 20}); fx.Send == nil || fx.Load {
		t.Error("it doesn't greet without the log, though nothing has happened")
	}
}
