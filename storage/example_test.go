package storage_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"sync"

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

// A value larger than a batch is split over keys. What was there before is
// replaced by the commit of one small entry that names the new pieces; until
// then, and after a crash, it is still the old value that counts.
func ExampleStore_largeValues() {
	ctx := context.Background()
	store, err := storage.Open("", storage.Options{InMemory: true, Small: true})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	const piece = 60_000
	saved := bytes.Repeat([]byte("a saved document "), 100_000)
	var pieces sync.WaitGroup
	for i := 0; i*piece < len(saved); i++ {
		b := &storage.Batch{Puts: []storage.Entry{{
			Key:   fmt.Appendf(nil, "saved/7/%08d", i),
			Value: saved[i*piece : min(len(saved), (i+1)*piece)],
		}}}
		pieces.Add(1)
		store.Submit(b, func(_ storage.Seq, err error) { // many in one transaction
			if err != nil {
				log.Fatal(err)
			}
			pieces.Done()
		})
	}
	pieces.Wait()
	if _, err := store.Commit(ctx, &storage.Batch{
		Puts: []storage.Entry{{Key: []byte("saved"), Value: []byte("saved/7/")}},
	}); err != nil {
		log.Fatal(err)
	}
	if err := store.DeletePrefix(ctx, []byte("saved/6/")); err != nil {
		log.Fatal(err)
	}

	current, err := store.Get([]byte("saved"))
	if err != nil {
		log.Fatal(err)
	}
	var read []byte
	for entry, err := range store.Scan(ctx, current) {
		if err != nil {
			log.Fatal(err)
		}
		read = append(read, entry.Value...)
	}
	fmt.Println(len(read), bytes.Equal(read, saved))
	// Output: 1700000 true
}
