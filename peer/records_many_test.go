package peer_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// Collections of a closed peer say so, whatever they are asked.
func TestCollectionsClosed(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	id := made(t, c, employee{Name: "Ada"})
	p.close()
	ctx := t.Context()
	none := func(*employee) error { return nil }
	for what, do := range map[string]func() error{
		"Collection":    func() error { _, err := p.Collection("acme/others"); return err },
		"Create":        func() error { _, err := c.Create(ctx, employee{}); return err },
		"CreateWithKey": func() error { _, err := c.CreateWithKey(ctx, "key", employee{}); return err },
		"Get":           func() error { _, err := c.Get(ctx, id); return err },
		"Update":        func() error { return c.Update(ctx, id, none) },
		"Put":           func() error { return c.Put(ctx, id, employee{}) },
		"Delete":        func() error { return c.Delete(ctx, id) },
		"Restore":       func() error { return c.Restore(ctx, id) },
		"Exists":        func() error { _, err := c.Exists(ctx, id); return err },
		"Count":         func() error { _, err := c.Count(ctx); return err },
		"CountWhere":    func() error { _, err := c.CountWhere(ctx, peer.Query{}); return err },
		"Explain":       func() error { _, err := c.Explain(ctx, peer.Query{}); return err },
		"Ready":         func() error { return c.Ready(ctx) },
		"Rebuild":       func() error { return c.Rebuild(ctx) },
		"DropIndex":     func() error { return c.DropIndex("Name") },
		"Commit":        func() error { return p.Commit(ctx, func(*peer.Tx) error { return nil }) },
		"Find": func() error {
			for _, err := range c.Find(ctx, peer.Query{}) {
				return err
			}
			return nil
		},
	} {
		if err := do(); !errors.Is(err, peer.ErrClosed) {
			t.Errorf("%s of a closed peer: %v", what, err)
		}
	}
	ended(t, c.Watch(ctx))
	ended(t, c.Live(ctx, peer.Query{}))
}

// The peer can be closed whatever is being done with its collections, and what was
// acknowledged is there when it is opened again.
func TestCloseDuringAnythingWithRecords(t *testing.T) {
	r, dir := startRelay(t), t.TempDir()
	for range 4 {
		p, err := peer.Open(peer.Config{Path: dir, Relay: r.url(), Reserve: -1, Engine: engine()})
		if err != nil {
			t.Fatal(err)
		}
		done := closeAmongRecords(t, p)
		again := openPeer(t, peer.Config{Path: dir})
		c := employees(t, again)
		if err := c.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, age := range done {
			if got, err := c.Get(t.Context(), id); err != nil || got.Age < age {
				t.Errorf("%s is %+v, %v; %d was acknowledged", id, got, err, age)
			}
		}
		consistent(t, again)
		again.close()
	}
}

func closeAmongRecords(t *testing.T, p *peer.Peer) map[crdt.DocumentID]int {
	t.Helper()
	var mu sync.Mutex
	done := map[crdt.DocumentID]int{}
	var everybody sync.WaitGroup
	ctx := t.Context()
	c, err := peer.CollectionOf[employee](p, "acme/employees", byName)
	if err != nil {
		t.Fatal(err)
	}
	until := func(what string, do func() error) {
		everybody.Go(func() {
			for {
				switch err := do(); {
				case errors.Is(err, peer.ErrClosed):
					return
				case err != nil:
					t.Errorf("%s: %v", what, err)
					return
				}
			}
		})
	}
	everybody.Go(func() { _ = p.Run(ctx) })
	warm := make(chan struct{})
	for w := range 3 {
		id, err := c.Create(ctx, employee{Name: fmt.Sprint(w)})
		if err != nil {
			t.Fatal(err)
		}
		age := 0
		until("Update", func() error {
			err := c.Update(ctx, id, func(e *employee) error { e.Age = age + 1; return nil })
			if err == nil {
				age++
				mu.Lock()
				done[id] = age
				mu.Unlock()
				if w == 0 && age == 20 {
					close(warm)
				}
			}
			return err
		})
	}
	until("Find", func() error {
		for _, err := range c.Find(ctx, peer.Where("Name").AtLeast("1").OrderBy("Name")) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	until("Rebuild", func() error { return c.Rebuild(ctx) })
	until("Count", func() error { _, err := c.Count(ctx); return err })
	until("CreateWithKey", func() error { _, err := c.PutWithKey(ctx, "key", employee{Name: "key"}); return err })
	everybody.Go(func() {
		for range c.Watch(ctx) {
		}
	})
	everybody.Go(func() {
		for u := range c.Live(ctx, peer.Query{}.OrderBy("Name")) {
			if u.Err != nil && !errors.Is(u.Err, peer.ErrClosed) {
				t.Error(u.Err)
			}
		}
	})
	<-warm
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	everybody.Wait()
	return done
}

// A directory that went back in time gets its records back, begins another life,
// and their views are right.
func TestRestoredRecords(t *testing.T) {
	r, dir := startRelay(t), t.TempDir()
	carol := openPeer(t, peer.Config{Relay: r.url()})
	carol.online()
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	c := employees(t, p, byName)
	id, other := made(t, c, employee{Name: "Ada"}), made(t, c, employee{Name: "Other"})
	reaches(t, p.find(id), peer.Synced)
	reaches(t, p.find(other), peer.Synced)
	p.close()
	backup := copyDirectory(t, dir)
	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	c = employees(t, p)
	if err := c.Update(t.Context(), id, func(e *employee) error { e.Age = 36; return nil }); err != nil {
		t.Fatal(err)
	}
	reaches(t, p.find(id), peer.Synced)
	p.close()
	restoreUnseen(t, dir, backup)

	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	p.online()
	agree(t, carol.find(id), p.find(id))
	newLife(t, p.find(id))
	c = employees(t, p)
	commit(t, p, func(tx *peer.Tx) error {
		one := c.In(tx).Update(t.Context(), id, func(e *employee) error { e.Name = "Ada L."; return nil })
		return errors.Join(one, c.In(tx).Update(t.Context(), other, func(e *employee) error { e.Age = 1; return nil }))
	})
	for _, id := range []crdt.DocumentID{id, other} {
		reaches(t, p.find(id), peer.Synced)
		agree(t, carol.find(id), p.find(id))
		noTwins(t, p.find(id), carol.find(id))
	}
	is(t, c, id, employee{Name: "Ada L.", Age: 36})
	consistent(t, p)
}
