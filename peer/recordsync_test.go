package peer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// comes waits until a record says something.
func comes(tb testing.TB, c *peer.Records[employee], id crdt.DocumentID, is func(employee) bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	events := c.Watch(ctx, id)
	for {
		if e, err := c.Get(ctx, id); err == nil && is(e) {
			return
		}
		if _, more := <-events; !more {
			tb.Fatalf("waited in vain for %s", id)
		}
	}
}

func named(name string) func(employee) bool { return func(e employee) bool { return e.Name == name } }

// stands waits until a record has a state.
func stands[T any](tb testing.TB, p *node, c *peer.Records[T], id crdt.DocumentID, want peer.State) {
	tb.Helper()
	doc, err := p.Document(id)
	if err != nil {
		tb.Fatal(err)
	}
	await(tb, "the record is "+want.String(), doc, func() bool { return state(tb, c, id) == want })
}

func state[T any](tb testing.TB, c *peer.Records[T], id crdt.DocumentID) peer.State {
	tb.Helper()
	status, err := c.Status(id)
	if err != nil {
		tb.Fatal(err)
	}
	return status.State
}

// owes returns what a collection has pending, in words.
func owes[T any](tb testing.TB, c *peer.Records[T]) (items []string) {
	tb.Helper()
	for item, err := range c.Pending(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
		if item.Collection != c.Name() {
			tb.Fatalf("%s is of %q", item.ID, item.Collection)
		}
		items = append(items, fmt.Sprintf("%s %s", item.Change, item.State))
	}
	return items
}

func tally[T any](tb testing.TB, c *peer.Records[T], want peer.Counts) {
	tb.Helper()
	got, err := c.Counts(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if got != want {
		tb.Fatalf("counts are %+v, want %+v", got, want)
	}
}

// soon runs something that waits for the relay.
func soon(tb testing.TB, do func(context.Context) error) {
	tb.Helper()
	if err := inTime(tb, do); err != nil {
		tb.Fatal(err)
	}
}

// inTime does something that mustn't take for ever.
func inTime(tb testing.TB, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	return do(ctx)
}

// What one peer creates the other has, without looking for it, and then every
// change; and nothing is talked about record by record.
func TestRecordsTravel(t *testing.T) {
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann), employees(t, bob, peer.Index("Name"))
	early := made(t, anns, employee{Name: "Early"})
	ann.online()
	bob.online()
	comes(t, bobs, early, named("Early"))
	id := made(t, anns, employee{Name: "Ada"})
	comes(t, bobs, id, named("Ada"))
	rename := func(e *employee) error { e.Name = "Ida"; return nil }
	if err := bobs.Update(t.Context(), id, rename); err != nil {
		t.Fatal(err)
	}
	comes(t, anns, id, named("Ida"))
	finds(t, bobs, peer.Where("Name").Is("Ida"), "Ida")
	if err := anns.Delete(t.Context(), early); err != nil {
		t.Fatal(err)
	}
	soon(t, ann.Sync)
	soon(t, bob.Sync)
	exists(t, bobs, early, false)
	for _, p := range []*node{ann, bob} {
		s := p.until("all is there", func(s peer.LinkState) bool { return s.Phase == peer.Online })
		if s.Documents != 0 || s.Done != s.Total {
			t.Errorf("the link is %+v", s)
		}
	}
	consistent(t, bob)
}

// A collection that is asked for while there is a link is followed from then on,
// also if its records were here before.
func TestRecordsTravelOnceRegistered(t *testing.T) {
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	ann.online()
	bob.online()
	id := made(t, employees(t, ann), employee{Name: "Ada"})
	bob.find(id)
	comes(t, employees(t, bob), id, named("Ada"))
	comes(t, employees(t, bob), made(t, employees(t, ann), employee{Name: "Ida"}), named("Ida"))
}

// Sync is a fence: what one had when it called, the other has when its call returns,
// although a third never stops to write.
func TestSyncIsAFence(t *testing.T) {
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	busy := openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs, theirs := employees(t, ann), employees(t, bob), employees(t, busy)
	for _, p := range []*node{ann, bob, busy} {
		p.online()
	}
	ctx, cancel := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	defer writing.Wait()
	defer cancel()
	for _, c := range []*peer.Records[employee]{theirs, anns} {
		writing.Go(func() {
			id, err := c.Create(ctx, employee{Name: "Busy"})
			for n := 0; err == nil; n++ {
				err = c.Update(ctx, id, func(e *employee) error { e.Age = n; return nil })
			}
			if ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
	for n := range 20 {
		id := made(t, anns, employee{Name: fmt.Sprint("Ada ", n)})
		soon(t, anns.Sync)
		if s := state(t, anns, id); s != peer.Synced {
			t.Fatalf("after Sync it is %s", s)
		}
		soon(t, bobs.Sync)
		is(t, bobs, id, employee{Name: fmt.Sprint("Ada ", n)})
	}
}

// Whoever is told of a record that was written here is told that it is pending: it
// never seems to be synced before it was sent.
func TestRecordsArePendingAtOnce(t *testing.T) {
	ann := openPeer(t, peer.Config{})
	anns := employees(t, ann)
	screen := anns.Live(t.Context(), peer.Query{})
	<-screen
	for range 50 {
		made(t, anns, employee{Name: "Ada"})
		for _, e := range (<-screen).Events {
			if e.Record.State != peer.Pending {
				t.Fatalf("a record that nobody has sent is %s", e.Record.State)
			}
		}
	}
}

// What is written offline is pending, oldest first, with what the relay doesn't know
// of it; it is synced when the relay has it, and that is known after a restart.
func TestRecordsStatus(t *testing.T) {
	relay := startRelay(t)
	dir := t.TempDir()
	ann := openPeer(t, peer.Config{Relay: relay.url(), Path: dir})
	anns := employees(t, ann)
	ada, ida := made(t, anns, employee{Name: "Ada"}), made(t, anns, employee{Name: "Ida"})
	gone := made(t, anns, employee{Name: "Gone"})
	if err := anns.Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if err := anns.Update(t.Context(), ada, func(e *employee) error { e.Age = 36; return nil }); err != nil {
		t.Fatal(err)
	}
	check := func(want ...string) {
		t.Helper()
		if got := owes(t, anns); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("pending are %q, want %q", got, want)
		}
	}
	check("created pending", "created pending", "deleted pending")
	tally(t, anns, peer.Counts{Records: 2, Pending: 3})
	ann.online()
	stands(t, ann, anns, ada, peer.Synced)
	soon(t, ann.Sync)
	check()
	ann.offline()
	if err := anns.Update(t.Context(), ida, func(e *employee) error { e.Age = 40; return nil }); err != nil {
		t.Fatal(err)
	}
	ann.close()
	ann = openPeer(t, peer.Config{Relay: relay.url(), Path: dir})
	anns = employees(t, ann)
	check("updated pending")
	for e, err := range anns.Find(t.Context(), peer.Query{}) {
		if want := map[string]peer.State{"Ada": peer.Synced, "Ida": peer.Pending}[e.Value.Name]; err != nil || e.State != want {
			t.Errorf("%s is %s (%v), want %s", e.Value.Name, e.State, err, want)
		}
	}
	tally(t, anns, peer.Counts{Records: 2, Pending: 1})
	if _, err := anns.Status(anns.NewID()); !errors.Is(err, peer.ErrNoRecord) {
		t.Errorf("the status of no record: %v", err)
	}
}

// Nothing is lost, and everything synced in the end, if the connection is cut again
// and again.
func TestRecordsTravelOverCuts(t *testing.T) {
	random := seeded(t)
	relay := startRelay(t)
	cut := newCutter(t, relay.url())
	ann, bob := openPeer(t, peer.Config{Relay: cut.url}), openPeer(t, peer.Config{Relay: cut.url})
	anns, bobs := employees(t, ann), employees(t, bob)
	ann.run()
	bob.run()
	const rounds, many = 8, 40
	for range rounds {
		cut.left.Store(random.Int64N(20_000))
		for range many {
			made(t, anns, employee{Name: "Ada"})
			made(t, bobs, employee{Name: "Bob"})
		}
	}
	cut.left.Store(-1)
	soon(t, ann.Sync)
	soon(t, bob.Sync)
	soon(t, ann.Sync)
	for _, c := range []*peer.Records[employee]{anns, bobs} {
		tally(t, c, peer.Counts{Records: 2 * rounds * many})
	}
	consistent(t, ann)
	consistent(t, bob)
}

// What is said to be synced is on the relay's disk, wherever the connection was cut,
// and what isn't is said to be pending; that holds after a restart, too.
func TestSyncedIsAtTheRelay(t *testing.T) {
	random := seeded(t)
	relay, dir := startRelay(t), t.TempDir()
	cut := newCutter(t, relay.url())
	var ids []crdt.DocumentID
	synced := 0
	for range 6 {
		ann := openPeer(t, peer.Config{Relay: cut.url, Path: dir})
		anns := employees(t, ann)
		ann.run()
		cut.left.Store(2000 + random.Int64N(200_000))
		for range 60 {
			ids = append(ids, made(t, anns, employee{Name: "Ada"}))
			id := ids[random.IntN(len(ids))]
			if err := anns.Update(t.Context(), id, func(e *employee) error { e.Age++; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if random.IntN(2) == 0 {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			_ = anns.Push(ctx) // as far as it comes
			cancel()
		}
		ann.offline()
		if random.IntN(2) == 0 {
			ann.close()
			ann = openPeer(t, peer.Config{Relay: cut.url, Path: dir})
			anns = employees(t, ann)
		}
		relay.stop()
		synced = 0
		has := relay.documents()
		for _, id := range ids {
			doc, err := ann.Document(id)
			if err != nil {
				t.Fatal(err)
			}
			isThere := slices.Equal(has[id], heads(t, doc))
			switch state := state(t, anns, id); {
			case state == peer.Synced && !isThere:
				t.Fatalf("%s is said to be synced, and is not at the relay", id)
			case state == peer.Synced:
				synced++
			case state != peer.Pending:
				t.Fatalf("%s is %s", id, state)
			}
		}
		tally(t, anns, peer.Counts{Records: len(ids), Pending: len(ids) - synced})
		relay.start()
		ann.close()
	}
	t.Logf("%d of %d were synced at last", synced, len(ids))
}

// The link tells how far it is, for a bar that shows progress.
func TestCatchingUpIsShown(t *testing.T) {
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann), employees(t, bob)
	const many = 3000
	for range many / 500 {
		commit(t, ann, func(tx *peer.Tx) error {
			for range 500 {
				if _, err := anns.In(tx).Create(t.Context(), employee{Name: "Ada"}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	watch := func(p *node) {
		t.Helper()
		var phases []string
		last, moved := 0, false
		p.run()
		p.until("it has caught up", func(s peer.LinkState) bool {
			if len(phases) == 0 || phases[len(phases)-1] != s.Phase.String() {
				phases = append(phases, s.Phase.String())
			}
			if s.Phase == peer.CatchingUp {
				moved = moved || s.Done > last && s.Done < s.Total
				last = s.Done
			}
			return s.Phase == peer.Online && s.Total >= many/2
		})
		if got := strings.Join(phases, ", "); !strings.HasSuffix(got, "catching up, online") || !moved {
			t.Errorf("the phases were %s; progress was shown: %t", got, moved)
		}
	}
	watch(ann)
	counts(t, anns, many)
	watch(bob)
	counts(t, bobs, many)
}

// A collection that is synced by hand does nothing by itself, and each direction
// alone when it is told to.
func TestManualModes(t *testing.T) {
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann), employees(t, bob, peer.Manual())
	ann.online()
	bob.online()
	theirs, ours := made(t, anns, employee{Name: "Ann's"}), made(t, bobs, employee{Name: "Bob's"})
	soon(t, ann.Sync)
	soon(t, bobs.Push)
	exists(t, bobs, theirs, false)
	comes(t, anns, ours, named("Bob's"))
	later := made(t, bobs, employee{Name: "Later"})
	soon(t, bobs.Pull)
	is(t, bobs, theirs, employee{Name: "Ann's"})
	soon(t, anns.Sync)
	exists(t, anns, later, false)
	if s := state(t, bobs, later); s != peer.Pending {
		t.Errorf("what was not pushed is %s", s)
	}
	soon(t, bob.Sync)
	comes(t, anns, later, named("Later"))

	bobs = employees(t, bob, peer.ManualPull()) // pushes by itself from now on
	comes(t, anns, made(t, bobs, employee{Name: "By itself"}), named("By itself"))
	quiet := made(t, anns, employee{Name: "Quiet"})
	soon(t, ann.Sync)
	soon(t, bobs.Push)
	exists(t, bobs, quiet, false)
	bobs = employees(t, bob, peer.Automatic())
	comes(t, bobs, quiet, named("Quiet"))
}

// Records of a collection that stays here are never sent, nor taken, until it is
// said that they may travel; that holds over restarts.
func TestLocalOnly(t *testing.T) {
	relay := startRelay(t)
	dir := t.TempDir()
	ann, bob := openPeer(t, peer.Config{Relay: relay.url(), Path: dir}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann, peer.LocalOnly()), employees(t, bob)
	before := made(t, anns, employee{Name: "Before"})
	ann.online()
	bob.online()
	after, theirs := made(t, anns, employee{Name: "After"}), made(t, bobs, employee{Name: "Bob's"})
	soon(t, bob.Sync)
	soon(t, ann.Sync)
	soon(t, bob.Sync)
	counts(t, anns, 2)
	counts(t, bobs, 1)
	if s := state(t, anns, before); s != peer.Local {
		t.Errorf("it is %s", s)
	}
	tally(t, anns, peer.Counts{Records: 2})
	fails(t, anns.Push(t.Context()), peer.ErrLocalOnly)
	doc, err := ann.Document(before)
	if err != nil {
		t.Fatal(err)
	}
	fails(t, doc.Sync(t.Context()), peer.ErrLocalOnly)
	ann.close()

	ann = openPeer(t, peer.Config{Relay: relay.url(), Path: dir})
	ann.online()
	soon(t, ann.Sync)
	soon(t, bob.Sync)
	counts(t, bobs, 1)
	anns = employees(t, ann, peer.Automatic())
	comes(t, bobs, before, named("Before"))
	comes(t, bobs, after, named("After"))
	comes(t, anns, theirs, named("Bob's"))
}

// Whoever unsubscribes hears no more, and may have what the relay holds evicted;
// what it doesn't is kept and named. Subscribing brings everything back.
func TestUnsubscribeAndEvict(t *testing.T) {
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann), employees(t, bob)
	ada := made(t, anns, employee{Name: "Ada"})
	ann.online()
	bob.online()
	comes(t, bobs, ada, named("Ada"))
	soon(t, bob.Sync)
	bob.offline()
	mine := made(t, bobs, employee{Name: "Mine"})
	kept, err := bobs.Unsubscribe(t.Context(), true)
	if err != nil || len(kept) != 1 || kept[0] != mine {
		t.Fatalf("kept are %v (%v), want %s", kept, err, mine)
	}
	counts(t, bobs, 1)
	bob.online()
	comes(t, anns, mine, named("Mine"))
	later := made(t, anns, employee{Name: "Later"})
	soon(t, ann.Sync)
	soon(t, bob.Sync)
	counts(t, bobs, 1)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := bobs.Subscribe(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("subscribed too late: %v", err)
	}
	soon(t, bob.Sync)
	counts(t, bobs, 1)
	if err := bobs.Subscribe(t.Context()); err != nil {
		t.Fatal(err)
	}
	comes(t, bobs, later, named("Later"))
	comes(t, bobs, ada, named("Ada"))
	soon(t, bob.Sync)
	counts(t, bobs, 3)
	consistent(t, bob)
}

// Nothing that is asked for brings anything before one subscribes again, but what was
// written here goes. A pull that waits ends.
func TestPullingWhatIsUnsubscribed(t *testing.T) {
	relay := startRelay(t)
	relay.stop()
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann), employees(t, bob)
	ada := made(t, anns, employee{Name: "Ada"})
	pulled := make(chan error)
	go func() { pulled <- bobs.Pull(t.Context()) }()
	if _, err := bobs.Unsubscribe(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	fails(t, <-pulled, peer.ErrUnsubscribed)
	if err := bobs.Subscribe(t.Context()); err != nil {
		t.Fatal(err)
	}
	relay.start()
	ann.online()
	bob.online()
	comes(t, bobs, ada, named("Ada"))
	soon(t, bob.Sync)
	if kept, err := bobs.Unsubscribe(t.Context(), true); len(kept) != 0 || err != nil {
		t.Fatalf("kept are %v (%v)", kept, err)
	}
	for _, sync := range []func(context.Context) error{bobs.Sync, bobs.Resync, bob.Sync} {
		mine := made(t, bobs, employee{Name: "Mine"})
		soon(t, sync)
		stands(t, bob, bobs, mine, peer.Synced)
		fails(t, bobs.Pull(t.Context()), peer.ErrUnsubscribed)
		exists(t, bobs, ada, false)
	}
	if err := bobs.Subscribe(t.Context()); err != nil {
		t.Fatal(err)
	}
	soon(t, bobs.Pull)
	is(t, bobs, ada, employee{Name: "Ada"})
}

// A full listing finds what has been lost here, and drops nothing.
func TestResync(t *testing.T) {
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann), employees(t, bob, peer.Manual())
	ada := made(t, anns, employee{Name: "Ada"})
	ann.online()
	bob.online()
	soon(t, ann.Sync)
	soon(t, bobs.Sync)
	if err := bob.Forget(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	mine := made(t, bobs, employee{Name: "Mine"})
	soon(t, bobs.Pull)
	exists(t, bobs, ada, false)
	soon(t, bobs.Resync)
	is(t, bobs, ada, employee{Name: "Ada"})
	comes(t, anns, mine, named("Mine"))
}

// A relay that was restored from an old backup, and doesn't know it, believes what
// peers say of its journal though that was written anew. Resync finds what is missing
// on either side.
func TestResyncWithARestoredRelay(t *testing.T) {
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann), employees(t, bob)
	made(t, anns, employee{Name: "Early"})
	ann.online()
	soon(t, ann.Sync)
	relay.stop()
	backup, life := copyDirectory(t, relay.dir), incarnation(t, relay.dir)
	relay.start()
	var lost []crdt.DocumentID
	for range 20 {
		lost = append(lost, made(t, anns, employee{Name: "Lost"}))
	}
	soon(t, ann.Sync)
	relay.stop()
	restoreDirectory(t, relay.dir, backup)
	if incarnation(t, relay.dir) != life {
		t.Skip("the store noticed by itself")
	}
	ann.offline()
	relay.start()
	for range 40 { // takes the places in the relay's journal that ann has heard of
		made(t, bobs, employee{Name: "Bob's"})
	}
	bob.online()
	soon(t, bob.Sync)
	bob.offline()
	ann.online()
	soon(t, anns.Sync)
	if n, err := anns.Count(t.Context()); err != nil || n > 60 {
		t.Fatalf("%d, %v: this test needs something that isn't noticed", n, err)
	}
	soon(t, anns.Resync)
	counts(t, anns, 61)
	bob.online()
	soon(t, bobs.Resync)
	counts(t, bobs, 61)
	relay.stop()
	has := relay.documents()
	for _, id := range lost {
		if has[id] == nil {
			t.Fatalf("the relay lacks %s", id)
		}
	}
}

// A relay that has lost records which it has acknowledged gets them back.
func TestResyncBringsBackWhatTheRelayLost(t *testing.T) {
	relay := startRelay(t)
	ann := openPeer(t, peer.Config{Relay: relay.url()})
	anns := employees(t, ann, peer.Manual())
	var ids []crdt.DocumentID
	for range 600 {
		ids = append(ids, made(t, anns, employee{Name: "Ada"}))
	}
	ann.online()
	soon(t, anns.Push)
	ann.offline()
	relay.stop()
	relay.lose(ids[100], ids[300], ids[599])
	relay.start()
	ann.online()
	soon(t, anns.Sync)
	soon(t, anns.Resync)
	relay.stop()
	has := relay.documents()
	for _, id := range ids {
		if has[id] == nil {
			t.Fatalf("the relay lacks %s", id)
		}
		if s := state(t, anns, id); s != peer.Synced {
			t.Fatalf("%s is %s", id, s)
		}
	}
}

// Without a relay that answers, each call ends with its context, says how much is
// left, and loses nothing.
func TestSyncCancelled(t *testing.T) {
	relay := startRelay(t)
	relay.stop()
	ann := openPeer(t, peer.Config{Relay: relay.url()})
	anns := employees(t, ann)
	id := made(t, anns, employee{Name: "Ada"})
	ann.run()
	for _, do := range []func(context.Context) error{anns.Push, anns.Sync, anns.Resync, ann.Sync} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		fails(t, do(ctx), context.DeadlineExceeded, `push "acme/employees": 1 record is left`)
		cancel()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	fails(t, anns.Pull(ctx), context.DeadlineExceeded, "pull")
	relay.start()
	soon(t, anns.Sync)
	if s := state(t, anns, id); s != peer.Synced {
		t.Errorf("it is %s", s)
	}
}

// Another relay has nothing yet: everything is pending, and goes there.
func TestRecordsAtAnotherRelay(t *testing.T) {
	first, second := startRelay(t), startRelay(t)
	dir := t.TempDir()
	ann := openPeer(t, peer.Config{Relay: first.url(), Path: dir})
	id := made(t, employees(t, ann), employee{Name: "Ada"})
	ann.online()
	soon(t, ann.Sync)
	ann.close()
	ann = openPeer(t, peer.Config{Relay: second.url(), Path: dir})
	ann.online()
	soon(t, ann.Sync)
	bob := openPeer(t, peer.Config{Relay: second.url()})
	bobs := employees(t, bob)
	bob.online()
	comes(t, bobs, id, named("Ada"))
	tally(t, employees(t, ann), peer.Counts{Records: 1})
}

// Two have a record open together, and hear each other.
func TestRecordsCollaborate(t *testing.T) {
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann), employees(t, bob)
	ann.online()
	bob.online()
	id := made(t, anns, employee{Name: "Ada"})
	comes(t, bobs, id, named("Ada"))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	meet := func(p *node) *peer.Presence {
		doc, err := p.Document(id)
		if err != nil {
			t.Fatal(err)
		}
		here, err := doc.Presence(ctx, map[string]any{"name": p.ID()})
		if err != nil {
			t.Fatal(err)
		}
		return here
	}
	a, b := meet(ann), meet(bob)
	for _, here := range []*peer.Presence{a, b} {
		for len(here.Others()) == 0 {
			<-here.Changed()
		}
	}
	doc, err := ann.Document(id)
	if err != nil {
		t.Fatal(err)
	}
	soon(t, doc.Sync)
	leave()
	for _, p := range []*node{ann, bob} {
		p.until("the record is not talked about any more", func(s peer.LinkState) bool { return s.Documents == 0 })
	}
}

// cutter stands between peers and a relay, counts the bytes in both directions, and
// cuts all connections after some; negative: never.
type cutter struct {
	url   string
	to    string
	bytes atomic.Int64
	left  atomic.Int64
	all   sync.WaitGroup
}

func newCutter(tb testing.TB, url string) *cutter {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	c := &cutter{url: "ws://" + listener.Addr().String(), to: strings.TrimPrefix(url, "ws://")}
	c.left.Store(-1)
	c.all.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", c.to)
			if err != nil {
				_ = near.Close()
				continue
			}
			c.all.Go(func() { c.copy(near, far) })
			c.all.Go(func() { c.copy(far, near) })
		}
	})
	tb.Cleanup(func() { // after the peers are closed
		_ = listener.Close()
		c.all.Wait()
	})
	return c
}

func (c *cutter) copy(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 2048)
	for {
		n, err := from.Read(buf)
		c.bytes.Add(int64(n))
		if c.left.Load() >= 0 && c.left.Add(int64(-n)) < 0 {
			c.left.CompareAndSwap(c.left.Load(), 10_000) // for the next connections
			err = io.EOF
		}
		if _, werr := to.Write(buf[:n]); werr != nil || err != nil {
			return
		}
	}
}

// What one peer forgets stays away from it, whatever others write there, until it
// looks for it.
func TestForgottenRecordStaysAway(t *testing.T) {
	relay, dir := startRelay(t), t.TempDir()
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url(), Path: dir})
	anns, bobs := employees(t, ann), employees(t, bob)
	id := made(t, anns, employee{Name: "Ada"})
	ann.online()
	bob.online()
	comes(t, bobs, id, named("Ada"))
	if err := bob.Forget(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	age := func() {
		t.Helper()
		if err := anns.Update(t.Context(), id, func(e *employee) error { e.Age++; return nil }); err != nil {
			t.Fatal(err)
		}
		soon(t, ann.Sync)
	}
	age()
	soon(t, bob.Sync)
	exists(t, bobs, id, false)
	bob.close()
	age()
	bob = openPeer(t, peer.Config{Relay: relay.url(), Path: dir})
	bobs = employees(t, bob)
	bob.online()
	soon(t, bob.Sync)
	exists(t, bobs, id, false)
	tally(t, bobs, peer.Counts{})
	bob.find(id)
	age()
	comes(t, bobs, id, func(e employee) bool { return e.Age == 3 })
}
