package peer_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// Watchers are told what happens to records, here and elsewhere, with what they
// were and are, and by whom.
func TestWatchRecords(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	atAda, atBob := employees(t, ada), employees(t, bob)
	local := atAda.Watch(t.Context())
	id := made(t, atAda, employee{Name: "Ada"})
	remote := atBob.Watch(t.Context(), id)
	other := made(t, atAda, employee{Name: "Other"})
	e := next(t, local)
	if e.ID != id || e.Change != peer.Created || !e.Local || e.Remote || e.Before != nil || e.After == nil || e.After.Name != "Ada" || e.Missed != 0 {
		t.Fatalf("of a record that was made here is told %+v", e)
	}
	if e := next(t, local); e.ID != other {
		t.Fatalf("of the other record is told %+v", e)
	}
	one := atAda.Watch(t.Context(), other)
	ada.online()
	bob.online()
	bob.find(id)
	e = next(t, remote)
	if e.ID != id || e.Change != peer.Created || e.Local || !e.Remote || e.After.Name != "Ada" || len(e.Actors) != 1 {
		t.Fatalf("of a record that has come is told %+v", e)
	}
	actor := e.Actors[0]
	err := atAda.Update(t.Context(), id, func(e *employee) error { e.Name, e.Age = "Ada L.", 36; return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []peer.RecordEvent[employee]{next(t, local), next(t, remote)} {
		if e.Change != peer.Updated || e.Before.Name != "Ada" || e.After.Name != "Ada L." || !slices.Equal(e.Actors, []crdt.ActorID{actor}) {
			t.Fatalf("of an update is told %+v", e)
		}
		if os.Getenv(engineVariable) == "reference" {
			continue // which knows no patches
		}
		patches, err := e.Patches(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for p := range patches {
			said += fmt.Sprint(p.Action, p.Path, p.Key, p.Text, ";")
		}
		if said != "put []Age;splice [Name] L.;" {
			t.Errorf("its patches are %s", said)
		}
	}
	if err := atBob.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for _, e := range []peer.RecordEvent[employee]{next(t, local), next(t, remote)} {
		if e.Change != peer.Deleted || e.Before.Name != "Ada L." || e.After != nil {
			t.Fatalf("of a delete is told %+v", e)
		}
	}
	if err := atAda.Delete(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if e := next(t, one); e.ID != other || e.Change != peer.Deleted {
		t.Fatalf("who watches one record is told %+v", e)
	}
}

// A watcher that doesn't read holds nobody up, and is told how much it has missed.
func TestSlowWatcher(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	slow := c.Watch(t.Context())
	const n = 6000
	for range n / 100 {
		commit(t, p, func(tx *peer.Tx) error {
			for range 100 {
				if _, err := c.In(tx).Create(t.Context(), employee{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	told, missed := 0, 0
	for told+missed < n {
		e := next(t, slow)
		told++
		missed += e.Missed
	}
	if missed == 0 || told+missed != n {
		t.Errorf("%d were told, %d missed, of %d", told, missed, n)
	}
}

// Whatever happens to records, a list to which a live query's events are done is
// what the query finds.
func TestLiveQuery(t *testing.T) {
	random := seeded(t)
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p, byName)
	var ids []crdt.DocumentID
	for n := range 12 {
		ids = append(ids, made(t, c, employee{Name: fmt.Sprint("n", n), Age: n}))
	}
	q := peer.Where("Age").Above(3).OrderBy("Name").Limit(5)
	updates := c.Live(t.Context(), q)
	var list []peer.Record[employee]
	apply := func(u peer.LiveUpdate[employee]) {
		if u.Err != nil {
			t.Fatal(u.Err)
		}
		if u.Reset {
			list = u.Result
		}
		for _, e := range u.Events {
			switch e.Kind {
			case peer.Entered:
				list = slices.Insert(list, e.To, e.Record)
			case peer.Changed:
				list[e.To] = e.Record
			case peer.Moved:
				list = slices.Delete(list, e.From, e.From+1)
				list = slices.Insert(list, e.To, e.Record)
			case peer.Left:
				list = slices.Delete(list, e.From, e.From+1)
			}
		}
	}
	same := func() bool {
		var want []peer.Record[employee]
		for r, err := range c.Find(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, r)
		}
		return slices.EqualFunc(list, want, func(a, b peer.Record[employee]) bool {
			return a.ID == b.ID && fmt.Sprint(a.Value) == fmt.Sprint(b.Value)
		})
	}
	apply(next(t, updates))
	for step := range 60 {
		id := ids[random.IntN(len(ids))]
		age, name := random.IntN(8), fmt.Sprint("n", random.IntN(20))
		var err error
		switch {
		case step == 30:
			err = c.Rebuild(t.Context())
		case step%7 == 0:
			err = c.Delete(t.Context(), id)
		default:
			err = c.Put(t.Context(), id, employee{Name: name, Age: age})
		}
		if err != nil && !errors.Is(err, peer.ErrDeleted) {
			t.Fatal(err)
		}
		for !same() {
			apply(next(t, updates))
		}
	}
}
