package peer_test

import (
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

type contact struct {
	Email   crdt.ImmutableString
	Name    string            `crdt:",omitempty"`
	Phone   string            `crdt:",omitempty"`
	Address map[string]string `crdt:",omitempty"`
}

// post is what people vote for.
type post struct {
	Title crdt.ImmutableString
	Votes crdt.Counter
}

func withKey[T any](tb testing.TB, c *peer.Records[T], key string, value T) crdt.DocumentID {
	tb.Helper()
	id, err := c.CreateWithKey(tb.Context(), key, value)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// Two who make the same key offline have one record in the end, with what both
// have written.
func TestSameKey(t *testing.T) {
	const key = "ada@example.com"
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	atAda, atBob := of[contact](t, ada, "acme/contacts", byName), of[contact](t, bob, "acme/contacts", byName)
	id := withKey(t, atAda, key, contact{Email: key, Name: "Ada", Address: map[string]string{"City": "London"}})
	if other := withKey(t, atBob, key, contact{Email: key, Phone: "123", Address: map[string]string{"Country": "UK"}}); other != id {
		t.Fatalf("one is %s, the other %s", id, other)
	}
	if id != atAda.IDFor(key) {
		t.Fatalf("its id is %s", id)
	}
	consistent(t, ada)
	ada.online()
	bob.online()
	agree(t, ada.find(id), bob.find(id))
	want := contact{Email: key, Name: "Ada", Phone: "123", Address: map[string]string{"City": "London", "Country": "UK"}}
	is(t, atAda, id, want)
	is(t, atBob, id, want)
	counts(t, atAda, 1)
	consistent(t, ada)
	consistent(t, bob)

	// Different initial texts are a conflict, not a mixture.
	const both = "both@example.com"
	ada.offline()
	bob.offline()
	id = withKey(t, atAda, both, contact{Name: "Ada"})
	withKey(t, atBob, both, contact{Name: "Ada Lovelace"})
	ada.online()
	bob.online()
	agree(t, ada.find(id), bob.find(id))
	if c, err := atAda.Get(t.Context(), id); err != nil || c.Name != "Ada" && c.Name != "Ada Lovelace" {
		t.Errorf("it is %+v, %v", c, err)
	}
}

// Two who make the same key offline and count have the sum; also later.
func TestSameKeyCounts(t *testing.T) {
	peers := openPeers(t, 2)
	vote := func(p *node, id crdt.DocumentID, n int) {
		for range n {
			update(t, of[post](t, p, "posts"), id, func(v *post) { v.Votes++ })
		}
	}
	var id crdt.DocumentID
	for _, p := range peers {
		id = withKey(t, of[post](t, p, "posts"), "hello", post{Title: "Hello"})
		vote(p, id, 2)
	}
	for want := range 2 {
		settle(t, id, peers, func(*node) error { return nil })
		for _, p := range peers {
			c := of[post](t, p, "posts")
			is(t, c, id, post{Title: "Hello", Votes: crdt.Counter(4 + 4*want)})
			if found := conflictsOf(t, c, id); len(found) > 0 {
				t.Errorf("there are %+v", found)
			}
			vote(p, id, 2)
		}
	}
	consistent(t, peers[0])
}

// A counter that a newer version of the program adds, and that two begin offline, is a
// conflict, also if both have counted the same: the sum resolves it.
func TestCounterAddedLater(t *testing.T) {
	peers := openPeers(t, 2)
	id := made(t, of[map[string]any](t, peers[0], "posts"), map[string]any{"Title": "Hello"})
	settle(t, id, peers, func(*node) error { return nil })
	for _, p := range peers {
		update(t, of[post](t, p, "posts"), id, func(v *post) { v.Votes += 2 })
	}
	settle(t, id, peers, func(*node) error { return nil })
	c := of[post](t, peers[0], "posts")
	found := conflictsOf(t, c, id)
	if len(found) != 1 || len(conflicted(t, c)) != 1 {
		t.Fatalf("there are %+v", found)
	}
	sum := found[0].Local.(crdt.Counter) + found[0].Remote.(crdt.Counter)
	if err := c.ResolveConflict(t.Context(), id, found[0], sum); err != nil {
		t.Fatal(err)
	}
	settle(t, id, peers, func(*node) error { return nil })
	for _, p := range peers {
		c := of[post](t, p, "posts")
		if v := get(t, c, id); v.Votes != 4 || len(conflictsOf(t, c, id)) > 0 {
			t.Errorf("it is %+v", v)
		}
		consistent(t, p)
	}
}

// A key is made once; made again after a delete, it is back; another key under
// the same id is refused.
func TestKeys(t *testing.T) {
	p := openPeer(t, peer.Config{})
	c := of[contact](t, p, "acme/contacts")
	id := withKey(t, c, "ada", contact{Name: "Ada"})
	_, err := c.CreateWithKey(t.Context(), "ada", contact{Name: "Eve"})
	fails(t, err, peer.ErrExists, id.String())
	is(t, c, id, contact{Name: "Ada"})
	if _, err := c.PutWithKey(t.Context(), "ada", contact{Name: "Ada L.", Phone: "1"}); err != nil {
		t.Fatal(err)
	}
	is(t, c, id, contact{Name: "Ada L.", Phone: "1"})
	if err := c.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	withKey(t, c, "ada", contact{Name: "Ada again"})
	is(t, c, id, contact{Name: "Ada again"})
	counts(t, c, 1)

	change(t, p.find(id), set("godwit:key", crdt.ImmutableString("eve")))
	_, err = c.PutWithKey(t.Context(), "ada", contact{})
	fails(t, err, peer.ErrKey, "eve")
	is(t, c, id, contact{Name: "Ada again"})
	for _, bad := range []string{"", "\xff", strings.Repeat("k", 1025)} {
		_, err = c.CreateWithKey(t.Context(), bad, contact{})
		fails(t, err, peer.ErrInvalid, "key")
	}
	maps, err := p.Collection("acme/contacts")
	if err != nil {
		t.Fatal(err)
	}
	_, err = maps.CreateWithKey(t.Context(), "bad", map[string]any{"a": []any{make(chan int)}})
	fails(t, err, peer.ErrInvalid, "a[0]")
	exists(t, maps, maps.IDFor("bad"), false)
	counts(t, c, 1)
	consistent(t, p)
}
