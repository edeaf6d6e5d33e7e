package peer_test

import (
	"context"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// RecipeSyncAll is syncAll with a conflict handler (persistence.js, 2010), which was
// asked about each row that both sides had changed since a time that three clocks had
// to agree on. What it didn't choose was gone; here other fields and other letters are
// merged before anybody is asked, the handler gets both values, and they stay in the
// record's history.
func RecipeSyncAll(ctx context.Context, relay string) {
	type Task struct {
		Title        string
		State, Owner crdt.ImmutableString
		Hours        int
	}
	ann := must(peer.Open(peer.Config{InMemory: true, Relay: relay}))
	defer ann.Close()
	anns := must(peer.CollectionOf[Task](ann, "plan/tasks",
		peer.ResolveField("State", peer.PreferLocal),
		peer.ResolveField("Owner", peer.PreferRemote),
		peer.ResolveField("Hours", func(c peer.Conflict) (any, error) {
			return max(c.Local.(int), c.Remote.(int)), nil
		})))
	bob := must(peer.Open(peer.Config{InMemory: true, Relay: relay}))
	defer bob.Close()
	bobs := must(peer.CollectionOf[Task](bob, "plan/tasks"))
	id := must(anns.Create(ctx, Task{Title: "Mend the roof", State: "open"}))
	check(ann.Sync(ctx))
	check(bob.Sync(ctx))

	check(anns.Update(ctx, id, func(t *Task) error {
		t.Title, t.State, t.Owner, t.Hours = "Mend the old roof", "done", "Ann", 5
		return nil
	}))
	check(bobs.Update(ctx, id, func(t *Task) error {
		t.Title, t.State, t.Owner, t.Hours = "Mend the roof today", "late", "Bob", 8
		return nil
	}))
	check(ann.Sync(ctx))
	check(bob.Sync(ctx)) // he has no handlers, so he is shown what there is to choose
	for _, conflict := range must(bobs.Conflicts(ctx, id)) {
		fmt.Println(conflict.Field(), conflict.Local, conflict.Remote)
	}
	check(ann.Sync(ctx)) // asks her handlers, and the relay has what they say
	check(bob.Sync(ctx))
	fmt.Println(must(anns.Get(ctx, id)) == must(bobs.Get(ctx, id)), must(bobs.Get(ctx, id)))
	fmt.Println(len(must(bobs.Conflicts(ctx, id))), "conflicts")
}

func ExampleRecipeSyncAll() {
	cook(RecipeSyncAll)
	// Output:
	// Hours 8 5
	// Owner Bob Ann
	// State late done
	// true {Mend the old roof today done Bob 8}
	// 0 conflicts
}
