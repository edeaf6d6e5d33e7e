package peer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// RecipeModes is Backbone.offline (2012): full and incremental sync, push, pull,
// auto-push, local only, and a list of what is dirty. A full sync threw away what
// hadn't been pushed, a pull overwrote what was dirty, and a full disk left half a
// write; here nothing that was written is ever dropped, and what doesn't fit is
// refused as a whole, by an error that says so.
func RecipeModes(ctx context.Context, relay string) {
	type Dream struct{ Text string }
	friend := linked(ctx, relay)
	defer friend.Close()
	theirs := must(peer.CollectionOf[Dream](friend, "dreams"))
	published := must(peer.CollectionOf[Dream](friend, "diary")).Watch(ctx)

	dir := must(os.MkdirTemp("", "godwit"))
	defer os.RemoveAll(dir)
	p := must(peer.Open(peer.Config{Path: dir, Relay: relay}))
	defer p.Close()
	go p.Run(ctx)
	dreams := must(peer.CollectionOf[Dream](p, "dreams", peer.Manual()))
	diary := must(peer.CollectionOf[Dream](p, "diary", peer.ManualPull())) // pushed by itself
	drafts := must(peer.CollectionOf[Dream](p, "drafts", peer.LocalOnly()))

	must(diary.Create(ctx, Dream{Text: "Slept well."}))
	fmt.Println("auto-push:", (<-published).After.Text)

	draft := must(drafts.Create(ctx, Dream{Text: "Visit Iceland."}))
	fmt.Println("a draft is", must(drafts.Status(draft)).State)
	iceland := dreams.NewID()
	check(p.Commit(ctx, func(tx *peer.Tx) error { // it becomes a dream, or stays a draft
		dream, err := drafts.In(tx).Get(ctx, draft)
		if err != nil {
			return err
		}
		if err := dreams.In(tx).Put(ctx, iceland, dream); err != nil {
			return err
		}
		return drafts.In(tx).Delete(ctx, draft)
	}))
	for item, err := range p.Pending(ctx) {
		check(err)
		fmt.Println("dirty:", item.Collection, item.Change)
	}

	must(theirs.Create(ctx, Dream{Text: "Fly."}))
	check(theirs.Sync(ctx))
	check(dreams.Push(ctx))
	check(theirs.Sync(ctx))
	fmt.Println("push: here", must(dreams.Count(ctx)), "there", must(theirs.Count(ctx)))
	check(dreams.Update(ctx, iceland, func(d *Dream) error { d.Text = "Visit green Iceland."; return nil }))
	check(theirs.Update(ctx, iceland, func(d *Dream) error { d.Text = "Visit Iceland in June."; return nil }))
	check(theirs.Sync(ctx))
	check(dreams.Pull(ctx))
	fmt.Println("pull: here", must(dreams.Count(ctx)), "there", must(theirs.Count(ctx)))
	fmt.Println(must(dreams.Get(ctx, iceland)).Text, must(dreams.Status(iceland)).State)
	check(dreams.Sync(ctx)) // incremental
	must(dreams.Create(ctx, Dream{Text: "Keep bees."}))
	check(dreams.Resync(ctx)) // full
	check(theirs.Sync(ctx))
	fmt.Println("full: here", must(dreams.Count(ctx)), "there", must(theirs.Count(ctx)))

	check(p.Close())
	full := must(peer.Open(peer.Config{Path: dir, Reserve: math.MaxInt64})) // as if the disk were full
	defer full.Close()
	dreams = must(peer.CollectionOf[Dream](full, "dreams"))
	_, err := dreams.Create(ctx, Dream{Text: "A yacht."})
	fmt.Printf("disk full: %t, kept: %d\n", errors.Is(err, storage.ErrDiskFull), must(dreams.Count(ctx)))
}

func ExampleRecipeModes() {
	cook(RecipeModes)
	// Output:
	// auto-push: Slept well.
	// a draft is local
	// dirty: dreams created
	// push: here 1 there 2
	// pull: here 2 there 2
	// Visit green Iceland in June. pending
	// full: here 3 there 3
	// disk full: true, kept: 3
}
