package peer_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// Who resolves a conflict by what the field can't be is told so, and nothing is
// written: else nobody could read the record any more.
func TestResolutionOfAnotherType(t *testing.T) {
	peers := openPeers(t, 2)
	c := tickets(t, peers[0], peer.ResolveField("Estimate", func(peer.Conflict) (any, error) { return "many", nil }))
	events := c.Watch(t.Context())
	id := apart(t, ticket{Title: "Pump"}, peers, func(i int, v *ticket) {
		v.Estimate, v.Status, v.Home.Zip = i+1, crdt.ImmutableString(fmt.Sprint("by ", i)), i+7
	})
	together(t, id, peers...)
	before := get(t, c, id)
	for e := range events {
		if e.Unresolved != nil {
			fails(t, e.Unresolved, e.Unresolved, "Estimate", "want int")
			break
		}
	}
	wrong := map[string][]any{
		"Estimate": {"many", 1.5, true, map[string]any{}},
		"Status":   {17, false, []any{"a"}},
		"Home.Zip": {"N1", []byte{1}},
	}
	found := conflictsOf(t, c, id)
	if len(found) != len(wrong) {
		t.Fatalf("there are %+v", found)
	}
	for _, f := range found {
		if isEstimate := f.Field() == "Estimate"; isEstimate != (f.Err != nil) {
			t.Errorf("%s: %v", f.Field(), f.Err)
		}
		for _, value := range wrong[f.Field()] {
			fails(t, c.ResolveConflict(t.Context(), id, f, value), peer.ErrInvalid, f.Field())
		}
	}
	is(t, c, id, before)
	if n := resolutions(t, peers[0], id); n != 0 {
		t.Errorf("%d changes have resolved something", n)
	}
	for _, f := range found { // what fits is taken, and so is anything where no type is known
		value := map[string]any{"Estimate": 3.0, "Status": "either", "Home.Zip": f.Remote}[f.Field()]
		if err := c.ResolveConflict(t.Context(), id, f, value); err != nil {
			t.Errorf("%s: %v", f.Field(), err)
		}
	}
	is(t, c, id, ticket{Title: "Pump", Estimate: 3, Status: "either", Home: place{Zip: 8}})
}

// What others have written as something else doesn't stand in the way of what
// resolves another conflict, and may be chosen as it is.
func TestResolutionBesideAnotherType(t *testing.T) {
	peers := openPeers(t, 2)
	c := tickets(t, peers[0])
	id := apart(t, ticket{Title: "Pump"}, peers, func(i int, v *ticket) { v.Status = crdt.ImmutableString(fmt.Sprint("by ", i)) })
	for i, p := range peers {
		change(t, p.find(id), func(root crdt.Map) error {
			return errors.Join(root.Set("Estimate", fmt.Sprint("many ", i)), root.Set("extra", i))
		})
	}
	together(t, id, peers...)
	found := conflictsOf(t, c, id)
	if len(found) != 3 {
		t.Fatalf("there are %+v", found)
	}
	for _, f := range found {
		if err := c.ResolveConflict(t.Context(), id, f, f.Values[1].Value); err != nil {
			t.Errorf("%s: %v", f.Field(), err)
		}
	}
	if found := conflictsOf(t, c, id); len(found) > 0 {
		t.Errorf("there are %+v left", found)
	}
}

// Also where a record is merged as a whole, as something that isn't the collection's.
func TestMergedAsAnotherType(t *testing.T) {
	peers := openPeers(t, 2)
	c := tickets(t, peers[0], peer.ResolveWith(func(local, _ map[string]any) (map[string]any, error) {
		local["Estimate"] = "many"
		return local, nil
	}))
	id := estimates(t, peers)
	together(t, id, peers...)
	found := conflictsOf(t, c, id)
	if len(found) != 2 || found[0].Err == nil || found[1].Err == nil {
		t.Errorf("there are %+v", found)
	}
	get(t, c, id)
}
