package crdt_test

import (
	"fmt"
	"log"

	"github.com/godwit-sync/godwit/crdt"
)

// An editor's screen is kept up to date by patches, whoever changes the text.
func ExampleDoc_Observe() {
	ada, err := crdt.New(crdt.NewActorID(), crdt.Native())
	if err != nil {
		log.Fatal(err)
	}
	defer ada.Close()
	if _, err := ada.Change(func(root crdt.Map) error { return root.Set("note", "Alaska to Zealand") }); err != nil {
		log.Fatal(err)
	}

	var screen []rune
	stop, err := ada.Observe(nil, func(e crdt.Event) {
		for p := range e.Patches {
			switch {
			case p.Action == crdt.PatchPut && len(p.Path) == 0 && p.Key == "note":
				screen = []rune(p.Value.(string)) // a new text comes with all that is in it
			case p.Action == crdt.PatchSplice && len(p.Path) == 1 && p.Path[0] == "note":
				end := screen[p.Index+p.Length:]
				screen = append(append(screen[:p.Index:p.Index], []rune(p.Text)...), end...)
			}
		}
		fmt.Println(string(screen))
	})
	if err != nil {
		log.Fatal(err)
	}
	defer stop()

	// Bob gets a copy and edits it, and so does Ada meanwhile.
	bob, err := ada.Fork(crdt.NewActorID())
	if err != nil {
		log.Fatal(err)
	}
	defer bob.Close()
	if _, err := bob.Change(func(root crdt.Map) error { return root.Get("note").Text().Insert(10, "New ") }); err != nil {
		log.Fatal(err)
	}
	if _, err := ada.Change(func(root crdt.Map) error { return root.Get("note").Text().Splice(0, 6, "Bering Sea") }); err != nil {
		log.Fatal(err)
	}
	if err := ada.Merge(bob); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Alaska to Zealand
	// Bering Sea to Zealand
	// Bering Sea to New Zealand
}
