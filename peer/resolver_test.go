package peer_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// estimates has each peer estimate a ticket, without knowing of the others.
func estimates(tb testing.TB, peers []*node) crdt.DocumentID {
	tb.Helper()
	return apart(tb, ticket{Title: "Pump"}, peers, func(i int, v *ticket) {
		v.Estimate = i + 1
		v.Status = crdt.ImmutableString(fmt.Sprint("by ", i))
	})
}

// Whoever prefers what, all say the same in the end, and then nobody says anything.
func TestResolversFallSilent(t *testing.T) {
	local, remote := peer.Resolve(peer.PreferLocal), peer.Resolve(peer.PreferRemote)
	sum := peer.ResolveField("Estimate", func(c peer.Conflict) (any, error) { return c.Local.(int) + c.Remote.(int), nil })
	for name, options := range map[string][][]peer.CollectionOption{
		"one":            {{local}, nil},
		"both local":     {{local}, {local}},
		"both remote":    {{remote}, {remote}},
		"opposite":       {{local}, {remote}},
		"sums":           {{local, sum}, {local, sum}},
		"three":          {{local}, {remote}, {local}},
		"three and sums": {{sum}, {sum, local}, {remote, sum}},
	} {
		t.Run(name, func(t *testing.T) {
			peers := openPeers(t, len(options))
			for i, p := range peers {
				tickets(t, p, options[i]...)
			}
			id := estimates(t, peers)
			together(t, id, peers...)
			if n := resolutions(t, peers[0], id); n == 0 || n > 2*len(peers) {
				t.Errorf("%d changes have resolved something", n)
			}
			first := conflictsOf(t, tickets(t, peers[0]), id)
			for _, p := range peers {
				c := tickets(t, p)
				if got, want := get(t, c, id), get(t, tickets(t, peers[0]), id); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
					t.Errorf("one says %+v, another %+v", got, want)
				}
				found := conflictsOf(t, c, id)
				if len(found) != len(first) || (len(conflicted(t, c)) > 0) != (len(first) > 0) {
					t.Errorf("one sees %d conflicts, another %d", len(first), len(found))
				}
				for _, f := range found {
					if !f.Values[0].Resolved && !f.Values[1].Resolved || f.Err != nil {
						t.Errorf("%s was not resolved: %+v", f.Field(), f)
					}
				}
				consistent(t, p)
			}
		})
	}
}

// Who has synced is done: what came was resolved, and the relay has that.
func TestSyncWaitsForResolvers(t *testing.T) {
	peers := openPeers(t, 2)
	ada, bob := peers[0], peers[1]
	thoughts := of[ticket](t, ada, "acme/thoughts", peer.LocalOnly())
	mine := tickets(t, ada, peer.Resolve(func(c peer.Conflict) (any, error) {
		for range 10 { // this takes its time
			if _, err := thoughts.Create(context.Background(), ticket{Title: "well"}); err != nil {
				return nil, err
			}
		}
		return c.Local, nil
	}))
	id := estimates(t, peers)
	bob.online()
	soon(t, tickets(t, bob).Sync)
	ada.online()
	soon(t, mine.Sync)
	if s := state(t, mine, id); s != peer.Synced {
		t.Errorf("it is %s", s)
	}
	soon(t, tickets(t, bob).Sync)
	if found := conflictsOf(t, tickets(t, bob), id); len(found) > 0 {
		t.Errorf("there are %+v", found)
	}
}

// A resolver is only asked where this peer wrote a value, about each conflict once,
// also if the peer is opened again.
func TestResolverIsAskedOnce(t *testing.T) {
	peers := openPeers(t, 3)
	var asked, strange atomic.Int32
	counting := peer.Resolve(func(c peer.Conflict) (any, error) {
		asked.Add(1)
		return c.Local, nil
	})
	tickets(t, peers[2], peer.Resolve(func(c peer.Conflict) (any, error) { strange.Add(1); return c.Local, nil }))
	id := estimates(t, peers[:2])
	together(t, id, peers...) // the third one has it, too
	if n := strange.Load(); n != 0 {
		t.Errorf("who wrote nothing was asked %d times", n)
	}
	if n := len(conflictsOf(t, tickets(t, peers[2]), id)); n != 2 {
		t.Errorf("there are %d conflicts", n)
	}

	// A resolver that comes later is asked about what is there.
	c := tickets(t, peers[0], counting)
	if err := c.Resolved(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 { // and another one of the same field takes its place
		tickets(t, peers[0], counting)
	}
	together(t, id, peers...)
	if n := asked.Load(); n != 2 {
		t.Errorf("it was asked %d times about two conflicts", n)
	}
	if v := get(t, tickets(t, peers[1]), id); v.Estimate != 1 || v.Status != "by 0" {
		t.Errorf("it is %+v", v)
	}
}

// A resolver that fails, or panics, is not asked again about the same values, also
// after a restart; why it has failed can be seen. Other values are another conflict.
func TestResolverFails(t *testing.T) {
	r := startRelay(t)
	config := peer.Config{Path: t.TempDir(), Relay: r.url()}
	ada, bob := openPeer(t, config), openPeer(t, peer.Config{Relay: r.url()})
	var asked atomic.Int32
	failing := []peer.CollectionOption{
		peer.ResolveField("Estimate", func(c peer.Conflict) (any, error) {
			if asked.Add(1); c.Remote.(int) < 100 {
				return nil, errors.New("ask the boss")
			}
			return 1000, nil
		}),
		peer.ResolveField("Status", func(c peer.Conflict) (any, error) { asked.Add(1); panic("no idea") }),
		peer.ResolveField("Home", func(c peer.Conflict) (any, error) { asked.Add(1); return make(chan int), nil }),
	}
	c := tickets(t, ada, failing...)
	events := c.Watch(t.Context())
	id := apart(t, ticket{}, []*node{ada, bob}, func(i int, v *ticket) {
		v.Estimate, v.Status, v.Home.Zip = i+1, crdt.ImmutableString(fmt.Sprint("by ", i)), i+7
	})
	together(t, id, ada, bob)
	says := map[string]string{"Estimate": "ask the boss", "Status": "panic: no idea", "Home.Zip": "chan"}
	check := func(c *peer.Records[ticket], calls int32, fields ...string) {
		t.Helper()
		if err := c.Resolved(t.Context()); err != nil {
			t.Fatal(err)
		}
		found := conflictsOf(t, c, id)
		if len(found) != len(fields) || asked.Load() != calls {
			t.Fatalf("after %d calls there are %+v", asked.Load(), found)
		}
		for _, f := range found {
			fails(t, f.Err, f.Err, says[f.Field()])
		}
	}
	check(c, 3, "Estimate", "Home.Zip", "Status")
	var told error
	for e := range events {
		if told = e.Unresolved; told != nil {
			if !e.Conflicts || e.Change != peer.Updated || e.After == nil {
				t.Errorf("the event is %+v", e)
			}
			break
		}
	}

	ada.close()
	ada = openPeer(t, config)
	c = tickets(t, ada, failing...)
	check(c, 3, "Estimate", "Home.Zip", "Status")

	// Bob writes another value: that is asked about, and the others aren't.
	atBob := tickets(t, bob)
	ada.online()
	ada.find(id)
	ada.offline()
	update(t, c, id, func(v *ticket) { v.Estimate = 50 })
	update(t, atBob, id, func(v *ticket) { v.Estimate = 200 })
	together(t, id, ada, bob)
	check(c, 4, "Home.Zip", "Status")
	if v := get(t, atBob, id); v.Estimate != 1000 {
		t.Errorf("it is %+v", v)
	}
	for _, f := range conflictsOf(t, c, id) { // people resolve the rest
		if err := c.ResolveConflict(t.Context(), id, f, f.Local); err != nil {
			t.Fatal(err)
		}
	}
	check(c, 4)
	consistent(t, ada)
}

// What a validator doesn't take is not written.
func TestResolutionIsInvalid(t *testing.T) {
	peers := openPeers(t, 2)
	c := tickets(t, peers[0], peer.ResolveField("Estimate", func(peer.Conflict) (any, error) { return -1, nil }),
		peer.Validate(func(_ context.Context, _ crdt.DocumentID, v ticket) error {
			if v.Estimate < 0 {
				return errors.New("negative")
			}
			return nil
		}))
	id := estimates(t, peers)
	together(t, id, peers...)
	for _, f := range conflictsOf(t, c, id) {
		if f.Field() == "Estimate" {
			fails(t, f.Err, f.Err, "negative")
		} else if f.Err != nil {
			t.Error(f.Err)
		}
	}
	if v := get(t, c, id); v.Estimate < 0 {
		t.Errorf("it is %+v", v)
	}
}

// A resolver of whole records sees both sides, and what it returns is written where
// the conflicts are.
func TestResolveWith(t *testing.T) {
	peers := openPeers(t, 2)
	var sides []ticket
	merge := peer.ResolveWith(func(local, remote ticket) (ticket, error) {
		sides = append(sides, local, remote)
		if remote.Estimate > local.Estimate { // the more careful one knows
			local.Estimate, local.Status = remote.Estimate, remote.Status
		}
		local.Steps = []step{{"a", "both"}}
		local.Title = "not a conflict"
		return local, nil
	})
	c := tickets(t, peers[0], merge)
	unknown, err := peers[0].Collection("plan/tickets", peer.Resolve(peer.PreferRemote))
	if err != nil {
		t.Fatal(err)
	}
	id := apart(t, ticket{Title: "Pump", Steps: []step{{"a", "no"}}}, peers, func(i int, v *ticket) {
		v.Estimate, v.Status, v.Home.Zip = i+1, crdt.ImmutableString(fmt.Sprint("by ", i)), i+10
		v.Steps[0].Done = crdt.ImmutableString(fmt.Sprint(i))
	})
	for i, p := range peers { // a field that a ticket doesn't have
		change(t, p.find(id), set("extra", int64(i)))
	}
	together(t, id, peers...)
	want := ticket{Title: "Pump", Status: "by 1", Estimate: 2, Steps: []step{{"a", "both"}}, Home: place{Zip: 10}}
	is(t, c, id, want)
	is(t, tickets(t, peers[1]), id, want)
	if n := resolutions(t, peers[0], id); n != 1 {
		t.Errorf("%d changes have resolved it", n)
	}
	if v := get(t, unknown, id); v["extra"] != int64(1) {
		t.Errorf("it is %v", v)
	}
	if found := conflictsOf(t, c, id); found != nil {
		t.Errorf("there are %+v left", found)
	}
	local := ticket{Title: "Pump", Status: "by 0", Estimate: 1, Steps: []step{{"a", "0"}}, Home: place{Zip: 10}}
	remote := ticket{Title: "Pump", Status: "by 1", Estimate: 2, Steps: []step{{"a", "1"}}, Home: place{Zip: 11}}
	if len(sides) != 2 || fmt.Sprintf("%+v%+v", sides[0], sides[1]) != fmt.Sprintf("%+v%+v", local, remote) {
		t.Errorf("it was shown %+v", sides)
	}
	consistent(t, peers[0])

	// Lists must stay as long as they are.
	tickets(t, peers[0], peer.ResolveWith(func(local, _ ticket) (ticket, error) { local.Steps = nil; return local, nil }))
	for i, p := range peers {
		update(t, tickets(t, p), id, func(v *ticket) { v.Steps[0].Done = crdt.ImmutableString(fmt.Sprint("again ", i)) })
	}
	together(t, id, peers...)
	if found := conflictsOf(t, c, id); len(found) != 1 || found[0].Err == nil {
		t.Errorf("there are %+v", found)
	}
}

// While a resolver thinks, everything goes on; Close waits for it, and what it says
// then is asked for again.
func TestResolverIsSlow(t *testing.T) {
	r := startRelay(t)
	config := peer.Config{Path: t.TempDir(), Relay: r.url()}
	ada, bob := openPeer(t, config), openPeer(t, peer.Config{Relay: r.url()})
	asked, answer := make(chan struct{}), make(chan struct{})
	c := tickets(t, ada, peer.ResolveField("Status", peer.PreferRemote), peer.ResolveField("Estimate", func(c peer.Conflict) (any, error) {
		close(asked)
		<-answer
		return c.Local, nil
	}))
	id := estimates(t, []*node{ada, bob})
	ada.online()
	bob.online()
	<-asked
	update(t, c, id, func(v *ticket) { v.Title = "Still writing" })
	other := made(t, tickets(t, bob), ticket{Title: "Still syncing"})
	ada.find(other)
	ada.offline()
	closed := make(chan struct{})
	go func() { ada.close(); close(closed) }()
	close(answer)
	<-closed

	ada = openPeer(t, config)
	c = tickets(t, ada, peer.Resolve(peer.PreferLocal))
	if err := c.Resolved(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := conflictsOf(t, c, id); found != nil {
		t.Errorf("there are %+v", found)
	}
	if v := get(t, c, id); v.Estimate != 1 || v.Title != "Still writing" {
		t.Errorf("it is %+v", v)
	}
	consistent(t, ada)
}
