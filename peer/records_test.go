package peer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

type employee struct {
	Name       string
	Title      string
	Department crdt.ImmutableString
	Age        int
	Skills     []string          `crdt:",omitempty"`
	Address    map[string]string `crdt:",omitempty"`
}

// of returns a collection of a peer.
func of[T any](tb testing.TB, p *node, name string, opts ...peer.CollectionOption) *peer.Records[T] {
	tb.Helper()
	c, err := peer.CollectionOf[T](p.Peer, name, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func employees(tb testing.TB, p *node, opts ...peer.CollectionOption) *peer.Records[employee] {
	tb.Helper()
	return of[employee](tb, p, "acme/employees", opts...)
}

func made[T any](tb testing.TB, c *peer.Records[T], record T) crdt.DocumentID {
	tb.Helper()
	id, err := c.Create(tb.Context(), record)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// is tests what a record says.
func is[T any](tb testing.TB, c *peer.Records[T], id crdt.DocumentID, want T) {
	tb.Helper()
	got, err := c.Get(tb.Context(), id)
	if err != nil {
		tb.Fatal(err)
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		tb.Fatalf("it is %+v, want %+v", got, want)
	}
}

// fails tests that an error is one of these, and says something.
func fails(tb testing.TB, err, want error, says ...string) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Fatalf("the error is %v, want %v", err, want)
	}
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			tb.Fatalf("the error %q doesn't say %q", err, part)
		}
	}
}

func counts[T any](tb testing.TB, c *peer.Records[T], want int) {
	tb.Helper()
	n, err := c.Count(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if n != want {
		tb.Fatalf("there are %d records, want %d", n, want)
	}
}

func exists[T any](tb testing.TB, c *peer.Records[T], id crdt.DocumentID, want bool) {
	tb.Helper()
	if is, err := c.Exists(tb.Context(), id); err != nil || is != want {
		tb.Fatalf("it exists: %t, %v; want %t", is, err, want)
	}
}

// A record is made, changed, deleted and brought back, and all of it is there
// after the peer was opened again.
func TestRecords(t *testing.T) {
	dir := t.TempDir()
	p := openPeer(t, peer.Config{Path: dir})
	c := employees(t, p)
	ada := made(t, c, employee{Name: "Ada", Title: "Engineer", Age: 36})
	bob := made(t, c, employee{Name: "Bob"})
	is(t, c, ada, employee{Name: "Ada", Title: "Engineer", Age: 36})
	counts(t, c, 2)

	err := c.Update(t.Context(), ada, func(e *employee) error { e.Title = "CTO"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	is(t, c, ada, employee{Name: "Ada", Title: "CTO", Age: 36})
	if err := c.Put(t.Context(), bob, employee{Name: "Robert"}); err != nil {
		t.Fatal(err)
	}
	is(t, c, bob, employee{Name: "Robert"})

	if err := c.Delete(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	_, err = c.Get(t.Context(), ada)
	fails(t, err, peer.ErrDeleted, ada.String())
	fails(t, c.Delete(t.Context(), ada), peer.ErrDeleted)
	fails(t, c.Update(t.Context(), ada, func(*employee) error { return nil }), peer.ErrDeleted)
	exists(t, c, ada, false)
	counts(t, c, 1)
	p.close()

	p = openPeer(t, peer.Config{Path: dir})
	if names := p.Collections(); !slices.Equal(names, []string{"acme/employees"}) {
		t.Errorf("opened again it has the collections %q", names)
	}
	c = employees(t, p)
	exists(t, c, ada, false)
	is(t, c, bob, employee{Name: "Robert"})
	counts(t, c, 1)
	if err := c.Restore(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	is(t, c, ada, employee{Name: "Ada", Title: "CTO", Age: 36})
	if err := c.Restore(t.Context(), ada); err != nil {
		t.Errorf("restored again: %v", err)
	}
	counts(t, c, 2)
	if err := c.Delete(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	if err := c.Put(t.Context(), bob, employee{Name: "Bob again"}); err != nil {
		t.Fatal(err)
	}
	is(t, c, bob, employee{Name: "Bob again"})
	counts(t, c, 2)
}

// What isn't a record is said to be none.
func TestNoRecord(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	absent := c.NewID()
	_, err := c.Get(t.Context(), absent)
	fails(t, err, peer.ErrNoRecord, absent.String(), "acme/employees")
	fails(t, c.Update(t.Context(), absent, func(*employee) error { return nil }), peer.ErrNoRecord)
	fails(t, c.Delete(t.Context(), absent), peer.ErrNoRecord)
	fails(t, c.Restore(t.Context(), absent), peer.ErrNoRecord)
	exists(t, c, absent, false)

	elsewhere := made(t, of[employee](t, p, "acme/others"), employee{Name: "Eve"})
	_, err = c.Get(t.Context(), elsewhere)
	fails(t, err, peer.ErrInvalid, elsewhere.String())
	fails(t, c.Put(t.Context(), crdt.NewDocumentID(), employee{}), peer.ErrInvalid)
	if err := c.Put(t.Context(), absent, employee{Name: "Put"}); err != nil {
		t.Fatal(err)
	}
	is(t, c, absent, employee{Name: "Put"})
}

// The same collection is one of structs and one of maps.
func TestUntyped(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	typed := employees(t, p)
	maps, err := p.Collection("acme/employees")
	if err != nil {
		t.Fatal(err)
	}
	id := made(t, maps, map[string]any{"Name": "Ada", "Age": 36, "Shoes": 39})
	is(t, typed, id, employee{Name: "Ada", Age: 36})
	err = typed.Update(t.Context(), id, func(e *employee) error { e.Age++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	is(t, maps, id, map[string]any{"Name": "Ada", "Age": 37, "Shoes": 39})
	err = maps.Update(t.Context(), id, func(m *map[string]any) error { delete(*m, "Shoes"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	is(t, maps, id, map[string]any{"Name": "Ada", "Age": 37})
}

// Others' edits of other fields stay, those of the same text are mixed, and the
// views say so on both sides.
func TestRecordsMeet(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	atAda, atBob := employees(t, ada), employees(t, bob)
	id := made(t, atAda, employee{Name: "Ada", Title: "Engineer"})
	ada.online()
	bob.online()
	bob.find(id)
	is(t, atBob, id, employee{Name: "Ada", Title: "Engineer"})
	counts(t, atBob, 1)
	ada.offline()
	bob.offline()
	update := func(c *peer.Records[employee], fn func(e *employee)) {
		t.Helper()
		if err := c.Update(t.Context(), id, func(e *employee) error { fn(e); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	update(atAda, func(e *employee) { e.Title = "Chief Engineer" })
	update(atBob, func(e *employee) { e.Title, e.Age = "Engineer (Software)", 36 })
	ada.online()
	bob.online()
	agree(t, ada.find(id), bob.find(id))
	want := employee{Name: "Ada", Title: "Chief Engineer (Software)", Age: 36}
	is(t, atAda, id, want)
	is(t, atBob, id, want)
}

// What can't be kept is refused, with the place in it, and nothing is written.
func TestBadRecords(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	_, err := peer.CollectionOf[struct{ Items []struct{ F func() } }](p.Peer, "acme/functions")
	fails(t, err, peer.ErrInvalid, "Items", "func()")
	_, err = peer.CollectionOf[int](p.Peer, "acme/numbers")
	fails(t, err, peer.ErrInvalid, "a struct or a map", "int")
	for _, name := range []string{"", "a\x00b", strings.Repeat("n", 257), "\xff"} {
		_, err := p.Collection(name)
		fails(t, err, peer.ErrInvalid)
	}

	c, err := p.Collection("acme/things")
	if err != nil {
		t.Fatal(err)
	}
	cycle := map[string]any{}
	cycle["self"] = cycle
	for _, bad := range []struct {
		record map[string]any
		says   string
	}{
		{map[string]any{"a": map[string]any{"b": []any{1, make(chan int)}}}, "a.b[1]"},
		{map[string]any{"a": []any{"fine", "\xff"}}, "a[1]"},
		{map[string]any{"a": map[string]any{"": 1}}, "a"},
		{map[string]any{"godwit:deleted": "edit-wins"}, "godwit:deleted"},
		{map[string]any{"n": uint64(1) << 63}, "n"},
		{cycle, "self"},
	} {
		_, err := c.Create(t.Context(), bad.record)
		fails(t, err, peer.ErrInvalid, bad.says)
	}
	counts(t, c, 0)
	id := made(t, c, map[string]any{"a": "fine"})
	fails(t, c.Put(t.Context(), id, map[string]any{"a": "better", "b": make(chan int)}), peer.ErrInvalid, "b")
	is(t, c, id, map[string]any{"a": "fine"})
}

// What others have written in another type is named, and can be repaired.
func TestMismatch(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	id := made(t, c, employee{Name: "Ada", Age: 36})
	change(t, p.find(id), set("Age", "thirty-six", "Title", []any{"Engineer"}))
	got, err := c.Get(t.Context(), id)
	fails(t, err, peer.ErrInvalid, "Age", "Title")
	if got.Name != "Ada" {
		t.Errorf("the rest is %+v", got)
	}
	err = c.Update(t.Context(), id, func(e *employee) error { e.Age = 36; return nil })
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Get(t.Context(), id)
	fails(t, err, peer.ErrInvalid, "Title")
	if strings.Contains(err.Error(), "Age") {
		t.Errorf("it was repaired, but: %v", err)
	}
}

// An error or a panic in Update's function leaves everything as it was.
func TestUpdateFails(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p)
	id := made(t, c, employee{Name: "Ada"})
	why := errors.New("no")
	err := c.Update(t.Context(), id, func(e *employee) error { e.Name = "Eve"; return why })
	fails(t, err, why)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is gone")
			}
		}()
		_ = c.Update(t.Context(), id, func(e *employee) error { e.Name = "Eve"; panic("no") })
	}()
	is(t, c, id, employee{Name: "Ada"})
	before := heads(t, p.find(id))
	if err := c.Update(t.Context(), id, func(*employee) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if after := heads(t, p.find(id)); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Error("an update that changes nothing made a change")
	}
}

// Validators see what is about to be committed, typed, and refuse it.
func TestValidate(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	tooYoung := errors.New("too young")
	c := employees(t, p, peer.Validate(func(_ context.Context, _ crdt.DocumentID, e employee) error {
		switch {
		case e.Name == "panic":
			panic("a name like that")
		case e.Age < 16:
			return tooYoung
		}
		return nil
	}))
	_, err := c.Create(t.Context(), employee{Name: "Eve", Age: 9})
	fails(t, err, peer.ErrInvalid)
	fails(t, err, tooYoung)
	if got, want := err.Error(), `peer: create in "acme/employees": invalid: too young`; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	_, err = c.Create(t.Context(), employee{Name: "panic", Age: 30})
	fails(t, err, peer.ErrInvalid, "a name like that")
	counts(t, c, 0)
	id := made(t, c, employee{Name: "Ada", Age: 36})
	fails(t, c.Update(t.Context(), id, func(e *employee) error { e.Age = 3; return nil }), tooYoung)
	is(t, c, id, employee{Name: "Ada", Age: 36})
	maps, err := p.Collection("acme/employees")
	if err != nil {
		t.Fatal(err)
	}
	_, err = maps.Create(t.Context(), map[string]any{"Age": 3})
	fails(t, err, tooYoung)
	if err := c.Delete(t.Context(), id); err != nil {
		t.Errorf("a delete is looked at: %v", err)
	}
}

// The first name of a tag owns it, for good.
func TestTagIsTaken(t *testing.T) {
	dir := t.TempDir()
	p := openPeer(t, peer.Config{Path: dir})
	if err := p.Occupy("acme/employees", "first"); err != nil {
		t.Fatal(err)
	}
	p.close()
	p = openPeer(t, peer.Config{Path: dir})
	_, err := p.Collection("acme/employees")
	fails(t, err, peer.ErrCollection, "acme/employees", "first")
}

// A record that isn't here is one that arrives.
func TestRecordArrives(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	atAda, atBob := employees(t, ada), employees(t, bob)
	id := made(t, atAda, employee{Name: "Ada"})
	if _, err := bob.Find(cancelled(t), id); !errors.Is(err, peer.ErrNotHere) {
		t.Fatal(err)
	}
	_, err := atBob.Get(t.Context(), id)
	fails(t, err, peer.ErrNoRecord)
	// What is put meanwhile is merged with what arrives.
	if err := atBob.Put(t.Context(), id, employee{Age: 36}); err != nil {
		t.Fatal(err)
	}
	ada.online()
	bob.online()
	agree(t, ada.find(id), bob.find(id))
	one, err := atAda.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	is(t, atBob, id, one)
	consistent(t, ada)
	consistent(t, bob)
}
