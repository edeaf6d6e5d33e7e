package peer_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

func Example() {
	dir, err := os.MkdirTemp("", "godwit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	p, err := peer.Open(peer.Config{Path: dir, Relay: "ws://127.0.0.1:3030"})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	// go p.Run(ctx) keeps the link; what follows works without.

	doc, err := p.Create(ctx, func(root crdt.Map) error { return root.Set("title", "Notes") })
	if err != nil {
		log.Fatal(err)
	}
	err = doc.Change(ctx, func(root crdt.Map) error { return root.Get("title").Text().Append(" (2)") })
	if err != nil {
		log.Fatal(err)
	}
	err = doc.View(ctx, func(root crdt.Map) error {
		fmt.Println(root.Get("title").Any())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: Notes (2)
}

func ExampleDocument_Watch() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p, err := peer.Open(peer.Config{InMemory: true})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	doc, err := p.Create(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}

	events := doc.Watch(ctx)
	if err := doc.Change(ctx, func(root crdt.Map) error { return root.Set("done", true) }); err != nil {
		log.Fatal(err)
	}
	ev := <-events
	status, err := ev.Status()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("made here: %t; %s\n", ev.Local, status.State)
	// Output: made here: true; pending
}

func ExampleRecords() {
	type Employee struct {
		Name, Title string
		Department  crdt.ImmutableString
	}
	ctx := context.Background()
	p, err := peer.Open(peer.Config{InMemory: true})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	employees, err := peer.CollectionOf[Employee](p, "acme/employees", peer.Index("Department", "Name"))
	if err != nil {
		log.Fatal(err)
	}
	id, err := employees.Create(ctx, Employee{Name: "Ada", Title: "Engineer", Department: "R&D"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := employees.Create(ctx, Employee{Name: "Bob", Title: "Clerk", Department: "R&D"}); err != nil {
		log.Fatal(err)
	}
	err = employees.Update(ctx, id, func(e *Employee) error {
		e.Title = "CTO"
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range employees.Find(ctx, peer.Where("Department").Is("R&D").OrderBy("Name").Limit(50)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Value.Name, e.Value.Title)
	}
	// Output:
	// Ada CTO
	// Bob Clerk
}

func ExamplePeer_Commit() {
	type Account struct{ Balance int }
	ctx := context.Background()
	p, err := peer.Open(peer.Config{InMemory: true})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	accounts, err := peer.CollectionOf[Account](p, "bank/accounts")
	if err != nil {
		log.Fatal(err)
	}

	err = p.Commit(ctx, func(tx *peer.Tx) error {
		for range 3 {
			if _, err := accounts.In(tx).Create(ctx, Account{Balance: 100}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	n, err := accounts.Count(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "accounts")
	// Output: 3 accounts
}
