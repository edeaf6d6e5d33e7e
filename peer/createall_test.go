package peer_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// rows yields n employees, whom each changes.
func rows(n int, each func(i int, e *employee)) iter.Seq[employee] {
	return func(yield func(employee) bool) {
		for i := range n {
			e := employee{Name: fmt.Sprint(i)}
			if each != nil {
				each(i, &e)
			}
			if !yield(e) {
				return
			}
		}
	}
}

func areRows(t *testing.T, c *peer.Records[employee], ids []crdt.DocumentID, n int) {
	t.Helper()
	if len(ids) != n {
		t.Fatalf("%d are there, want %d", len(ids), n)
	}
	counts(t, c, n)
	for i, id := range ids {
		if got := get(t, c, id).Name; got != fmt.Sprint(i) {
			t.Fatalf("number %d is %q", i, got)
		}
	}
}

// An import takes any number of rows of any size, in their order, also if they come
// from the peer itself.
func TestCreateAll(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	none, err := employees(t, p).CreateAll(t.Context(), rows(0, nil))
	if len(none) != 0 || err != nil {
		t.Errorf("of nothing there are %v: %v", none, err)
	}
	large := strings.Repeat("x", 60_000)
	for name, rows := range map[string]iter.Seq[employee]{
		"many":  rows(2*peer.MaxRecords+17, nil),
		"large": rows(40, func(_ int, e *employee) { e.Title = large }), // more than a commit holds
		"some large": rows(peer.MaxRecords+60, func(i int, e *employee) {
			if i%20 == 0 {
				e.Title = large
			}
		}),
	} {
		c := of[employee](t, p, "acme/"+name, byName)
		ids, err := c.CreateAll(t.Context(), rows)
		if err != nil {
			t.Fatal(err)
		}
		areRows(t, c, ids, len(slices.Collect(rows)))
		copied, err := of[employee](t, p, "acme/copied "+name).CreateAll(t.Context(), func(yield func(employee) bool) {
			for e, err := range c.Find(t.Context(), peer.Query{}) {
				if err != nil || !yield(e.Value) {
					t.Error(err)
					return
				}
			}
		})
		if len(copied) != len(ids) || err != nil {
			t.Errorf("%s: %d are copied: %v", name, len(copied), err)
		}
	}
	consistent(t, p)
}

// An import that fails says how far it is: what comes before the row that can't be is
// there, and nothing after it.
func TestCreateAllFails(t *testing.T) {
	refused := errors.New("no bots")
	const bad = peer.MaxRecords + 188
	named := func(name string) func(i int, e *employee) {
		return func(i int, e *employee) {
			if i == bad {
				e.Name = name
			}
		}
	}
	for name, c := range map[string]struct {
		rows iter.Seq[employee]
		want error
	}{
		"refused":   {rows(bad+100, named("bot")), refused},
		"no text":   {rows(bad+100, named("\xff")), peer.ErrInvalid},
		"too large": {rows(bad+1, named(strings.Repeat("x", 5<<20))), crdt.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name == "too large" {
				t.Skip("it takes seconds")
			}
			p := openPeer(t, peer.Config{InMemory: true})
			people := employees(t, p, peer.Validate(func(_ context.Context, _ crdt.DocumentID, e employee) error {
				if e.Name == "bot" {
					return refused
				}
				return nil
			}))
			ids, err := people.CreateAll(t.Context(), c.rows)
			fails(t, err, c.want, fmt.Sprintf(`peer: create in "acme/employees", after %d records: `, bad))
			areRows(t, people, ids, bad)
			if again, err := people.CreateAll(t.Context(), rows(1, nil)); len(again) != 1 || err != nil {
				t.Errorf("after that %d can be created: %v", len(again), err)
			}
		})
	}
}

// An import can be given up: what is committed stays.
func TestCreateAllCancelled(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	ids, err := c.CreateAll(ctx, rows(10*peer.MaxRecords, func(i int, _ *employee) {
		if i == 2*peer.MaxRecords {
			cancel()
		}
	}))
	fails(t, err, context.Canceled, "after 1024 records")
	areRows(t, c, ids, 2*peer.MaxRecords)
}

// In a transaction an import is there with it, or not at all.
func TestCreateAllInCommit(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	give := func(n int) (ids []crdt.DocumentID, err error) {
		err = p.Commit(t.Context(), func(tx *peer.Tx) error {
			ids, err = c.In(tx).CreateAll(t.Context(), rows(n, nil))
			return err
		})
		return ids, err
	}
	_, err := give(peer.MaxRecords + 1)
	fails(t, err, peer.ErrTooMuch)
	counts(t, c, 0)
	ids, err := give(20)
	if err != nil {
		t.Fatal(err)
	}
	areRows(t, c, ids, 20)
}
