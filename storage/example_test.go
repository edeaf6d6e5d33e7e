package storage_test

import (
	"context"
	"fmt"
	"log"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

func Example() {
	ctx := context.Background()
	store, err := storage.Open("", storage.Options{InMemory: true})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	draft := change.Draft{Actor: "an actor's bytes", Seq: 1, StartOp: 1, Message: "hello"}
	hello, err := draft.Encode()
	if err != nil {
		log.Fatal(err)
	}
	id := docid.New()
	seq, err := store.Commit(ctx, &storage.Batch{
		Appends: []storage.Append{{Document: id, Base: 0, Changes: []*change.Change{hello}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("durable as row", seq)

	for chunk, err := range store.Changes(ctx, id, 0) {
		if err != nil {
			log.Fatal(err)
		}
		c, err := change.Parse(chunk)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(c.Message)
	}
	// Output:
	// durable as row 1
	// hello
}
