package peer_test

import (
	"context"
	"fmt"

	"github.com/godwit-sync/godwit/peer"
)

// RecipeOutbox is a store that queues what is done offline (Sencha Touch, 2011), and
// replays it when the network is back. An answer that was lost made a record twice, and
// whoever came last undid what others had done; here the outbox is what the relay
// hasn't confirmed, so that nothing is replayed, and edits of days are merged.
func RecipeOutbox(ctx context.Context, relay string) {
	type Task struct {
		Note string
		Done bool
	}
	hire := func() (*peer.Peer, *peer.Records[Task]) {
		p := must(peer.Open(peer.Config{InMemory: true, Relay: relay}))
		return p, must(peer.CollectionOf[Task](p, "plant/tasks"))
	}
	ann, anns := hire()
	defer ann.Close()
	bob, bobs := hire()
	defer bob.Close()
	pump := must(anns.Create(ctx, Task{Note: "Check the pump."}))
	fence := must(anns.Create(ctx, Task{Note: "Paint the fence."}))
	gate := must(anns.Create(ctx, Task{Note: "Oil the gate."}))
	check(ann.Sync(ctx))
	check(bob.Sync(ctx))

	// Days without a network.
	check(anns.Update(ctx, pump, func(t *Task) error { t.Done = true; return nil }))
	check(anns.Delete(ctx, fence))
	check(anns.Delete(ctx, gate))
	must(anns.CreateWithKey(ctx, "valve 7", Task{Note: "Replace valve 7."}))
	check(bobs.Update(ctx, pump, func(t *Task) error { t.Note += " It leaks."; return nil }))
	check(bobs.Update(ctx, fence, func(t *Task) error { t.Note = "Paint the fence green."; return nil }))
	must(bobs.CreateWithKey(ctx, "valve 7", Task{Done: true}))
	for item, err := range ann.Pending(ctx) { // her outbox, oldest first
		check(err)
		fmt.Println("to send:", item.Change)
	}

	check(ann.Sync(ctx))
	check(bob.Sync(ctx)) // now the relay has both's work, and he has hers
	check(ann.Sync(ctx))
	for _, tasks := range []*peer.Records[Task]{anns, bobs} {
		for task, err := range tasks.Find(ctx, peer.Query{}.OrderBy("Note")) {
			check(err)
			fmt.Println(task.Value.Note, task.Value.Done, task.State)
		}
	}
}

func ExampleRecipeOutbox() {
	cook(RecipeOutbox)
	// Output:
	// to send: updated
	// to send: deleted
	// to send: deleted
	// to send: created
	// Check the pump. It leaks. true synced
	// Paint the fence green. false synced
	// Replace valve 7. true synced
	// Check the pump. It leaks. true synced
	// Paint the fence green. false synced
	// Replace valve 7. true synced
}
