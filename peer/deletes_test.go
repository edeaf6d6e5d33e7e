package peer_test

import (
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// deletion is a record that ada deletes while bob does something else.
type deletion struct {
	tb       testing.TB
	ada, bob *node
	key      string
	id       crdt.DocumentID
}

func (d *deletion) at(p *node) *peer.Records[contact] { return of[contact](d.tb, p, "acme/contacts") }

func (d *deletion) delete(p *node) {
	d.tb.Helper()
	if err := d.at(p).Delete(d.tb.Context(), d.id); err != nil {
		d.tb.Fatal(err)
	}
}

func (d *deletion) restore(p *node) {
	d.tb.Helper()
	if err := d.at(p).Restore(d.tb.Context(), d.id); err != nil {
		d.tb.Fatal(err)
	}
}

func (d *deletion) edit(p *node, phone string) {
	d.tb.Helper()
	update(d.tb, d.at(p), d.id, func(c *contact) { c.Phone = phone })
}

// meet has the two exchange what they have, and part.
func (d *deletion) meet(others ...*node) {
	d.tb.Helper()
	peers := append([]*node{d.ada, d.bob}, others...)
	docs := make([]*peer.Document, len(peers))
	for i, p := range peers {
		p.online()
		docs[i] = p.find(d.id)
	}
	agree(d.tb, docs...)
	for _, p := range peers {
		p.offline()
	}
}

// is tests that a record is there, or deleted, for whoever asks, and however.
func (d *deletion) is(present bool, peers ...*node) {
	d.tb.Helper()
	for _, p := range peers {
		c, n := d.at(p), 0
		if present {
			n = 1
			get(d.tb, c, d.id)
		} else {
			_, err := c.Get(d.tb.Context(), d.id)
			fails(d.tb, err, peer.ErrDeleted)
		}
		exists(d.tb, c, d.id, present)
		counts(d.tb, c, n)
		for r, err := range c.Find(d.tb.Context(), peer.Where("Name").Is("Ada")) {
			if n--; err != nil || r.ID != d.id {
				d.tb.Fatalf("%s is found, %v", r.ID, err)
			}
		}
		if n != 0 {
			d.tb.Errorf("a query finds %d records too few", n)
		}
		consistent(d.tb, p)
	}
}

// What becomes of a record that one deletes while another writes in it is said by the
// collection of whoever deletes, and is the same for all: for those two, and for
// somebody who gets to know it later.
func TestDeletes(t *testing.T) {
	for _, test := range []struct {
		name        string
		do          func(d *deletion)
		edit, fatal bool // it is present in the end, if edits win, and if deletes do
	}{
		{"delete, and nothing", func(d *deletion) { d.delete(d.ada) }, false, false},
		{"delete, and edit", func(d *deletion) { d.delete(d.ada); d.edit(d.bob, "1") }, true, false},
		{"delete, and put", func(d *deletion) {
			d.delete(d.ada)
			if err := d.at(d.bob).Put(d.tb.Context(), d.id, contact{Name: "Ada", Phone: "2"}); err != nil {
				d.tb.Fatal(err)
			}
		}, true, false},
		{"both delete", func(d *deletion) { d.delete(d.ada); d.delete(d.bob) }, false, false},
		{"delete, and edit and delete", func(d *deletion) { d.delete(d.ada); d.edit(d.bob, "1"); d.delete(d.bob) }, false, false},
		{"delete and restore, and edit", func(d *deletion) { d.delete(d.ada); d.restore(d.ada); d.edit(d.bob, "1") }, true, true},
		{"delete and restore, and delete", func(d *deletion) { d.delete(d.ada); d.restore(d.ada); d.delete(d.bob) }, true, false},
		{"delete, and delete and make again", func(d *deletion) {
			d.delete(d.ada)
			d.delete(d.bob)
			withKey(d.tb, d.at(d.bob), d.key, contact{Name: "Ada", Phone: "3"})
		}, true, false},
		{"known to be deleted, and restored", func(d *deletion) { d.delete(d.ada); d.meet(); d.restore(d.bob) }, true, true},
		{"known to be deleted, and made again by both", func(d *deletion) {
			d.delete(d.ada)
			d.meet()
			withKey(d.tb, d.at(d.ada), d.key, contact{Name: "Ada", Phone: "4"})
			withKey(d.tb, d.at(d.bob), d.key, contact{Name: "Ada", Address: map[string]string{"City": "Rome"}})
		}, true, true},
		{"known to be deleted, restored, and restored and deleted", func(d *deletion) {
			d.delete(d.ada)
			d.meet()
			d.restore(d.ada)
			d.restore(d.bob)
			d.delete(d.bob)
		}, true, false},
		{"known to be deleted, and put", func(d *deletion) {
			d.delete(d.ada)
			d.meet()
			if err := d.at(d.bob).Put(d.tb.Context(), d.id, contact{Name: "Ada"}); err != nil {
				d.tb.Fatal(err)
			}
		}, true, true},
	} {
		for _, wins := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, edits win: %t", test.name, wins), func(t *testing.T) {
				policy, present := peer.DeleteWins(), test.fatal
				if wins {
					policy, present = peer.EditWins(), test.edit
				}
				r := startRelay(t)
				node := func() *node {
					p := openPeer(t, peer.Config{Relay: r.url()})
					of[contact](t, p, "acme/contacts", policy, peer.Index("Name"))
					return p
				}
				d := &deletion{tb: t, ada: node(), bob: node(), key: "ada"}
				d.id = withKey(t, d.at(d.ada), d.key, contact{Name: "Ada", Phone: "0"})
				d.meet()
				test.do(d)
				eve := node()
				d.meet(eve)
				d.is(present, d.ada, d.bob, eve)
			})
		}
	}
}

// A policy is the delete's: it counts for those whose collection says something else,
// and for deletes made from then on.
func TestPolicyTravels(t *testing.T) {
	r := startRelay(t)
	d := &deletion{tb: t, ada: openPeer(t, peer.Config{Relay: r.url()}), bob: openPeer(t, peer.Config{Relay: r.url()}), key: "ada"}
	of[contact](t, d.ada, "acme/contacts", peer.DeleteWins())
	of[contact](t, d.bob, "acme/contacts", peer.EditWins())
	d.id = withKey(t, d.at(d.ada), d.key, contact{Name: "Ada"})
	d.meet()
	d.delete(d.ada)
	d.edit(d.bob, "1")
	d.meet()
	d.is(false, d.ada, d.bob)

	of[contact](t, d.ada, "acme/contacts", peer.EditWins())
	d.is(false, d.ada, d.bob)
	d.restore(d.ada)
	d.meet()
	d.delete(d.ada)
	d.edit(d.bob, "2")
	d.meet()
	d.is(true, d.ada, d.bob)
	if c := get(t, d.at(d.ada), d.id); c.Phone != "2" {
		t.Errorf("it is %+v", c)
	}
}

// To resolve a conflict doesn't bring back what somebody has deleted.
func TestResolutionIsNoEdit(t *testing.T) {
	peers := openPeers(t, 2)
	id := estimates(t, peers)
	together(t, id, peers...)
	a, b := tickets(t, peers[0]), tickets(t, peers[1])
	if err := a.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for _, f := range conflictsOf(t, b, id) {
		if err := b.ResolveConflict(t.Context(), id, f, f.Local); err != nil {
			t.Fatal(err)
		}
	}
	together(t, id, peers...)
	for _, c := range []*peer.Records[ticket]{a, b} {
		exists(t, c, id, false)
		_, err := c.Conflicts(t.Context(), id)
		fails(t, err, peer.ErrDeleted)
		if ids := conflicted(t, c); ids != nil {
			t.Errorf("conflicted are %v", ids)
		}
	}
}
