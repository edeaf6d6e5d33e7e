package peer_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

type ticket struct {
	Title    string
	Status   crdt.ImmutableString
	Estimate int
	Due      *time.Time `crdt:",omitempty"`
	Labels   []string   `crdt:",omitempty"`
	Steps    []step     `crdt:",key=ID"`
	Home     place
}

type step struct {
	ID   string
	Done crdt.ImmutableString
}

type place struct {
	City crdt.ImmutableString
	Zip  int
}

func tickets(tb testing.TB, p *node, opts ...peer.CollectionOption) *peer.Records[ticket] {
	tb.Helper()
	return of[ticket](tb, p, "plan/tickets", opts...)
}

func update[T any](tb testing.TB, c *peer.Records[T], id crdt.DocumentID, fn func(*T)) {
	tb.Helper()
	if err := c.Update(tb.Context(), id, func(v *T) error { fn(v); return nil }); err != nil {
		tb.Fatal(err)
	}
}

func conflictsOf[T any](tb testing.TB, c *peer.Records[T], id crdt.DocumentID) []peer.Conflict {
	tb.Helper()
	conflicts, err := c.Conflicts(tb.Context(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return conflicts
}

func conflicted[T any](tb testing.TB, c *peer.Records[T]) (ids []crdt.DocumentID) {
	tb.Helper()
	for id, err := range c.Conflicted(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func get[T any](tb testing.TB, c *peer.Records[T], id crdt.DocumentID) T {
	tb.Helper()
	v, err := c.Get(tb.Context(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// apart has a record made by the first of some peers, and edited by each while it is
// offline.
func apart(tb testing.TB, first ticket, peers []*node, edit func(i int, v *ticket)) crdt.DocumentID {
	tb.Helper()
	id := made(tb, tickets(tb, peers[0]), first)
	for _, p := range peers {
		p.online()
		p.find(id)
		p.sync()
		p.offline()
	}
	for i, p := range peers {
		update(tb, tickets(tb, p), id, func(v *ticket) { edit(i, v) })
	}
	return id
}

// together has peers meet until all have the same changes of a ticket, and nobody has
// anything to resolve. Then they part.
func together(tb testing.TB, id crdt.DocumentID, peers ...*node) {
	tb.Helper()
	settle(tb, id, peers, func(p *node) error { return tickets(tb, p).Resolved(tb.Context()) })
}

// settle has peers meet until all have the same changes of a record, and have
// resolved what they can. Then they part.
func settle(tb testing.TB, id crdt.DocumentID, peers []*node, resolved func(p *node) error) {
	tb.Helper()
	docs := make([]*peer.Document, len(peers))
	for i, p := range peers {
		p.online()
		docs[i] = p.find(id)
	}
	for before := ""; ; {
		await(tb, "all have the same changes", docs[0], func() bool {
			first := heads(tb, docs[0])
			return !slices.ContainsFunc(docs, func(doc *peer.Document) bool { return !slices.Equal(first, heads(tb, doc)) })
		}, docs...)
		for _, p := range peers {
			if err := resolved(p); err != nil {
				tb.Fatal(err)
			}
			p.sync()
		}
		now := ""
		for _, doc := range docs {
			now += fmt.Sprint(heads(tb, doc))
		}
		if now == before {
			break
		}
		before = now
	}
	agree(tb, docs...)
	for _, p := range peers {
		p.offline()
	}
}

// resolutions returns how many changes of a record have resolved something.
func resolutions(tb testing.TB, p *node, id crdt.DocumentID) (n int) {
	tb.Helper()
	changes, err := p.find(id).Changes(tb.Context(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	for _, c := range changes {
		if c.Message == "godwit: resolved" {
			n++
		}
	}
	return n
}

func openPeers(tb testing.TB, n int) []*node {
	tb.Helper()
	r := startRelay(tb)
	peers := make([]*node, n)
	for i := range peers {
		peers[i] = openPeer(tb, peer.Config{Relay: r.url()})
	}
	return peers
}

// What two have written at once is there for people to see: which values, of the
// fields' types, and by whom. They choose one, or write another.
func TestConflicts(t *testing.T) {
	peers := openPeers(t, 2)
	due := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	values := []ticket{{Status: "done", Estimate: 3, Home: place{City: "Rome", Zip: 1}}, {Status: "late", Estimate: 8, Due: &due, Home: place{City: "Oslo", Zip: 1}}}
	id := apart(t, ticket{Title: "Pump", Steps: []step{{"a", "no"}, {"b", "no"}}}, peers, func(i int, v *ticket) {
		steps := slices.Clone(v.Steps)
		*v = values[i]
		v.Title, v.Steps = "Pump", steps
		v.Steps[1].Done = []crdt.ImmutableString{"yes", "perhaps"}[i]
	})
	if found := conflictsOf(t, tickets(t, peers[0]), id); found != nil {
		t.Errorf("before they meet there are %+v", found)
	}
	together(t, id, peers...)
	for i, p := range peers {
		c := tickets(t, p)
		if got := conflicted(t, c); !slices.Equal(got, []crdt.DocumentID{id}) {
			t.Errorf("conflicted are %v", got)
		}
		consistent(t, p)
		found := conflictsOf(t, c, id)
		want := map[string][2]any{
			"Estimate": {3, 8}, "Home.City": {crdt.ImmutableString("Rome"), crdt.ImmutableString("Oslo")},
			"Status": {crdt.ImmutableString("done"), crdt.ImmutableString("late")}, "Steps.Done": {crdt.ImmutableString("yes"), crdt.ImmutableString("perhaps")},
		}
		if len(found) != len(want) {
			t.Fatalf("there are %d conflicts: %+v", len(found), found)
		}
		shown := get(t, c, id)
		for _, f := range found {
			if f.Local != want[f.Field()][i] || f.Remote != want[f.Field()][1-i] {
				t.Errorf("%v: local is %#v, remote %#v", f.Path, f.Local, f.Remote)
			}
			for _, v := range f.Values {
				if v.Local != (v.Value == f.Local) || v.Resolved || len(v.Actor) == 0 || v.Change == (crdt.Hash{}) {
					t.Errorf("%v: %+v", f.Path, v)
				}
			}
			if f.Field() == "Estimate" && f.Values[1].Value != shown.Estimate {
				t.Errorf("%d is shown, and the last is %v", shown.Estimate, f.Values)
			}
		}
	}

	// Also when what is kept of records is built anew, or more of it.
	if err := tickets(t, peers[0], peer.Index("Status")).Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := conflicted(t, tickets(t, peers[0])); !slices.Equal(got, []crdt.DocumentID{id}) {
		t.Errorf("then conflicted are %v", got)
	}
	consistent(t, peers[0])

	// One chooses, and the other's choice comes too late.
	a, b := tickets(t, peers[0]), tickets(t, peers[1])
	old := conflictsOf(t, b, id)
	for _, f := range conflictsOf(t, a, id) {
		value := f.Local
		if f.Field() == "Estimate" {
			value = 5
		}
		if err := a.ResolveConflict(t.Context(), id, f, value); err != nil {
			t.Fatal(err)
		}
	}
	together(t, id, peers...)
	for _, c := range []*peer.Records[ticket]{a, b} {
		v := get(t, c, id)
		if v.Estimate != 5 || v.Status != "done" || v.Home.City != "Rome" || v.Steps[1].Done != "yes" {
			t.Errorf("it is %+v", v)
		}
		if found := conflictsOf(t, c, id); found != nil || conflicted(t, c) != nil {
			t.Errorf("there are %+v left", found)
		}
	}
	for _, f := range old {
		fails(t, b.ResolveConflict(t.Context(), id, f, f.Local), peer.ErrStale, f.Field())
	}
	fails(t, b.ResolveConflict(t.Context(), id, peer.Conflict{Path: []any{"Status"}}, 1), peer.ErrInvalid)
	fails(t, b.ResolveConflict(t.Context(), id, old[0], make(chan int)), peer.ErrInvalid)
	_, err := b.Conflicts(t.Context(), b.NewID())
	fails(t, err, peer.ErrNoRecord)
	consistent(t, peers[0])
	consistent(t, peers[1])
}
