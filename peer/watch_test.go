package peer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// next returns the next of a channel that somebody is told by.
func next[T any](tb testing.TB, from <-chan T) T {
	tb.Helper()
	select {
	case v, open := <-from:
		if !open {
			tb.Fatal("the channel was closed")
		}
		return v
	case <-time.After(patience):
		tb.Fatal("waited in vain")
		panic("unreachable")
	}
}

// ended waits until a channel is closed.
func ended[T any](tb testing.TB, from <-chan T) {
	tb.Helper()
	for {
		select {
		case _, open := <-from:
			if !open {
				return
			}
		case <-time.After(patience):
			tb.Fatal("the channel was not closed")
		}
	}
}

// Watchers are told of what is changed here and elsewhere; those of one document
// of nothing else, and those of the peer of everything.
func TestWatch(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	doc, other := ada.create(set("n", 0)), ada.create(set("other", 0))
	atBob := bob.find(doc.ID())
	reaches(t, doc, peer.Synced)
	ctx, stop := context.WithCancel(t.Context())
	one, all := doc.Watch(ctx), ada.Watch(ctx)

	change(t, other, set("other", 1))
	change(t, doc, set("n", 1))
	if ev := next(t, one); ev.Document != doc.ID() || !ev.Local || ev.Remote {
		t.Errorf("after a change made here: %+v", ev)
	}
	agree(t, doc, atBob)
	change(t, atBob, set("n", 2))
	for ev := range one {
		if ev.Document != doc.ID() {
			t.Errorf("told of %s", ev.Document)
		}
		if ev.Remote {
			break
		}
	}
	if got := fmt.Sprint(read(t, doc)["n"]); got != "2" {
		t.Errorf("after an event of a remote change, n is %s", got)
	}
	seen := map[crdt.DocumentID]bool{}
	for len(seen) < 2 {
		seen[next(t, all).Document] = true
	}
	stop()
	ended(t, one)
	ended(t, all)
}

// Whoever doesn't read misses no news: they come as one.
func TestWatchSlowly(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	doc := ada.create(set("n", 0))
	atBob := bob.find(doc.ID())
	events := doc.Watch(t.Context())
	const many = 50
	for n := range many {
		change(t, doc, set("here", n))
		change(t, atBob, set("there", n))
	}
	agree(t, doc, atBob)
	reaches(t, doc, peer.Synced)
	local, remote, count := false, false, 0
	for !local || !remote {
		ev := next(t, events)
		local, remote, count = local || ev.Local, remote || ev.Remote, count+1
	}
	if count > 2 {
		t.Errorf("%d changes came as more than one event and the one before: %d", 2*many, count)
	}
	ada.close()
	ended(t, events)
}

// A watcher of the status sees how far a document has come, and that it was
// forgotten.
func TestWatchStatus(t *testing.T) {
	r := startRelay(t)
	p := openPeer(t, peer.Config{Relay: r.url()})
	doc := p.create(set("n", 0))
	events := doc.Watch(t.Context())
	p.online()
	until := func(want peer.State) {
		t.Helper()
		for {
			s, err := next(t, events).Status()
			if err != nil {
				t.Fatal(err)
			}
			if s.State == want {
				return
			}
		}
	}
	until(peer.Synced)
	change(t, doc, set("n", 1))
	until(peer.Synced)
	if err := p.Forget(t.Context(), doc.ID()); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := next(t, events).Status(); errors.Is(err, peer.ErrUnknown) {
			break
		}
	}
}

// The state of the link tells of attempts, how long it takes to the next, why
// they failed, and how many documents are done; and so does Sync.
func TestLink(t *testing.T) {
	r := startRelay(t)
	p := openPeer(t, peer.Config{Relay: r.url()})
	for range 3 {
		p.create(set("n", 0))
	}
	if s := next(t, p.Link(t.Context())); s != (peer.LinkState{}) {
		t.Errorf("before Run the link is %+v", s)
	}
	r.stop()
	p.run()
	least := time.Duration(0)
	for range 3 { // each waits for longer
		s := p.until("an attempt has failed", func(s peer.LinkState) bool { return s.Phase == peer.Offline && s.Retry > least })
		if s.Err == nil {
			t.Errorf("offline for no reason: %+v", s)
		}
		least = s.Retry
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Sync(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Sync: %v", err)
	}
	r.start()
	s := p.until("all is done", func(s peer.LinkState) bool { return s.Phase == peer.Online && s.Settled == 3 })
	if s.Documents != 3 || s.Err != nil || s.Retry != 0 {
		t.Errorf("online it is %+v", s)
	}
	p.sync()
	p.offline()
	s = p.until("it is over", func(s peer.LinkState) bool { return s.Phase == peer.Offline })
	if s.Documents != 0 || s.Settled != 0 || s.Err != nil || s.Retry != 0 {
		t.Errorf("after Run it is %+v", s)
	}
}

// A link that breaks doesn't make anybody believe that all is done.
func TestSyncAcrossLosses(t *testing.T) {
	r := startRelay(t)
	p := openPeer(t, peer.Config{Relay: r.url()})
	p.online()
	for range 5 {
		r.stop()
		doc := p.create(set("n", 0))
		done := make(chan error, 1)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		go func() { done <- p.Sync(ctx) }()
		r.start()
		if err := next(t, done); err != nil {
			t.Fatal(err)
		}
		cancel()
		if s := status(t, doc); s.State != peer.Synced {
			t.Fatalf("Sync returned, and the document is %s", s.State)
		}
	}
}

// listening is a log that tells of a message at the moment when it is written.
type listening struct {
	slog.Handler
	to   string
	tell func()
}

func (l listening) Handle(_ context.Context, record slog.Record) error {
	if record.Message == l.to {
		l.tell()
	}
	return nil
}

func (l listening) Enabled(context.Context, slog.Level) bool { return true }

// Nor does one that breaks while somebody waits: at no moment there seems to be a
// link, and nothing to be done.
func TestSyncWaitsForTheNextLink(t *testing.T) {
	s := startStrange(t)
	var p *node
	lost := make(chan peer.LinkState, 3)
	log := slog.New(listening{slog.DiscardHandler, "no link to the relay", func() { lost <- next(t, p.Link(t.Context())) }})
	p = openPeer(t, peer.Config{Relay: s.url, Logger: log})
	doc := p.create(set("n", 0))
	p.run()
	done := make(chan error, 1)
	go func() { done <- p.Sync(context.Background()) }()
	for range 3 {
		conn := next(t, s.conns)
		s.hears(doc.ID())
		conn.Abort()
		if state := next(t, lost); state.Phase != peer.Offline || state.Err == nil {
			t.Errorf("the link has just broken, and is %+v", state)
		}
	}
	conn := next(t, s.conns)
	select {
	case err := <-done:
		t.Fatalf("Sync returned %v, and the relay has said nothing yet", err)
	default:
	}
	say(t, conn, saying(doc.ID(), heads(t, doc)))
	if err := next(t, done); err != nil {
		t.Error(err)
	}
}

// One document is waited for like all of them.
func TestSyncOne(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	doc := ada.create(set("n", 0))
	atBob := bob.find(doc.ID())
	for n := range 20 {
		change(t, doc, set("n", n))
		if err := doc.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := status(t, doc); s.State != peer.Synced {
			t.Fatalf("Sync returned, and the document is %s", s.State)
		}
	}
	agree(t, doc, atBob)
	missing, err := bob.Find(t.Context(), crdt.NewDocumentID())
	if !errors.Is(err, peer.ErrUnavailable) {
		t.Fatal(err)
	}
	if err := missing.Sync(t.Context()); !errors.Is(err, peer.ErrUnavailable) {
		t.Errorf("Sync of what isn't there: %v", err)
	}
}
