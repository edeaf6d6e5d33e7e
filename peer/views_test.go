package peer_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// consistent tests that views and indexes are what the records' histories say.
func consistent(tb testing.TB, p *node) {
	tb.Helper()
	if err := p.CheckViews(); err != nil {
		tb.Fatal(err)
	}
}

var byDepartment, byName = peer.Index("Department", "Name"), peer.Index("Name")

// Views and indexes follow whatever is done to records, here and elsewhere, by
// whatever way.
func TestViewsFollow(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	atAda, atBob := employees(t, ada, byDepartment), employees(t, bob, byName, peer.Index("Skills"))
	id := made(t, atAda, employee{Name: "Ada", Department: "R&D", Skills: []string{"Go", "C"}})
	consistent(t, ada)
	ada.online()
	bob.online()
	atBobs := bob.find(id)
	consistent(t, bob)

	// A document that is open, and one that isn't, by records and by documents.
	change(t, atBobs, func(root crdt.Map) error { return root.Get("Name").Text().Append(" Lovelace") })
	agree(t, ada.find(id), atBobs)
	change(t, ada.find(id), set("Age", 36))
	change(t, ada.find(id), set("Age", 37))
	agree(t, ada.find(id), atBobs)
	is(t, atBob, id, employee{Name: "Ada Lovelace", Department: "R&D", Age: 37, Skills: []string{"Go", "C"}})
	consistent(t, ada)
	consistent(t, bob)

	if err := atBob.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	agree(t, ada.find(id), atBobs)
	exists(t, atAda, id, false)
	counts(t, atAda, 0)
	consistent(t, ada)
	consistent(t, bob)
	if err := atAda.Restore(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	agree(t, ada.find(id), atBobs)
	exists(t, atBob, id, true)
	consistent(t, ada)
	consistent(t, bob)

	if err := bob.Forget(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	counts(t, atBob, 0)
	consistent(t, bob)
	bob.find(id)
	counts(t, atBob, 1)
	consistent(t, bob)
}

// A record that is too large to be copied is read from its document, and found.
func TestLargeRecords(t *testing.T) {
	dir := t.TempDir()
	p := openPeer(t, peer.Config{Path: dir})
	c := employees(t, p, byName)
	text := strings.Repeat("long ", 20_000)
	id := made(t, c, employee{Name: "Ada", Title: text})
	consistent(t, p)
	is(t, c, id, employee{Name: "Ada", Title: text})
	err := c.Update(t.Context(), id, func(e *employee) error { e.Name, e.Title = "Eve", e.Title+"!"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	consistent(t, p)
	p.close()
	p = openPeer(t, peer.Config{Path: dir})
	c = employees(t, p)
	finds(t, c, peer.Where("Name").Is("Eve"), "Eve")
	finds(t, c, peer.Where("Name").Is("Ada"))
	is(t, c, id, employee{Name: "Eve", Title: text + "!"})
	err = c.Update(t.Context(), id, func(e *employee) error { e.Title = "short"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	consistent(t, p)
}

// finds tests which records a query finds, by their names, in order.
func finds(tb testing.TB, c *peer.Records[employee], q peer.Query, want ...string) {
	tb.Helper()
	names := []string{}
	for r, err := range c.Find(tb.Context(), q) {
		if err != nil {
			tb.Fatal(err)
		}
		names = append(names, r.Value.Name)
	}
	if !slices.Equal(names, want) {
		tb.Fatalf("%s finds %q, want %q", q, names, want)
	}
}

// Records that came before anybody knew their collection, and indexes that are
// added later, are built in the background.
func TestBuilding(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	atAda := employees(t, ada)
	var ids []crdt.DocumentID
	for n := range 300 {
		ids = append(ids, made(t, atAda, employee{Name: fmt.Sprintf("N%03d", n), Age: n}))
	}
	ada.online()
	bob.online()
	for _, id := range ids {
		bob.find(id)
	}
	atBob := employees(t, bob, byName)
	finds(t, atBob, peer.Where("Age").Between(100, 102).OrderBy("Name"), "N100", "N101", "N102")
	if err := atBob.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	counts(t, atBob, 300)
	consistent(t, bob)
	employees(t, bob, peer.Index("Age"))
	finds(t, atBob, peer.Where("Age").Between(100, 101).OrderBy("Name"), "N100", "N101")
	if err := atBob.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	consistent(t, bob)
	if err := atBob.DropIndex("Name"); err != nil {
		t.Fatal(err)
	}
	if err := atBob.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	consistent(t, bob)
}

// Views and indexes can be dropped, and those that are built anew are the same,
// also while records change.
func TestRebuild(t *testing.T) {
	p := openPeer(t, peer.Config{})
	c := employees(t, p, byDepartment, byName)
	var ids []crdt.DocumentID
	for n := range 400 {
		ids = append(ids, made(t, c, employee{Name: fmt.Sprintf("N%03d", n), Department: crdt.ImmutableString(fmt.Sprint(n % 7))}))
	}
	for _, id := range ids[:20] {
		if err := c.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	before, err := p.Kept()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.DropViews(); err != nil {
		t.Fatal(err)
	}
	if err := c.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := p.Kept()
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(before, after) {
		t.Fatalf("built anew there are %d rows, before there were %d", len(after), len(before))
	}
	consistent(t, p)
	counts(t, c, 380)

	var writers sync.WaitGroup
	for w := range 3 {
		writers.Go(func() {
			for n := w; n < 380; n += 3 {
				err := c.Update(t.Context(), ids[20+n], func(e *employee) error { e.Name += "!"; e.Department += "*"; return nil })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		if err := c.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	writers.Wait()
	consistent(t, p)
	counts(t, c, 380)
}

// Whatever is done at the same time to some records, here, by documents, by
// transactions and by others, at every moment the views are what the logs say.
func TestViewsAtEveryCommit(t *testing.T) {
	seeds := seeded(t)
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	atAda, atBob := employees(t, ada, byDepartment, byName), employees(t, bob, byName)
	var ids []crdt.DocumentID
	for n := range 6 {
		ids = append(ids, made(t, atAda, employee{Name: fmt.Sprint("N", n)}))
	}
	ada.online()
	bob.online()
	for _, id := range ids {
		bob.find(id)
	}
	steps := 150
	if testing.Short() {
		steps = 40
	}
	var writers sync.WaitGroup
	for w := range 4 {
		random := rand.New(rand.NewPCG(seeds.Uint64(), 0))
		c, p := atAda, ada
		if w == 3 {
			c, p = atBob, bob
		}
		writers.Go(func() {
			for range steps {
				doSomething(t, random, c, p, ids)
			}
		})
	}
	if _, err := atAda.Count(t.Context()); err != nil { // while they write
		t.Error(err)
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for n := 0; ; n++ {
		if err := ada.CheckView(ids[n%len(ids)]); err != nil {
			t.Fatal(err)
		}
		select {
		case <-done:
			for _, id := range ids {
				agree(t, ada.find(id), bob.find(id))
			}
			consistent(t, ada)
			consistent(t, bob)
			there, err := atAda.CountWhere(t.Context(), peer.Query{})
			if err != nil {
				t.Fatal(err)
			}
			counts(t, atAda, there)
			t.Logf("looked %d times", n)
			return
		default:
		}
	}
}

// doSomething changes some record, in some way. That it is deleted is no failure.
func doSomething(t *testing.T, random *rand.Rand, c *peer.Records[employee], p *node, ids []crdt.DocumentID) {
	id, other := ids[random.IntN(len(ids))], ids[random.IntN(len(ids))]
	letter := string(rune('a' + random.IntN(26)))
	rename := func(e *employee) error {
		e.Name, e.Department = letter+e.Name[:min(len(e.Name), 8)], crdt.ImmutableString(letter)
		return nil
	}
	var err error
	switch random.IntN(8) {
	case 0, 1:
		err = c.Update(t.Context(), id, rename)
	case 2:
		err = p.find(id).Change(t.Context(), set("Age", random.IntN(100)))
	case 3:
		err = c.Delete(t.Context(), id)
	case 4:
		err = c.Restore(t.Context(), id)
	case 5:
		err = c.Put(t.Context(), id, employee{Name: letter})
	default:
		err = p.Commit(t.Context(), func(tx *peer.Tx) error {
			if err := c.In(tx).Update(t.Context(), id, rename); err != nil {
				return err
			}
			return c.In(tx).Update(t.Context(), other, rename)
		})
	}
	if err != nil && !errors.Is(err, peer.ErrDeleted) {
		t.Error(err)
	}
}

// The most that a record can have in the most indexes there can be fits into a
// commit, made here or elsewhere, and is found.
func TestWideRecords(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	var indexes []peer.CollectionOption
	for n := range 15 {
		indexes = append(indexes, peer.Index(fmt.Sprint("a", n%4), fmt.Sprint("b", n), "c", "Name"))
	}
	atAda, atBob := of[map[string]any](t, ada, "acme/wide", indexes...), of[map[string]any](t, bob, "acme/wide", indexes...)
	of[map[string]any](t, ada, "acme/wide", indexes...) // as when a program starts again
	_, err := ada.Collection("acme/wide", peer.Index("more"))
	fails(t, err, peer.ErrInvalid, "16", "DropIndex")
	wide := func(mark string, elements, size int) map[string]any {
		record := map[string]any{"Name": mark + strings.Repeat("n", size)}
		for n := range 15 {
			var list []any
			for e := range elements {
				list = append(list, fmt.Sprint(mark, e, strings.Repeat("x", size)))
			}
			record[fmt.Sprint("a", n%4)], record[fmt.Sprint("b", n)], record["c"] = list, list, list
		}
		return record
	}
	ada.online()
	bob.online()
	for _, shape := range [][2]int{{50, 3}, {84, 1}, {20, 40}, {255, 300}, {2, 400}} {
		id := made(t, atAda, wide("one", shape[0], shape[1]))
		agree(t, ada.find(id), bob.find(id))
		if err := atBob.Put(t.Context(), id, wide("other", shape[0], shape[1])); err != nil {
			t.Fatal(err)
		}
		agree(t, ada.find(id), bob.find(id))
		found := 0
		for r, err := range atAda.Find(t.Context(), peer.Where("b7").Contains(fmt.Sprint("other1", strings.Repeat("x", shape[1])))) {
			if err != nil {
				t.Fatal(err)
			}
			if r.ID == id {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%d elements of %d bytes: found %d times", shape[0], shape[1], found)
		}
	}
	consistent(t, ada)
	consistent(t, bob)
}
