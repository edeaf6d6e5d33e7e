package crdt_test

import (
	"fmt"
	"log"

	"github.com/godwit-sync/godwit/crdt"
)

func Example() {
	ada, err := crdt.New(crdt.NewActorID())
	if err != nil {
		log.Fatal(err)
	}
	defer ada.Close()
	if _, err := ada.Change(func(root crdt.Map) error {
		return root.Reconcile(map[string]any{"title": "Alaska to New Zealand", "days": crdt.Counter(9)})
	}); err != nil {
		log.Fatal(err)
	}

	// Bob gets a copy and edits it, and so does Ada meanwhile.
	bob, err := ada.Fork(crdt.NewActorID())
	if err != nil {
		log.Fatal(err)
	}
	defer bob.Close()
	change, err := bob.Change(func(root crdt.Map) error {
		if err := root.Increment("days", 2); err != nil {
			return err
		}
		return root.Get("title").Text().Insert(0, "Non-stop: ")
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ada.Change(func(root crdt.Map) error { return root.Set("flying", true) }); err != nil {
		log.Fatal(err)
	}

	// What travels is the change's bytes.
	if err := ada.Apply(change.Bytes()); err != nil {
		log.Fatal(err)
	}
	if err := ada.View(func(root crdt.Map) error {
		text, err := root.MarshalJSON()
		fmt.Println(string(text))
		return err
	}); err != nil {
		log.Fatal(err)
	}
	// Output: {"days":11,"flying":true,"title":"Non-stop: Alaska to New Zealand"}
}
