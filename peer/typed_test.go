package peer_test

import (
	"testing"

	"github.com/godwit-sync/godwit/peer"
)

// price says itself what it is.
type price struct{ cents int }

func (p price) MarshalCRDT() (any, error) { return map[string]any{"amount": p.cents}, nil }
func (p *price) UnmarshalCRDT(v any) error {
	p.cents = int(v.(map[string]any)["amount"].(int64))
	return nil
}

// TestFieldsThatATypeLacks: whoever mistypes a field's name is told so at once, rather
// than that nothing was found.
func TestFieldsThatATypeLacks(t *testing.T) {
	type address struct {
		City string `crdt:"city"`
	}
	type person struct {
		Name    string `crdt:"name"`
		Address *address
		Scores  map[string]int
		Tags    []string
		Price   price
		More    any
	}
	p := openPeer(t, peer.Config{})
	people := of[person](t, p, "acme/people", peer.Index("name", "Address.city"), peer.Index("Price.amount"))
	maps, err := p.Collection("acme/people", peer.Index("anything"))
	if err != nil {
		t.Fatal(err)
	}
	for _, there := range []string{"name", "Address", "Address.city", "Scores.ada", "Tags", "Price.amount", "More", "More.of.it"} {
		if n, err := people.CountWhere(t.Context(), peer.Where(there).Exists()); n != 0 || err != nil {
			t.Errorf("%q is in %d records: %v", there, n, err)
		}
	}
	for _, missing := range []string{"Name", "Address.City", "Scores.ada.x", "Tags.first", "Tags.0", "name.first", "anything"} {
		_, err := peer.CollectionOf[person](p.Peer, "acme/people", peer.Index("name", missing))
		fails(t, err, peer.ErrInvalid, missing)
		for _, q := range []peer.Query{peer.Where(missing).Exists(), peer.Where("name").Is("Ada").OrderBy(missing)} {
			for _, err := range people.Find(t.Context(), q) {
				fails(t, err, peer.ErrInvalid, missing)
			}
			_, err := people.CountWhere(t.Context(), q)
			fails(t, err, peer.ErrInvalid, missing)
			_, err = people.Explain(t.Context(), q)
			fails(t, err, peer.ErrInvalid, missing)
			fails(t, (<-people.Live(t.Context(), q)).Err, peer.ErrInvalid, missing)
		}
		if n, err := maps.CountWhere(t.Context(), peer.Where(missing).Exists()); n != 0 || err != nil {
			t.Errorf("in maps %q is in %d records: %v", missing, n, err)
		}
	}
}

// A resolver of a field that no record has would never be asked.
func TestResolversOfFieldsThatATypeLacks(t *testing.T) {
	type item struct {
		SKU   string `crdt:"sku"`
		Count int
	}
	type order struct {
		Items  []item `crdt:",key=sku"`
		Stock  map[string]map[string]int
		Price  price
		More   []any
		Ledger [][]struct{ Sum int }
	}
	p := openPeer(t, peer.Config{InMemory: true})
	resolver := func(field string) peer.CollectionOption { return peer.ResolveField(field, peer.PreferLocal) }
	for _, there := range []string{
		"", "Items", "Items.Count", "Items.sku", "Stock.a.b", "Stock.a.b.c", "Price.amount", "More", "More.of.it", "Ledger.Sum",
	} {
		of[order](t, p, "acme/orders", resolver(there))
	}
	for _, missing := range []string{"items", "Items.SKU", "Items.Count.of", "Items.0.Count", "Sum", "Ledger.Sum.of"} {
		_, err := peer.CollectionOf[order](p.Peer, "acme/orders", resolver(missing))
		fails(t, err, peer.ErrInvalid, missing)
		if _, err := p.Collection("acme/orders", resolver(missing)); err != nil {
			t.Error(err)
		}
	}
}
