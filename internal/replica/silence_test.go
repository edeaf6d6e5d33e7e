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

// A server names what we lack and sends nothing of it: it believes that we got
// it over a former connection. It is told, once, that we have nothing, so that it
// sends it again. Servers of ours begin anew, and are asked for what is missing.
func TestAServerThatBelievesItHasSent(t *testing.T) {
	for name, server := range map[string]*replica.Neighbour{
		"JavaScript's": {Joined: true},
		"ours":         {Joined: true, Refusals: true},
	} {
		t.Run(name, func(t *testing.T) { silentServer(t, server) })
	}
}

func silentServer(t *testing.T, server *replica.Neighbour) {
	author, log := replicatest.NewClient("carol"), graph.New()
	if err := log.Restore(author.Edit()); err != nil {
		t.Fatal(err)
	}
	ours, missing := author.Heads(), author.Edit().Hash
	var doc replica.Document
	step := stepper(&doc)
	answer := func() *sync.Message {
		said := &sync.Message{Heads: author.Heads(), Have: []sync.Have{{LastSync: ours}}}
		step(&replica.Received{From: server, Message: said, Finished: func() {}})
		fx := step(replica.Writable{To: server, MaxBytes: 1 << 20})
		if fx.Send == nil || fx.Send.Reply == nil {
			return &sync.Message{}
		}
		return fx.Send.Reply.Message
	}
	step(&replica.Engaged{Neighbour: server, Shared: ours})
	step(replica.Loaded{Graph: log})
	step(replica.Writable{To: server, MaxBytes: 1 << 20})

	if !server.Refusals {
		loss := answer()
		if len(loss.Heads) > 0 || len(loss.Have) != 1 || !slices.Equal(loss.Have[0].LastSync, ours) {
			t.Errorf("it is not told that we have nothing, but %+v", loss)
		}
	}
	if asks := answer(); !slices.Equal(asks.Heads, ours) || !slices.Equal(asks.Need, []change.Hash{missing}) {
		t.Errorf("it is not asked for what is missing, but told %+v", asks)
	}
}
