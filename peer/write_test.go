package peer_test

import (
	"context"
	"errors"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	changes "github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/peer"
)

func changesOf(tb testing.TB, p *node, id crdt.DocumentID) []*changes.Change {
	tb.Helper()
	doc, err := p.Document(id)
	if err != nil {
		tb.Fatal(err)
	}
	all, err := doc.Changes(tb.Context(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// brings has a peer take in changes as if a neighbour had brought them.
func brings(tb testing.TB, p *node, id crdt.DocumentID, some []*changes.Change) {
	tb.Helper()
	done := make(chan error, 1)
	p.Bring(id, some, func(err error) { done <- err })
	if err := <-done; err != nil {
		tb.Fatal(err)
	}
}

// A tombstone that an edit has beaten stays in the document, where it makes readers
// look through the history, until somebody writes in the record. What changes nothing
// makes no change because of it.
func TestBeatenTombstoneGoes(t *testing.T) {
	const key = "ada@example.com"
	hasStone := func(p *node, id crdt.DocumentID) bool {
		doc, err := p.Document(id)
		if err != nil {
			t.Fatal(err)
		}
		_, has := read(t, doc)["godwit:deleted"]
		return has
	}
	for name, write := range map[string]func(p *node, c *peer.Records[contact], id crdt.DocumentID, value contact) error{
		"Update": func(_ *node, c *peer.Records[contact], id crdt.DocumentID, value contact) error {
			return c.Update(t.Context(), id, func(v *contact) error { *v = value; return nil })
		},
		"Put": func(_ *node, c *peer.Records[contact], id crdt.DocumentID, value contact) error {
			return c.Put(t.Context(), id, value)
		},
		"PutWithKey": func(_ *node, c *peer.Records[contact], _ crdt.DocumentID, value contact) error {
			_, err := c.PutWithKey(t.Context(), key, value)
			return err
		},
		"Change": func(p *node, _ *peer.Records[contact], id crdt.DocumentID, value contact) error {
			doc, err := p.Document(id)
			if err != nil {
				return err
			}
			return doc.Change(t.Context(), func(root crdt.Map) error { return root.Reconcile(value) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			ada, bob := openPeer(t, peer.Config{InMemory: true}), openPeer(t, peer.Config{InMemory: true})
			atAda, atBob := of[contact](t, ada, "acme/contacts"), of[contact](t, bob, "acme/contacts")
			id := withKey(t, atAda, key, contact{Name: "Ada"})
			brings(t, bob, id, changesOf(t, ada, id))
			update(t, atBob, id, func(c *contact) { c.Phone = "1" })
			if err := atAda.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			brings(t, ada, id, changesOf(t, bob, id))
			if is(t, atAda, id, contact{Name: "Ada", Phone: "1"}); !hasStone(ada, id) {
				t.Fatal("there is no tombstone")
			}
			before := len(changesOf(t, ada, id))
			if err := write(ada, atAda, id, contact{Name: "Ada", Phone: "1"}); err != nil {
				t.Fatal(err)
			}
			if n := len(changesOf(t, ada, id)) - before; n != 0 {
				t.Errorf("writing back what is there makes %d changes", n)
			}
			if err := write(ada, atAda, id, contact{Name: "Ada", Phone: "2"}); err != nil {
				t.Fatal(err)
			}
			if n := len(changesOf(t, ada, id)) - before; n != 1 || hasStone(ada, id) {
				t.Errorf("an edit makes %d changes, and the tombstone stays: %t", n, hasStone(ada, id))
			}
			is(t, atAda, id, contact{Name: "Ada", Phone: "2"})
			brings(t, bob, id, changesOf(t, ada, id))
			is(t, atBob, id, contact{Name: "Ada", Phone: "2"})
			consistent(t, ada)
			consistent(t, bob)
		})
	}
}

// What is put is there, even if it says nothing and only a skeleton has come.
func TestPutOnSkeleton(t *testing.T) {
	ada, bob := openPeer(t, peer.Config{InMemory: true}), openPeer(t, peer.Config{InMemory: true})
	atAda, atBob := of[map[string]any](t, ada, "acme/maps"), of[map[string]any](t, bob, "acme/maps")
	id := withKey(t, atBob, "key", map[string]any{"a": 1})
	brings(t, ada, id, changesOf(t, bob, id)[:1])
	exists(t, atAda, id, false)
	if err := atAda.Put(t.Context(), id, map[string]any{}); err != nil {
		t.Fatal(err)
	}
	exists(t, atAda, id, true)
	consistent(t, ada)
}

// A program that asks for a collection again and again is called back once, by what it
// gave last. What fails makes no record, and has no id.
func TestValidatorsAreReplaced(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	calls, why := map[string]int{}, errors.New("no")
	check := func(name string, err error) peer.CollectionOption {
		return peer.Validate(func(context.Context, crdt.DocumentID, employee) error { calls[name]++; return err })
	}
	for range 10 {
		employees(t, p, check("former", why))
	}
	c := employees(t, p, check("one", nil), check("another", nil))
	maps := of[map[string]any](t, p, "acme/employees", peer.Validate(func(context.Context, crdt.DocumentID, map[string]any) error {
		calls["of maps"]++
		return nil
	}))
	made(t, c, employee{Name: "Ada"})
	made(t, maps, map[string]any{"Name": "Bea"})
	if len(calls) != 3 || calls["one"] != 2 || calls["another"] != 2 || calls["of maps"] != 2 {
		t.Errorf("two records are looked at by %v", calls)
	}
	employees(t, p, check("last", why))
	id, err := c.Create(t.Context(), employee{})
	if fails(t, err, why); id != (crdt.DocumentID{}) {
		t.Errorf("a record that was not made has the id %s", id)
	}
	id, err = c.CreateWithKey(t.Context(), "key", employee{})
	if fails(t, err, why); id != (crdt.DocumentID{}) {
		t.Errorf("a record that was not made has the id %s", id)
	}
	counts(t, c, 2)
}
