package peer_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// allMeet has peers meet until all have the same changes of a record, and nobody has
// anything to resolve: together, for maps.
func allMeet(tb testing.TB, id crdt.DocumentID, peers ...*node) {
	tb.Helper()
	settle(tb, id, peers, func(p *node) error {
		c, err := p.Collection("things")
		if err != nil {
			return err
		}
		return c.Resolved(tb.Context())
	})
}

func things(tb testing.TB, p *node, opts ...peer.CollectionOption) *peer.Collection {
	tb.Helper()
	return of[map[string]any](tb, p, "things", opts...)
}

// Two begin the same record with different texts: whoever prefers what, there is one
// of them in the end, and never some of both.
func TestTextsAreResolved(t *testing.T) {
	peers := openPeers(t, 2)
	a, b := things(t, peers[0], peer.Resolve(peer.PreferLocal)), things(t, peers[1], peer.Resolve(peer.PreferLocal))
	id := withKey(t, a, "key", map[string]any{"name": "Ada", "in": map[string]any{"note": "short"}})
	withKey(t, b, "key", map[string]any{"name": "Ada Lovelace", "in": map[string]any{"note": "a longer one"}})
	allMeet(t, id, peers...)
	for _, c := range []*peer.Collection{a, b} {
		v := get(t, c, id)
		note := v["in"].(map[string]any)["note"]
		if v["name"] != "Ada" && v["name"] != "Ada Lovelace" || note != "short" && note != "a longer one" {
			t.Errorf("it is %v", v)
		}
	}
	// What stands there is a text that both edit.
	for i, p := range peers {
		update(t, things(t, p), id, func(v *map[string]any) {
			if name := (*v)["name"].(string); i == 0 {
				(*v)["name"] = "Dr. " + name
			} else {
				(*v)["name"] = name + "!"
			}
		})
	}
	allMeet(t, id, peers...)
	if name := get(t, a, id)["name"].(string); !strings.HasPrefix(name, "Dr. Ada") || !strings.HasSuffix(name, "!") {
		t.Errorf("it is %q", name)
	}
}

// Where a map stands against another, and in the one that is shown a value against
// another, the outer conflict is resolved first, and then what is left of the inner.
func TestConflictsInConflicts(t *testing.T) {
	for _, prefer := range []peer.Resolver{peer.PreferLocal, peer.PreferRemote} {
		peers := openPeers(t, 2)
		a, b := things(t, peers[0]), things(t, peers[1])
		id := made(t, a, map[string]any{"name": "Ada"})
		allMeet(t, id, peers...)
		update(t, a, id, func(v *map[string]any) { (*v)["home"] = map[string]any{"city": "Rome", "zip": int64(1)} })
		update(t, b, id, func(v *map[string]any) { (*v)["home"] = map[string]any{"city": "Oslo", "zip": int64(2)} })
		allMeet(t, id, peers...)
		for i, c := range []*peer.Collection{a, b} {
			update(t, c, id, func(v *map[string]any) { (*v)["home"].(map[string]any)["zip"] = int64(i + 10) })
		}
		allMeet(t, id, peers...)
		found := conflictsOf(t, a, id)
		if len(found) != 2 || found[0].Field() != "home" || found[1].Field() != "home.zip" {
			t.Fatalf("the conflicts are %+v", found)
		}
		things(t, peers[0], peer.Resolve(prefer))
		allMeet(t, id, peers...)
		if found := conflictsOf(t, b, id); found != nil {
			t.Errorf("there are %+v left", found)
		}
		if one, other := fmt.Sprint(get(t, a, id)), fmt.Sprint(get(t, b, id)); one != other || !strings.Contains(one, "city:") {
			t.Errorf("one says %s, another %s", one, other)
		}
		consistent(t, peers[0])
	}
}

// Many conflicts of one record are resolved in several changes; where a resolver
// fails at so many, it isn't asked about more.
func TestManyConflicts(t *testing.T) {
	const n = 600
	peers := openPeers(t, 2)
	a, b := things(t, peers[0]), things(t, peers[1])
	id := made(t, a, map[string]any{})
	allMeet(t, id, peers...)
	for i, c := range []*peer.Collection{a, b} {
		update(t, c, id, func(v *map[string]any) {
			for k := range n {
				(*v)[fmt.Sprint("k", k)] = int64(i)
			}
		})
	}
	allMeet(t, id, peers...)
	var asked atomic.Int32
	failing := peer.Resolve(func(peer.Conflict) (any, error) { asked.Add(1); return nil, errors.New("no") })
	a = things(t, peers[0], failing)
	if err := a.Resolved(t.Context()); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, f := range conflictsOf(t, a, id) {
		if f.Err != nil {
			failed++
		}
	}
	if asked.Load() >= n || int(asked.Load()) != failed || failed == 0 {
		t.Errorf("asked %d times, %d have failed", asked.Load(), failed)
	}
	b = things(t, peers[1], peer.Resolve(peer.PreferRemote))
	allMeet(t, id, peers...)
	if found := conflictsOf(t, a, id); found != nil || resolutions(t, peers[1], id) < 2 {
		t.Errorf("%d conflicts are left after %d changes", len(found), resolutions(t, peers[1], id))
	}
	if v := get(t, b, id); len(v) != n || v["k7"] != int64(0) {
		t.Errorf("it has %d fields, %v", len(v), v["k7"])
	}
}

// Conflicts can be resolved in a transaction, with all else that is done in it.
func TestResolveInTransaction(t *testing.T) {
	peers := openPeers(t, 2)
	id := estimates(t, peers)
	together(t, id, peers...)
	c := tickets(t, peers[0])
	failed := errors.New("not now")
	resolve := func(end error) error {
		return peers[0].Commit(t.Context(), func(tx *peer.Tx) error {
			for _, f := range conflictsOf(t, c.In(tx), id) {
				if err := c.In(tx).ResolveConflict(t.Context(), id, f, f.Remote); err != nil {
					return err
				}
			}
			if found := conflictsOf(t, c.In(tx), id); found != nil {
				t.Errorf("in the transaction there are %+v", found)
			}
			return end
		})
	}
	if err := resolve(failed); !errors.Is(err, failed) || len(conflictsOf(t, c, id)) != 2 {
		t.Errorf("after %v there are %+v", err, conflictsOf(t, c, id))
	}
	if err := resolve(nil); err != nil || conflictsOf(t, c, id) != nil {
		t.Errorf("after %v there are %+v", err, conflictsOf(t, c, id))
	}
	if v := get(t, c, id); v.Estimate != 2 {
		t.Errorf("it is %+v", v)
	}
	consistent(t, peers[0])
}
