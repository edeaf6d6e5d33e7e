package peer_test

import (
	"context"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/peer"
)

// Whatever syncs while Run doesn't run has a link for as long as that takes.
func TestSyncWithoutRun(t *testing.T) {
	relay := startRelay(t)
	ann, bob := openPeer(t, peer.Config{Relay: relay.url()}), openPeer(t, peer.Config{Relay: relay.url()})
	anns, bobs := employees(t, ann), employees(t, bob)
	id := made(t, anns, employee{Name: "Ada"})
	soon(t, anns.Push)
	soon(t, bobs.Pull)
	if got := get(t, bobs, id); got.Name != "Ada" {
		t.Errorf("it is %v", got)
	}
	note := ann.create(set("title", "Notes"))
	soon(t, note.Sync)
	made(t, bobs, employee{Name: "Bob"})
	soon(t, bobs.Resync)
	soon(t, ann.Sync)
	counts(t, anns, 2)
	for _, p := range []*node{ann, bob} {
		if s := next(t, p.Link(t.Context())); s.Phase != peer.Offline || s.Err != nil {
			t.Errorf("the link is %+v", s)
		}
	}
	ann.online()
}

// The link is one, whoever needs it: Run takes it over from who syncs, and the other
// way around.
func TestRunAndSyncShareALink(t *testing.T) {
	relay := startRelay(t)
	relay.stop()
	p := openPeer(t, peer.Config{Relay: relay.url()})
	records := employees(t, p)
	made(t, records, employee{Name: "Ada"})
	tried := func(s peer.LinkState) bool { return s.Err != nil }

	ctx, giveUp := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Sync(ctx) }()
	p.until("it tries to link", tried)
	p.run()
	giveUp()
	fails(t, next(t, done), context.Canceled)
	go func() { done <- p.Sync(t.Context()) }()
	p.offline()
	relay.start()
	if err := next(t, done); err != nil {
		t.Fatal(err)
	}
	if owed := owes(t, records); len(owed) > 0 {
		t.Errorf("pending are %s", owed)
	}
}

// Who can't sync learns why there is no link, and nothing of what isn't left.
func TestWhyNothingSyncs(t *testing.T) {
	relay := startRelay(t)
	relay.stop()
	p := openPeer(t, peer.Config{Relay: relay.url()})
	records := employees(t, p)
	for _, do := range []func(context.Context) error{p.Sync, records.Pull, records.Sync, p.create(nil).Sync} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for s := range p.Link(ctx) {
				if s.Err != nil {
					cancel()
				}
			}
		}()
		err := do(ctx)
		fails(t, err, context.Canceled, "connect to the relay")
		if strings.Contains(err.Error(), "0 ") {
			t.Errorf("it says %q", err)
		}
	}
}

// What comes after Close is told that, whatever else is missing.
func TestClosedBeforeAll(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	records, doc := employees(t, p), p.create(nil)
	p.close()
	for _, do := range []func(context.Context) error{p.Run, p.Sync, doc.Sync, records.Push, records.Pull, records.Sync} {
		fails(t, do(t.Context()), peer.ErrClosed)
	}
}
