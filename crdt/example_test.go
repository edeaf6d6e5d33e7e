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

// A shopping list is an ordinary struct. Ada and Bob change it at the same time,
// each without knowing of the other.
func ExampleMap_Reconcile() {
	type Item struct {
		ID   string `crdt:"id"`
		Name string `crdt:"name"`
		Got  bool   `crdt:"got"`
	}
	type List struct {
		Title string       `crdt:"title"`
		Items []Item       `crdt:"items,key=id"` // an item is the same wherever it stands
		Likes crdt.Counter `crdt:"likes"`
	}

	// change reads the list, has it edited, and writes what has changed.
	change := func(d *crdt.Doc, edit func(l *List)) {
		if _, err := d.Change(func(root crdt.Map) error {
			var l List
			if err := root.Hydrate(&l); err != nil {
				return err
			}
			edit(&l)
			return root.Reconcile(l)
		}); err != nil {
			log.Fatal(err)
		}
	}

	ada, err := crdt.New(crdt.NewActorID())
	if err != nil {
		log.Fatal(err)
	}
	defer ada.Close()
	change(ada, func(l *List) {
		*l = List{Title: "Shopping", Items: []Item{{ID: "1", Name: "milk"}, {ID: "2", Name: "bread"}}}
	})
	bob, err := ada.Fork(crdt.NewActorID())
	if err != nil {
		log.Fatal(err)
	}
	defer bob.Close()

	change(ada, func(l *List) {
		l.Title = "Shopping for Sunday"
		l.Items = l.Items[1:] // she has milk
		l.Likes++
	})
	change(bob, func(l *List) {
		l.Title = "Our Shopping"
		l.Items[1].Got = true
		l.Items = append(l.Items, Item{ID: "3", Name: "cheese"})
		l.Likes++
	})
	if err := ada.Merge(bob); err != nil {
		log.Fatal(err)
	}
	change(ada, func(l *List) { fmt.Printf("%+v\n", *l) })
	// Output: {Title:Our Shopping for Sunday Items:[{ID:2 Name:bread Got:true} {ID:3 Name:cheese Got:false}] Likes:2}
}
