package peer_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// sees waits until a presence has others just as they should be.
func sees(tb testing.TB, who *peer.Presence, want string) {
	tb.Helper()
	deadline := time.After(patience)
	for {
		got := ""
		for _, o := range who.Others() {
			got += fmt.Sprintf("%s:%v ", o.Peer, o.State)
		}
		if got == want {
			return
		}
		select {
		case <-who.Changed():
		case <-deadline:
			tb.Fatalf("seen are %q, not %q", got, want)
		}
	}
}

// Who has a document open sees the others, what they show, that they come back
// after they were away, and that they leave.
func TestPresence(t *testing.T) {
	r := startRelay(t)
	ada := openPeer(t, peer.Config{Relay: r.url(), PeerID: "ada"})
	bob := openPeer(t, peer.Config{Relay: r.url(), PeerID: "bob"})
	ada.online()
	doc := ada.create(set("n", 1))
	adas, err := doc.Presence(t.Context(), map[string]any{"name": "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	bob.online()
	bobs, err := bob.find(doc.ID()).Presence(t.Context(), map[string]any{"name": "Bob"})
	if err != nil {
		t.Fatal(err)
	}
	sees(t, adas, "bob:map[name:Bob] ")
	sees(t, bobs, "ada:map[name:Ada] ")
	if err := adas.Set("cursor", 7); err != nil {
		t.Fatal(err)
	}
	sees(t, bobs, "ada:map[cursor:7 name:Ada] ")

	ada.offline()
	if err := adas.Set("cursor", 8); err != nil {
		t.Fatal(err)
	}
	ada.online()
	sees(t, bobs, "ada:map[cursor:8 name:Ada] ")
	r.stop()
	r.start()
	if err := bobs.Set("name", "Robert"); err != nil { // before or after he is back
		t.Fatal(err)
	}
	sees(t, adas, "bob:map[name:Robert] ")
	sees(t, bobs, "ada:map[cursor:8 name:Ada] ")

	bob.close()
	sees(t, adas, "")
	ended(t, bobs.Changed())
	if err := bobs.Set("name", "Bobby"); err == nil {
		t.Error("set after the end")
	}
}

// Those who leave say so when their context ends, or when their peer is closed.
func TestGoodbye(t *testing.T) {
	r := startRelay(t)
	ada := openPeer(t, peer.Config{Relay: r.url(), PeerID: "ada"})
	ada.online()
	doc := ada.create(set("n", 1))
	reaches(t, doc, peer.Synced)
	adas, err := doc.Presence(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		bob := openPeer(t, peer.Config{Relay: r.url(), PeerID: "bob"})
		bob.online()
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := bob.find(doc.ID()).Presence(ctx, map[string]any{"n": n}); err != nil {
			t.Fatal(err)
		}
		sees(t, adas, fmt.Sprintf("bob:map[n:%d] ", n))
		if n%2 == 0 {
			cancel()
			sees(t, adas, "")
		}
		if err := bob.Close(); err != nil { // while the link stands
			t.Error(err)
		}
		sees(t, adas, "")
		cancel()
	}
}

// What is broadcast is heard by the others, in order and once, and by nobody who
// isn't there.
func TestMessages(t *testing.T) {
	r := startRelay(t)
	ada := openPeer(t, peer.Config{Relay: r.url(), PeerID: "ada"})
	bob := openPeer(t, peer.Config{Relay: r.url(), PeerID: "bob"})
	ada.online()
	bob.online()
	doc := ada.create(set("n", 1))
	reaches(t, doc, peer.Synced)
	atBob := bob.find(doc.ID())
	heard, own := atBob.Messages(t.Context()), doc.Messages(t.Context())
	if _, err := doc.Presence(t.Context(), nil); err != nil { // which is none of a message's business
		t.Fatal(err)
	}
	session := ""
	for n := range 20 {
		if err := doc.Broadcast(map[string]any{"n": n}); err != nil {
			t.Fatal(err)
		}
		m := next(t, heard)
		if fmt.Sprint(m.Value) != fmt.Sprintf("map[n:%d]", n) || m.From != "ada" || session != "" && m.Session != session {
			t.Fatalf("after message %d Bob hears %+v", n, m)
		}
		session = m.Session
	}
	bob.offline()
	carol := openPeer(t, peer.Config{Relay: r.url(), PeerID: "carol"})
	carol.online()
	witness := carol.find(doc.ID()).Messages(t.Context())
	if err := doc.Broadcast("lost"); err != nil {
		t.Fatal(err)
	}
	if m := next(t, witness); m.Value != "lost" { // so the relay has passed it on before Bob is back
		t.Fatalf("Carol hears %+v", m)
	}
	if err := atBob.Broadcast("lost, too"); err != nil {
		t.Fatal(err)
	}
	bob.online()
	reaches(t, atBob, peer.Synced)
	bob.sync()
	if err := doc.Broadcast("again"); err != nil {
		t.Fatal(err)
	}
	if m := next(t, heard); m.Value != "again" {
		t.Errorf("back again, Bob hears %+v", m)
	}
	if err := atBob.Broadcast("hello"); err != nil {
		t.Fatal(err)
	}
	if m := next(t, own); m.Value != "hello" || m.From != "bob" {
		t.Errorf("Ada hears %+v", m)
	}
	if err := doc.Broadcast(make(chan int)); err == nil {
		t.Error("broadcast a channel")
	}
	ada.close()
	ended(t, own)
}

// For a reader that is slow the oldest messages are dropped.
func TestMessagesSlowly(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	doc := ada.create(set("n", 1))
	reaches(t, doc, peer.Synced)
	atBob := bob.find(doc.ID())
	slow, quick := atBob.Messages(t.Context()), atBob.Messages(t.Context())
	const many = 200
	for n := range many {
		if err := doc.Broadcast(n); err != nil {
			t.Fatal(err)
		}
		if m := next(t, quick); m.Value != int64(n) {
			t.Fatalf("after %d comes %v", n, m.Value)
		}
	}
	count := 0
	for next(t, slow).Value != int64(many-1) {
		count++
	}
	if count >= many/2 {
		t.Errorf("%d messages waited", count)
	}
}

// What waits for a reader takes no more memory than it took to send, however
// much its sender can make of few bytes.
func TestMessagesTakeLittle(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	bob.online()
	doc := ada.create(set("n", 1))
	reaches(t, doc, peer.Synced)
	atBob := bob.find(doc.ID())
	slow, quick := atBob.Messages(t.Context()), atBob.Messages(t.Context())
	large := make([]any, 60<<10)
	for i := range large {
		large[i] = []any{}
	}
	before := heap()
	for range 60 {
		if err := doc.Broadcast(large); err != nil {
			t.Fatal(err)
		}
		next(t, quick)
	}
	if grown := heap() - before; grown > 32<<20 {
		t.Errorf("60 messages of 60 KiB take %d MiB", grown>>20)
	}
	for range 60 {
		if m := next(t, slow); len(m.Value.([]any)) != len(large) {
			t.Fatalf("Bob hears %d", len(m.Value.([]any)))
		}
	}
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// Who shows a cursor that never rests doesn't hold up those who look for the
// document meanwhile, nor what the relay says about it.
func TestPresenceWhileLookingFor(t *testing.T) {
	r := startRelay(t)
	ada := openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	id := crdt.NewDocumentID()
	doc, err := ada.Find(t.Context(), id)
	if !errors.Is(err, peer.ErrUnavailable) {
		t.Fatal(err)
	}
	adas, err := doc.Presence(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var everybody sync.WaitGroup
	var found atomic.Int64
	for range 4 {
		everybody.Go(func() {
			for found.Load() < 600 {
				if _, err := ada.Find(t.Context(), id); !errors.Is(err, peer.ErrUnavailable) {
					t.Error(err)
					return
				}
				found.Add(1)
			}
		})
	}
	everybody.Go(func() {
		for n := 0; found.Load() < 600 && !t.Failed(); n++ {
			if err := adas.Set("cursor", n); err != nil {
				t.Error(err)
			}
		}
	})
	everybody.Wait()
}
