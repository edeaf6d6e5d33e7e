package peer_test

import (
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	changes "github.com/godwit-sync/godwit/crdt/change"
	records "github.com/godwit-sync/godwit/internal/record"
	"github.com/godwit-sync/godwit/peer"
)

// elsewhere is somebody who writes in a record, and whose changes are brought here.
type elsewhere struct {
	tb  testing.TB
	p   *node
	id  crdt.DocumentID
	doc *crdt.Doc
}

// author begins a record elsewhere.
func author(tb testing.TB, p *node, id crdt.DocumentID) *elsewhere {
	tb.Helper()
	doc, err := crdt.New(crdt.NewActorID())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(doc.Close)
	return &elsewhere{tb, p, id, doc}
}

// write makes a change, which isn't brought yet.
func (a *elsewhere) write(fn func(root crdt.Map) error) *changes.Change {
	a.tb.Helper()
	c, err := a.doc.Change(fn)
	if err != nil {
		a.tb.Fatal(err)
	}
	return c
}

// bring has changes brought, and returns when they are durable.
func (a *elsewhere) bring(all ...*changes.Change) {
	a.tb.Helper()
	done := make(chan error, 1)
	a.p.Bring(a.id, all, func(err error) { done <- err })
	if err := <-done; err != nil {
		a.tb.Fatal(err)
	}
}

// age writes an age, and nothing else.
func age(n int) func(root crdt.Map) error {
	return func(root crdt.Map) error { return root.Set("Age", n) }
}

// ages are a history of so many changes.
func (a *elsewhere) ages(n int) (all []*changes.Change) {
	a.tb.Helper()
	for i := range n {
		all = append(all, a.write(age(i)))
	}
	return all
}

// deletes has somebody delete the record who has seen nothing but its beginning.
func (a *elsewhere) deletes(began *changes.Change) *changes.Change {
	a.tb.Helper()
	other, err := crdt.New(crdt.NewActorID())
	if err != nil {
		a.tb.Fatal(err)
	}
	defer other.Close()
	if err := other.Apply(began.Bytes()); err != nil {
		a.tb.Fatal(err)
	}
	c, err := other.Change(func(root crdt.Map) error { return records.Delete(root, records.EditWins) })
	if err != nil {
		a.tb.Fatal(err)
	}
	if err := a.doc.Apply(c.Bytes()); err != nil {
		a.tb.Fatal(err)
	}
	return c
}

// beaten begins a record of a long history in which so many deletes were beaten.
func (a *elsewhere) beaten(length, deletes int) {
	a.tb.Helper()
	all := a.ages(length)
	for range deletes {
		all = append(all, a.deletes(all[0]))
	}
	a.bring(all...)
}

// whileViewed calls do while somebody looks at a document.
func whileViewed(tb testing.TB, p *node, id crdt.DocumentID, do func()) {
	tb.Helper()
	err := p.find(id).View(tb.Context(), func(crdt.Map) error {
		do()
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// What others change while somebody looks at the record doesn't cost a look at its
// history each, nor do deletes that were beaten long ago.
func TestWhatAChangeCosts(t *testing.T) {
	const length, few = 2000, 1000
	for name, story := range map[string]struct {
		deletes int
		viewed  bool
	}{"plain": {}, "deleted once": {deletes: 1}, "deleted twice": {deletes: 2}, "viewed": {viewed: true}} {
		t.Run(name, func(t *testing.T) {
			p := openPeer(t, peer.Config{InMemory: true})
			c := employees(t, p, peer.Index("Age"))
			a := author(t, p, c.NewID())
			a.beaten(length, story.deletes)
			n := length
			change := func() { n++; a.bring(a.write(age(n))) }
			cost := func() {
				change() // the first one opens the document
				p.AwaitSaver()
				if allocs := testing.AllocsPerRun(10, change); allocs > few {
					t.Errorf("a change takes %v allocations, of a history of %d", allocs, length)
				}
			}
			if story.viewed {
				whileViewed(t, p, a.id, cost)
			} else {
				cost()
			}
			is(t, c, a.id, employee{Age: n})
			consistent(t, p)
		})
	}
}

// A change of a large record costs no copy of it, whoever makes it, and whether
// anything is indexed or not.
func TestWhatAChangeOfALargeRecordCosts(t *testing.T) {
	const size, few = 1 << 20, 128 << 10
	for name, indexes := range map[string][]peer.CollectionOption{"plain": nil, "indexed": {byName}} {
		t.Run(name, func(t *testing.T) {
			p := openPeer(t, peer.Config{InMemory: true})
			c := employees(t, p, indexes...)
			a := author(t, p, c.NewID())
			a.bring(a.write(func(root crdt.Map) error {
				return root.Reconcile(employee{Name: "Ada", Title: strings.Repeat("x", size)})
			}))
			here := p.find(a.id)
			n := 0
			cost := func(change func()) {
				t.Helper()
				change()
				p.AwaitSaver()
				before := allocated()
				for range 10 {
					change()
				}
				if each := (allocated() - before) / 10; each > few {
					t.Errorf("a change takes %d bytes, of a record of %d", each, size)
				}
			}
			cost(func() { n++; a.bring(a.write(age(n))) })
			cost(func() {
				n++
				if err := here.Change(t.Context(), age(n)); err != nil {
					t.Fatal(err)
				}
			})
			consistent(t, p)
		})
	}
}

// allocated returns how many bytes have ever been allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A record that others make large and small again is read, found and told of as
// it is.
func TestLargeAndSmallAgain(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	c := employees(t, p, byName)
	events := c.Watch(t.Context())
	a := author(t, p, c.NewID())
	long := strings.Repeat("long ", 20_000)
	for i, want := range []employee{
		{Name: "Ada", Title: "short"},
		{Name: "Bea", Title: long},
		{Name: "Bea", Title: long + "!"},
		{Name: "Cem", Title: long},
		{Name: "Cem", Title: "short"},
		{Name: "Dee", Title: long},
	} {
		a.bring(a.write(func(root crdt.Map) error { return root.Reconcile(want) }))
		is(t, c, a.id, want)
		finds(t, c, peer.Where("Name").Is(want.Name), want.Name)
		counts(t, c, 1)
		consistent(t, p)
		if e := next(t, events); e.After == nil || !reflect.DeepEqual(*e.After, want) || e.Err != nil {
			t.Fatalf("step %d is told as %v (%v)", i, e.After, e.Err)
		}
	}
}
