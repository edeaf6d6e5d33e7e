package peer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// story returns what has changed since a cursor, in short, and the last cursor.
func story(tb testing.TB, c *peer.Records[contact], since string) (told []string, cursor string) {
	tb.Helper()
	cursor = since
	for r, err := range c.Changes(tb.Context(), since) {
		if err != nil || r.Err != nil {
			tb.Fatal(err, r.Err)
		}
		name := ""
		if r.Value != nil {
			name = " " + r.Value.Name
		}
		told = append(told, r.Change.String()+name)
		cursor = r.Cursor
	}
	return told, cursor
}

func tells(tb testing.TB, c *peer.Records[contact], since string, want ...string) (cursor string) {
	tb.Helper()
	told, cursor := story(tb, c, since)
	if !slices.Equal(told, want) {
		tb.Errorf("since %q it tells %q, want %q", since, told, want)
	}
	return cursor
}

// Whoever has looked gets what has changed since, each record once and as it is, of
// whoever has changed it, also after a restart.
func TestChangesSince(t *testing.T) {
	r := startRelay(t)
	config := peer.Config{Path: t.TempDir(), Relay: r.url()}
	ada, bob := openPeer(t, config), openPeer(t, peer.Config{Relay: r.url()})
	c, atBob := of[contact](t, ada, "acme/contacts"), of[contact](t, bob, "acme/contacts")
	tells(t, c, "")
	first, second, third := made(t, c, contact{Name: "1"}), made(t, c, contact{Name: "2"}), made(t, c, contact{Name: "3"})
	update(t, c, first, func(v *contact) { v.Name = "one" })
	made(t, of[contact](t, ada, "acme/others"), contact{Name: "other"})
	begin := tells(t, c, "", "created 2", "created 3", "created one")
	tells(t, c, begin)

	ada.close()
	ada = openPeer(t, config)
	c = of[contact](t, ada, "acme/contacts")
	tells(t, c, begin)
	fourth := made(t, c, contact{Name: "4"})
	update(t, c, fourth, func(v *contact) { v.Name = "four" })
	if err := c.Delete(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	gone := made(t, c, contact{Name: "gone"})
	if err := c.Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if err := ada.Forget(t.Context(), third); err != nil {
		t.Fatal(err)
	}
	middle := tells(t, c, begin, "created four", "deleted", "deleted", "deleted")
	tells(t, c, "", "created one", "created four")
	tells(t, of[contact](t, ada, "acme/others"), "", "created other")

	ada.online()
	bob.online()
	bob.find(first)
	update(t, atBob, first, func(v *contact) { v.Name = "uno" })
	agree(t, ada.find(first), bob.find(first))
	last := tells(t, c, middle, "updated uno")
	if err := c.Restore(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	tells(t, c, last, "updated 2")

	// All documents of the peer, also those of no collection.
	note := ada.create(set("title", "note"))
	var all []string
	for d, err := range ada.Changes(t.Context(), begin) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %q", d.Change, d.Collection))
		if d.ID == note.ID() && d.Cursor != ada.Cursor() {
			t.Errorf("behind the last is %q, not %q", d.Cursor, ada.Cursor())
		}
	}
	contacts := ` "acme/contacts"`
	if want := []string{`created "acme/others"`, "created" + contacts, "deleted" + contacts, "deleted" + contacts, "updated" + contacts, "updated" + contacts, `created ""`}; !slices.Equal(all, want) {
		t.Errorf("it tells %q, want %q", all, want)
	}
	tells(t, c, ada.Cursor())
}

// A cursor of another life says so, instead of passing over what is not here any more.
func TestCursorOfAnotherLife(t *testing.T) {
	dir := t.TempDir()
	p := openPeer(t, peer.Config{Path: dir})
	c := of[contact](t, p, "acme/contacts")
	made(t, c, contact{Name: "1"})
	cursor := p.Cursor()
	p.close()
	p = openPeer(t, peer.Config{Path: dir, Renew: true})
	c = of[contact](t, p, "acme/contacts")
	for _, test := range []struct {
		cursor string
		want   error
	}{{cursor, peer.ErrCursor}, {p.Cursor() + "0", peer.ErrCursor}, {"no cursor", peer.ErrInvalid}, {"-1", peer.ErrInvalid}} {
		n := 0
		for _, err := range c.Changes(t.Context(), test.cursor) {
			n++
			fails(t, err, test.want)
		}
		for _, err := range p.Changes(t.Context(), test.cursor) {
			n++
			fails(t, err, test.want)
		}
		if n != 2 {
			t.Errorf("%q yields %d times", test.cursor, n)
		}
	}
	tells(t, c, "", "created 1")
	for _, err := range c.Changes(cancelled(t), "") {
		fails(t, err, context.Canceled)
	}
}

// Whoever copies the changes, a few at a time, while others write, has what is there
// in the end.
func TestChangesCopied(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	p := openPeer(t, peer.Config{InMemory: true})
	c := of[account](t, p, "acme/accounts")
	done := make(chan struct{})
	go func() {
		defer close(done)
		random := rand.New(rand.NewPCG(seed, 2))
		var ids []crdt.DocumentID
		for i := range 400 {
			if len(ids) < 5 || random.IntN(4) == 0 {
				id, err := c.Create(t.Context(), account{Balance: i})
				if err != nil {
					t.Error(err)
				}
				ids = append(ids, id)
				continue
			}
			id := ids[random.IntN(len(ids))]
			var err error
			switch exists, _ := c.Exists(t.Context(), id); {
			case random.IntN(10) == 0:
				err = p.Forget(t.Context(), id)
				ids = slices.DeleteFunc(ids, func(other crdt.DocumentID) bool { return other == id })
			case !exists:
				err = c.Restore(t.Context(), id)
			case random.IntN(3) == 0:
				err = c.Delete(t.Context(), id)
			default:
				err = c.Update(t.Context(), id, func(a *account) error { a.Balance = i; return nil })
			}
			if err != nil {
				t.Error(err)
			}
		}
	}()
	copied, cursor := map[crdt.DocumentID]int{}, ""
	for working := true; working; {
		select {
		case <-done:
			working = false // and once more to the end
		default:
		}
		seen, fence := map[crdt.DocumentID]bool{}, p.Cursor()
		whole := true
		for r, err := range c.Changes(t.Context(), cursor) {
			if err != nil || seen[r.ID] {
				t.Fatal(err, r.ID)
			}
			seen[r.ID] = true
			if cursor = r.Cursor; r.Change == peer.Deleted {
				delete(copied, r.ID)
			} else {
				copied[r.ID] = r.Value.Balance
			}
			if working && random.IntN(20) == 0 {
				whole = false
				break
			}
		}
		if whole { // behind what was there before, whatever else was told
			cursor = fence
		}
	}
	n := 0
	for r, err := range c.Find(t.Context(), peer.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; copied[r.ID] != r.Value.Balance {
			t.Errorf("%s has %d, the copy %d", r.ID, r.Value.Balance, copied[r.ID])
		}
	}
	if n != len(copied) {
		t.Errorf("there are %d, and %d in the copy", n, len(copied))
	}
}
