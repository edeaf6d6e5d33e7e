package peer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// Everything works without a relay, and is there after the directory was
// closed and opened again.
func TestOffline(t *testing.T) {
	dir := t.TempDir()
	p := openPeer(t, peer.Config{Path: dir})
	doc := p.create(set("title", "Notes", "n", 1))
	change(t, doc, set("n", 2, "done", true))
	want := fmt.Sprint(read(t, doc))
	before := heads(t, doc)
	if s := status(t, doc); s.State != peer.Pending {
		t.Errorf("offline, the document is %s", s.State)
	}
	p.close()

	p = openPeer(t, peer.Config{Path: dir})
	same := p.find(doc.ID())
	if got := fmt.Sprint(read(t, same)); got != want {
		t.Errorf("after opening again it says %s, not %s", got, want)
	}
	if !slices.Equal(heads(t, same), before) {
		t.Error("it has other heads")
	}
	change(t, same, set("n", 3))
	var listed []crdt.DocumentID
	for d, err := range p.Documents(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, d.ID())
	}
	if !slices.Equal(listed, []crdt.DocumentID{doc.ID()}) {
		t.Errorf("listed are %v", listed)
	}
}

// A document that arrives while the documents are listed is listed, once.
func TestListedWhileItArrives(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	coming := ada.create(set("n", 1)).ID()
	ada.sync()
	if _, err := bob.Find(cancelled(t), coming); !errors.Is(err, peer.ErrNotHere) {
		t.Fatal(err)
	}
	last := coming
	for bytes.Compare(last[:], coming[:]) <= 0 { // so that the list has passed by what comes
		last = bob.create(nil).ID()
	}
	times := 0
	for doc, err := range bob.Documents(t.Context()) {
		switch {
		case err != nil:
			t.Fatal(err)
		case doc.ID() == coming:
			times++
		case doc.ID() == last:
			bob.online()
			bob.find(coming)
		}
	}
	if times != 1 {
		t.Errorf("it is listed %d times", times)
	}
}

// Two peers that were offline, both writing, agree when they meet.
func TestMeet(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	atAda := ada.create(set("text", "Dear geese", "count", crdt.Counter(1)))
	ada.online()
	bob.online()
	atBob := bob.find(atAda.ID())
	agree(t, atAda, atBob)

	ada.offline()
	bob.offline()
	change(t, atAda, func(root crdt.Map) error {
		text := root.Get("text").Text()
		return errors.Join(text.Append("!"), root.Increment("count", 2))
	})
	change(t, atBob, func(root crdt.Map) error {
		text := root.Get("text").Text()
		return errors.Join(text.Splice(5, 5, "godwits"), root.Increment("count", 3))
	})
	if s := status(t, atAda); s.State != peer.Pending {
		t.Errorf("changed offline, it is %s", s.State)
	}
	ada.online()
	bob.online()
	got := agree(t, atAda, atBob)
	if got["text"] != "Dear godwits!" || fmt.Sprint(got["count"]) != "6" {
		t.Errorf("they agree on %v", got)
	}
	reaches(t, atAda, peer.Synced)
	reaches(t, atBob, peer.Synced)
}

// Find tells apart what isn't here yet, what the relay doesn't have, and what
// is here; and what turns up later is delivered.
func TestFind(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	atAda := ada.create(set("title", "Late"))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	atBob, err := bob.Find(ctx, atAda.ID())
	if !errors.Is(err, peer.ErrNotHere) || !errors.Is(err, context.Canceled) {
		t.Fatalf("offline: %v", err)
	}
	if s := status(t, atBob); s.State != peer.NotHere {
		t.Errorf("offline, it is %s", s.State)
	}
	bob.online()
	if atBob, err = bob.Find(t.Context(), atAda.ID()); !errors.Is(err, peer.ErrUnavailable) {
		t.Fatalf("with a relay that doesn't have it: %v", err)
	}
	if s := status(t, atBob); s.State != peer.Unavailable {
		t.Errorf("with a relay that doesn't have it, it is %s", s.State)
	}
	if err := atBob.View(t.Context(), nil); !errors.Is(err, peer.ErrUnavailable) {
		t.Errorf("View: %v", err)
	}
	ada.online()
	reaches(t, atBob, peer.Synced)
	if err := atBob.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	agree(t, atAda, atBob)
}

// What is looked for is remembered, and comes when the relay has it.
func TestFindSurvives(t *testing.T) {
	r := startRelay(t)
	ada := openPeer(t, peer.Config{Relay: r.url()})
	doc := ada.create(set("title", "Hello"))
	dir := t.TempDir()
	bob := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bob.Find(ctx, doc.ID()); !errors.Is(err, peer.ErrNotHere) {
		t.Fatal(err)
	}
	bob.close()
	ada.online()
	reaches(t, doc, peer.Synced)

	bob = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	atBob, err := bob.Document(doc.ID())
	if err != nil {
		t.Fatal(err)
	}
	bob.online()
	reaches(t, atBob, peer.Synced)
	agree(t, doc, atBob)
}

// The relay goes away, both go on, it comes back, and all is as it should be.
func TestRelayVanishes(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	atAda := ada.create(set("n", 0))
	atBob := bob.find(atAda.ID())
	r.stop()
	ada.until("the link is lost", func(s peer.LinkState) bool { return s.Phase == peer.Offline && s.Err != nil })
	for n := range 10 {
		change(t, atAda, set("n", n, fmt.Sprint("a", n), n))
		change(t, atBob, set(fmt.Sprint("b", n), n))
	}
	r.start()
	reaches(t, atAda, peer.Synced)
	reaches(t, atBob, peer.Synced)
	if got := agree(t, atAda, atBob); len(got) != 21 {
		t.Errorf("they agree on %v", got)
	}
}

// A status is known again after a restart, without a link.
func TestStatusSurvives(t *testing.T) {
	r := startRelay(t)
	dir := t.TempDir()
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	synced, pending := p.create(set("a", 1)), p.create(set("b", 1))
	p.online()
	reaches(t, synced, peer.Synced)
	reaches(t, pending, peer.Synced)
	p.offline()
	change(t, pending, set("b", 2))
	p.close()

	p = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	if s := status(t, p.find(synced.ID())); s.State != peer.Synced {
		t.Errorf("what was synced is %s", s.State)
	}
	if s := status(t, p.find(pending.ID())); s.State != peer.Pending {
		t.Errorf("what was pending is %s", s.State)
	}
	p.online()
	p.sync()
	if s := status(t, p.find(pending.ID())); s.State != peer.Synced {
		t.Errorf("after Sync it is %s", s.State)
	}
}

// A forgotten document is gone, is not brought back by the relay, and can be
// found and changed again.
func TestForget(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	atAda := ada.create(set("n", 1))
	atBob := bob.find(atAda.ID())
	change(t, atBob, set("bob", 1))
	agree(t, atAda, atBob)
	bob.offline()
	change(t, atBob, set("bob", 2)) // which nobody will ever see

	if err := bob.Forget(t.Context(), atBob.ID()); err != nil {
		t.Fatal(err)
	}
	if err := atBob.View(t.Context(), func(crdt.Map) error { return nil }); !errors.Is(err, peer.ErrUnknown) {
		t.Errorf("View of a forgotten document: %v", err)
	}
	if _, err := bob.Document(atBob.ID()); !errors.Is(err, peer.ErrUnknown) {
		t.Errorf("Document: %v", err)
	}
	bob.online()
	change(t, atAda, set("n", 2))
	other := ada.create(set("other", true))
	bob.find(other.ID()) // by when the first would have come, too
	for d, err := range bob.Documents(t.Context()) {
		if err != nil || d.ID() == atAda.ID() {
			t.Fatalf("listed is %s, %v", d.ID(), err)
		}
	}

	again := bob.find(atAda.ID())
	agree(t, atAda, again)
	change(t, again, set("bob", 3))
	reaches(t, again, peer.Synced)
	if got := agree(t, atAda, again); fmt.Sprint(got["bob"]) != "3" {
		t.Errorf("they agree on %v", got)
	}
}

// Whatever a change function does wrong, nothing of it remains.
func TestChangeRollsBack(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	doc := p.create(set("n", 1))
	before := heads(t, doc)
	mine := errors.New("changed my mind")
	err := doc.Change(t.Context(), func(root crdt.Map) error { return errors.Join(set("n", 2)(root), mine) })
	if !errors.Is(err, mine) {
		t.Errorf("Change returned %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = doc.Change(t.Context(), func(root crdt.Map) error { _ = set("n", 3)(root); panic("oh") })
	}()
	if err := doc.Change(t.Context(), func(crdt.Map) error { return nil }); err != nil {
		t.Errorf("a change of nothing: %v", err)
	}
	if !slices.Equal(heads(t, doc), before) || fmt.Sprint(read(t, doc)["n"]) != "1" {
		t.Errorf("it says %v", read(t, doc))
	}
	change(t, doc, set("n", 4))
	if fmt.Sprint(read(t, doc)["n"]) != "4" {
		t.Errorf("it says %v", read(t, doc))
	}
}

// With no room on the disk, changes are refused, nothing is lost, and what is
// there can be read.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	p := openPeer(t, peer.Config{Path: dir})
	doc := p.create(set("n", 1))
	p.close()
	p = openPeer(t, peer.Config{Path: dir, Reserve: 1 << 60})
	doc = p.find(doc.ID())
	if err := doc.Change(t.Context(), set("n", 2)); !errors.Is(err, storage.ErrDiskFull) {
		t.Errorf("Change: %v", err)
	}
	if _, err := p.Create(t.Context(), set("n", 1)); !errors.Is(err, storage.ErrDiskFull) {
		t.Errorf("Create: %v", err)
	}
	if got := fmt.Sprint(read(t, doc)["n"]); got != "1" {
		t.Errorf("n is %s", got)
	}
	p.close()
	p = openPeer(t, peer.Config{Path: dir})
	doc = p.find(doc.ID())
	change(t, doc, set("n", 2))
	if got := fmt.Sprint(read(t, doc)["n"]); got != "2" {
		t.Errorf("n is %s", got)
	}
}
