package peer_test

import (
	"context"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// RecipeLocalFirst is localStorage with a synchronized flag (Bevis, 2013): a model was
// kept here under an id of its own, pushed, and stored anew under the id that the
// server gave it. That broke what pointed to the old one, and marked an edit as sent
// that was made while the answer was on its way; here an id is final at birth, and the
// flag follows from what the relay has confirmed.
func RecipeLocalFirst(ctx context.Context, relay string) {
	type Customer struct{ Name string }
	type Order struct {
		Customer crdt.DocumentID
		Item     crdt.ImmutableString
		Paid     bool
	}

	shop := must(peer.Open(peer.Config{InMemory: true, Relay: relay}))
	defer shop.Close()
	customers := must(peer.CollectionOf[Customer](shop, "shop/customers"))
	orders := must(peer.CollectionOf[Order](shop, "shop/orders", peer.Index("Paid", "Item")))
	screen := orders.Live(ctx, peer.Where("Paid").Is(false).OrderBy("Item"))
	fmt.Println((<-screen).Result) // nothing yet
	redraw := func() {
		for _, event := range (<-screen).Events {
			if event.Kind == peer.Left {
				fmt.Println(event.Kind)
				continue
			}
			fmt.Println(event.Kind, event.Record.Value.Item, event.Record.State)
		}
	}

	ada := must(customers.Create(ctx, Customer{Name: "Ada"}))
	id := must(orders.Create(ctx, Order{Customer: ada, Item: "ink"})) // points to her at once
	redraw()
	check(shop.Sync(ctx)) // online for a moment: push, and pull
	redraw()
	check(orders.Update(ctx, id, func(o *Order) error { o.Item = "red ink"; return nil }))
	redraw()
	check(shop.Sync(ctx))
	redraw()

	office := linked(ctx, relay)
	defer office.Close()
	itsCustomers := must(peer.CollectionOf[Customer](office, "shop/customers"))
	itsOrders := must(peer.CollectionOf[Order](office, "shop/orders"))
	check(office.Sync(ctx))
	order := must(itsOrders.Get(ctx, id))
	fmt.Println(must(itsCustomers.Get(ctx, order.Customer)).Name, "gets", order.Item)
	check(itsOrders.Update(ctx, id, func(o *Order) error { o.Paid = true; return nil }))
	check(office.Sync(ctx))
	check(shop.Sync(ctx))
	redraw() // what others do is seen, too
}

func ExampleRecipeLocalFirst() {
	cook(RecipeLocalFirst)
	// Output:
	// []
	// entered ink pending
	// changed ink synced
	// changed red ink pending
	// changed red ink synced
	// Ada gets red ink
	// left
}
