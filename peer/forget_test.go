package peer_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	changes "github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// A record that can't be forgotten is as it was: it is read, found and counted, and
// what is written in it then is there when the peer is opened again.
func TestForgetOnAFullDisk(t *testing.T) {
	dir, good, bad := twoRecords(t, "mark")
	p := openPeer(t, peer.Config{Path: dir, Reserve: 1 << 60})
	c := employees(t, p)
	fails(t, p.Forget(t.Context(), bad), storage.ErrDiskFull, bad.String())
	is(t, c, bad, employee{Name: "Bob", Department: "mark"})
	finds(t, c, peer.Query{}.OrderBy("Name"), "Ada", "Bob")
	counts(t, c, 2)
	consistent(t, p)
	p.close()

	p = openPeer(t, peer.Config{Path: dir})
	c = employees(t, p)
	if err := c.Update(t.Context(), bad, func(e *employee) error { e.Age = 1; return nil }); err != nil {
		t.Fatal(err)
	}
	p.close()
	p = openPeer(t, peer.Config{Path: dir})
	c = employees(t, p)
	is(t, c, bad, employee{Name: "Bob", Department: "mark", Age: 1})
	exists(t, c, good, true)
	consistent(t, p)
}

// On a disk that is nearly full records are forgotten and evicted all the same, and
// nothing else is written; with room again, everything goes on.
func TestForgetMakesRoom(t *testing.T) {
	relay := startRelay(t)
	dir, good, bad := twoRecords(t, "mark")
	p := openPeer(t, peer.Config{Path: dir, Relay: relay.url()})
	p.online()
	soon(t, employees(t, p).Push)
	p.close()

	p = openPeer(t, peer.Config{Path: dir, Relay: relay.url(), Reserve: 3 * freeIn(t, dir)})
	c := employees(t, p)
	p.online()
	if _, err := c.Create(t.Context(), employee{Name: "Eve"}); !errors.Is(err, storage.ErrDiskFull) {
		t.Fatalf("creating: got %v, want ErrDiskFull", err)
	}
	if err := p.Forget(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	finds(t, c, peer.Query{}, "Ada")
	if kept, err := c.Unsubscribe(t.Context(), true); len(kept) > 0 || err != nil {
		t.Fatalf("kept are %v: %v", kept, err)
	}
	counts(t, c, 0)
	consistent(t, p)
	p.close()

	p = openPeer(t, peer.Config{Path: dir, Relay: relay.url()})
	c = employees(t, p)
	exists(t, c, bad, false)
	made(t, c, employee{Name: "Eve"})
	p.online()
	if err := c.Subscribe(t.Context()); err != nil {
		t.Fatal(err)
	}
	comes(t, c, good, named("Ada"))
	soon(t, c.Pull) // the other is coming, too
	consistent(t, p)
}

// freeIn returns how many bytes the disk of a directory has left.
func freeIn(t *testing.T, dir string) int64 {
	t.Helper()
	s, err := storage.Open(dir, storage.Options{Small: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return s.Stats().DiskFree
}

// An earlier version removed the view of a record first, and noted that. If that is
// all that it came to, the record is there again, with all that was written since:
// nobody was told that it was forgotten. A full disk doesn't keep the peer closed.
func TestAnEarlierVersionWasForgetting(t *testing.T) {
	dir, good, bad := twoRecords(t, "mark")
	p := openPeer(t, peer.Config{Path: dir})
	for _, id := range []crdt.DocumentID{good, bad} {
		if err := p.BeginToForget(id); err != nil {
			t.Fatal(err)
		}
	}
	c := employees(t, p)
	if err := c.Update(t.Context(), bad, func(e *employee) error { e.Age = 1; return nil }); err != nil {
		t.Fatal(err)
	}
	p.close()
	openPeer(t, peer.Config{Path: dir, Reserve: 1 << 60}).close()

	for range 2 {
		p = openPeer(t, peer.Config{Path: dir})
		c = employees(t, p)
		is(t, c, good, employee{Name: "Ada"})
		is(t, c, bad, employee{Name: "Bob", Department: "mark", Age: 1})
		counts(t, c, 2)
		consistent(t, p)
		p.close()
	}
}

// What is under way when a record is forgotten doesn't bring it back, neither whole
// nor in part.
func TestForgetWhatIsOnItsWay(t *testing.T) {
	other, p := openPeer(t, peer.Config{InMemory: true}), openPeer(t, peer.Config{InMemory: true})
	others, c := employees(t, other), employees(t, p, byName)
	for range 50 {
		id := made(t, others, employee{Name: "Ada"})
		history := historyOf(t, other.find(id))
		bring := func() error {
			result := make(chan error, 1)
			p.Bring(id, history, func(err error) { result <- err })
			return <-result
		}
		if err := bring(); err != nil {
			t.Fatal(err)
		}
		var bringing sync.WaitGroup
		stop := make(chan struct{})
		bringing.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_ = bring() // taken or not
				}
			}
		})
		if err := p.Forget(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		exists(t, c, id, false)
		close(stop)
		bringing.Wait()
		if err := bring(); err == nil {
			t.Fatal("what comes after it was forgotten is taken")
		}
		exists(t, c, id, false)
		counts(t, c, 0)
		consistent(t, p)
	}
}

// historyOf returns all changes of a document.
func historyOf(t *testing.T, doc *peer.Document) []*changes.Change {
	t.Helper()
	all, err := doc.Changes(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// While records are written, brought, forgotten and found again, each is at every
// moment wholly here or wholly gone.
func TestForgetAtEveryCommit(t *testing.T) {
	seed := number(t, seedVariable, rand.Int())
	t.Logf("%s=%d", seedVariable, seed)
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann), employees(t, bob, byName, byDepartment)
	var ids []crdt.DocumentID
	for _, name := range []string{"Ada", "Bob", "Eve"} {
		ids = append(ids, made(t, anns, employee{Name: name}))
	}
	ann.online()
	soon(t, anns.Push)
	bob.online()
	for _, id := range ids {
		bob.find(id)
	}
	steps := 100
	if testing.Short() {
		steps = 25
	}
	var writers sync.WaitGroup
	for w, c := range []*peer.Records[employee]{anns, bobs, bobs} {
		random := rand.New(rand.NewPCG(uint64(seed), uint64(w)))
		writers.Go(func() {
			for n := range steps {
				err := c.Update(t.Context(), ids[random.IntN(len(ids))], func(e *employee) error { e.Age = n; return nil })
				if err != nil && !errors.Is(err, peer.ErrNoRecord) {
					t.Error(err)
				}
			}
		})
	}
	random := rand.New(rand.NewPCG(uint64(seed), 9))
	writers.Go(func() {
		for range steps {
			id := ids[random.IntN(len(ids))]
			if err := bob.Forget(t.Context(), id); err != nil {
				t.Error(err)
			}
			if _, err := bob.Find(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
	})
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for n := 0; ; n++ {
		if err := bob.CheckView(ids[n%len(ids)]); err != nil {
			t.Fatal(err)
		}
		select {
		case <-done:
			consistent(t, bob)
			counts(t, bobs, len(ids))
			for _, id := range ids {
				agree(t, ann.find(id), bob.find(id))
			}
			return
		default:
		}
	}
}

// What was forgotten stays away when the directory begins a new life, whose changes
// have actors of their own all the same.
func TestForgottenStaysAwayInANewLife(t *testing.T) {
	relay, dir := startRelay(t), t.TempDir()
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url(), Path: dir})
	anns, bobs := employees(t, ann), employees(t, bob)
	gone, stays := made(t, anns, employee{Name: "gone"}), made(t, anns, employee{Name: "stays"})
	ann.online()
	bob.online()
	comes(t, bobs, gone, named("gone"))
	comes(t, bobs, stays, named("stays"))
	if err := bob.Forget(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	soon(t, bob.Sync)
	bob.close()

	twin := copyDirectory(t, dir)
	lives := []*node{
		openPeer(t, peer.Config{Relay: relay.url(), Path: twin}),
		openPeer(t, peer.Config{Relay: relay.url(), Path: dir}),
	}
	var docs []*peer.Document
	for _, p := range lives {
		c := employees(t, p)
		p.online()
		soon(t, p.Sync)
		exists(t, c, stays, true)
		exists(t, c, gone, false)
		docs = append(docs, p.find(gone))
		change(t, docs[len(docs)-1], set("Age", len(docs)))
	}
	noTwins(t, docs...)
	agree(t, append(docs, ann.find(gone))...)
}

// What was evicted comes back when its collection is subscribed again, in a later life
// of the directory too.
func TestEvictedComesBackInANewLife(t *testing.T) {
	relay, dir := startRelay(t), t.TempDir()
	p := openPeer(t, peer.Config{Relay: relay.url(), Path: dir})
	c := employees(t, p)
	id := made(t, c, employee{Name: "Ada"})
	p.online()
	soon(t, p.Sync)
	if kept, err := c.Unsubscribe(t.Context(), true); len(kept) != 0 || err != nil {
		t.Fatalf("kept are %v: %v", kept, err)
	}
	p.close()
	p = openPeer(t, peer.Config{Relay: relay.url(), Path: copyDirectory(t, dir)})
	c = employees(t, p)
	p.online()
	soon(t, p.Sync)
	exists(t, c, id, false)
	if err := c.Subscribe(t.Context()); err != nil {
		t.Fatal(err)
	}
	comes(t, c, id, named("Ada"))
	consistent(t, p)
}
