package peer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// playResolver resolves the conflicts that are there, all but those of one field, and
// says of each when it is asked. It ends when nothing is left to do.
func playResolver() error {
	p, _, err := playing()
	if err != nil {
		return err
	}
	c, err := peer.CollectionOf[ticket](p, "plan/tickets",
		peer.Resolve(func(c peer.Conflict) (any, error) {
			fmt.Printf("%s asked\n", c.ID)
			return c.Local, nil
		}),
		peer.ResolveField("Status", func(c peer.Conflict) (any, error) {
			fmt.Printf("%s failed\n", c.ID)
			return nil, errors.New("no idea")
		}))
	if err != nil {
		return err
	}
	return c.Resolved(context.Background())
}

// A process that resolves conflicts is killed, again and again. In the end each was
// resolved once, and what it fails at was asked once, but for those it was killed at.
func TestResolverKilled(t *testing.T) {
	r := startRelay(t)
	dir := t.TempDir()
	ada, bob := openPeer(t, peer.Config{Path: dir, Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ids := conflictingTickets(t, 30, ada, bob)
	ada.close()

	random := seeded(t)
	asked, kills := map[string]int{}, 0
	for done := false; !done; {
		a := startActor(t, "resolver", dir, nil, kills, ids[0])
		last := random.IntN(20)
		for n := 0; ; n++ {
			id, word, ok := a.said()
			if !ok {
				break
			}
			asked[id.String()+word]++
			if n == last {
				if err := a.cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		said, err := a.ended()
		if said != "" {
			t.Fatalf("it says %s", said)
		}
		if done = err == nil; !done {
			kills++
		}
	}
	again := 0
	for _, n := range asked {
		again += n - 1
	}
	if len(asked) != 2*len(ids) || again > 2*kills {
		t.Errorf("it was asked about %d conflicts, %d times too often with %d kills", len(asked), again, kills)
	}

	ada = openPeer(t, peer.Config{Path: dir})
	consistent(t, ada)
	c := tickets(t, ada)
	for _, id := range ids {
		if found := conflictsOf(t, c, id); len(found) != 1 || found[0].Field() != "Status" || found[0].Err == nil {
			t.Errorf("there are %+v", found)
		}
		if v, n := get(t, c, id), resolutions(t, ada, id); v.Estimate != 1 || n != 1 {
			t.Errorf("it is %+v after %d changes that resolve", v, n)
		}
	}
}

// conflictingTickets has two write different values into tickets, and meet.
func conflictingTickets(tb testing.TB, n int, peers ...*node) (ids []crdt.DocumentID) {
	tb.Helper()
	for range n {
		ids = append(ids, made(tb, tickets(tb, peers[0]), ticket{Title: "Pump"}))
	}
	meet := func() {
		for _, p := range peers {
			p.online()
		}
		for _, id := range ids {
			agree(tb, peers[0].find(id), peers[1].find(id))
		}
		for _, p := range peers {
			p.offline()
		}
	}
	meet()
	for i, p := range peers {
		for _, id := range ids {
			update(tb, tickets(tb, p), id, func(v *ticket) {
				v.Estimate, v.Status = i+1, crdt.ImmutableString(fmt.Sprint("by ", i))
			})
		}
	}
	meet()
	return ids
}
