package hub_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// id returns the document with a number.
func id(n int) docid.ID { return docid.ID{1, 2, 3, 14: byte(n >> 8), 15: byte(n)} }

// closeHeld closes a hub while commits wait for release, and tests that it waits for
// them.
func closeHeld(t *testing.T, h *hub.Hub, release func()) {
	t.Helper()
	closed := make(chan struct{})
	go func() { h.Close(); close(closed) }()
	synctest.Wait()
	select {
	case <-closed:
		t.Error("closed while changes were being appended")
	default:
	}
	release()
	<-closed
}

func TestConvergence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		rng := rand.New(rand.NewPCG(1, 1))
		var peers []*peer
		for i := range 5 {
			peers = append(peers, n.peer(fmt.Sprintf("peer-%d", i)).connect())
		}
		for range 300 {
			p := peers[rng.IntN(len(peers))]
			p.edit(id(rng.IntN(10)))
			if rng.IntN(30) == 0 {
				p.disconnect()
				p.connect()
			}
		}
		for d := range 10 {
			for _, p := range peers {
				p.find(id(d))
			}
		}
		synctest.Wait()
		for d := range 10 {
			n.checkSame(id(d), peers...)
		}
	})
}

func TestUnavailableThenDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		bob := n.peer("bob").connect().find(id(1))
		synctest.Wait()
		if bob.unavailable[id(1)] != 1 {
			t.Errorf("bob was told %d times that there is no such document", bob.unavailable[id(1)])
		}
		n.peer("alice").connect().edit(id(1))
		synctest.Wait()
		n.checkSame(id(1), bob)
	})
}

// TestAnnouncedInVain: heads that somebody made up don't keep others waiting for
// ever.
func TestAnnouncedInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		mallory := n.peer("mallory")
		mallory.pause() // or she would answer honestly
		mallory.connect().claim(id(1), change.Hash{1})
		synctest.Wait()
		bob, carol := n.peer("bob").connect().find(id(1)), n.peer("carol").connect().find(id(1))
		time.Sleep(9 * time.Second) // of the bubble's time
		synctest.Wait()
		if told := bob.unavailable[id(1)]; told != 0 {
			t.Errorf("bob was told %d times that it is unavailable, while it is expected", told)
		}
		carol.disconnect()
		mallory.claim(id(1), change.Hash{2})
		time.Sleep(time.Second)
		synctest.Wait()
		if told := bob.unavailable[id(1)]; told != 1 {
			t.Errorf("bob was told %d times that it is unavailable, after ten seconds", told)
		}
		n.peer("alice").connect().edit(id(1))
		synctest.Wait()
		n.checkSame(id(1), bob)
	})
}

// TestUnknownDocumentsLeaveNothing: asking for what doesn't exist must not fill
// the table.
func TestUnknownDocumentsLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		p := n.peer("alice").connect()
		for i := range 100 {
			p.find(id(i))
		}
		synctest.Wait()
		p.disconnect()
		synctest.Wait()
		if stats := n.hub.Stats(); stats.Documents != 0 || stats.Bytes != 0 {
			t.Errorf("%d documents of %d bytes are left", stats.Documents, stats.Bytes)
		}
	})
}

func TestNothingIsAcknowledgedBeforeItIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.peer("alice").connect(), n.peer("bob").connect().find(id(1))
		release := n.store.hold()
		made := alice.edit(id(1))
		synctest.Wait()
		if slices.Contains(alice.acknowledged[id(1)], made.Hash) {
			t.Error("alice believes that it is durable")
		}
		if len(bob.heads(id(1))) > 0 {
			t.Error("bob has it")
		}
		release()
		synctest.Wait()
		if !slices.Contains(alice.acknowledged[id(1)], made.Hash) {
			t.Error("alice doesn't learn that it is durable")
		}
		n.checkSame(id(1), alice, bob)
	})
}

func TestStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.peer("alice").connect(), n.peer("bob").connect().find(id(1))
		synctest.Wait()
		n.store.fail(errors.New("no space"))
		alice.edit(id(1))
		synctest.Wait()
		n.checkEnded("store")
		n.store.fail(nil)
		alice.disconnect()
		alice.connect()
		synctest.Wait()
		n.checkSame(id(1), alice, bob)
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		var peers []*peer
		for i := range 8 {
			p := n.peer(fmt.Sprintf("peer-%d", i)).connect()
			for d := range 4 {
				p.find(id(d))
			}
			peers = append(peers, p)
		}
		synctest.Wait()
		release := n.store.hold()
		for i, p := range peers {
			p.edit(id(i % 4))
		}
		synctest.Wait()
		closeHeld(t, n.hub, release)
		n.hub.Close() // again does nothing
		for _, p := range peers {
			for d := range 4 {
				checkDurable(t, n, p, id(d))
			}
		}
		n.checkEnded(slices.Repeat([]string{"stopping"}, len(peers))...)
		if err := n.hub.Serve(n.open()); !errors.Is(err, hub.ErrClosed) {
			t.Errorf("served after Close: %v", err)
		}
	})
}

// checkDurable checks that whatever the hub acknowledged is in the store.
func checkDurable(t *testing.T, n *network, p *peer, id docid.ID) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.doc(id).Changes() {
		if slices.Contains(p.acknowledged[id], c.Hash) && !n.store.has(id, c.Bytes()) {
			t.Errorf("%s was told that the store has what it hasn't", p.name)
		}
	}
}

func TestTheSamePeerTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		first := n.peer("alice").connect().find(id(1))
		synctest.Wait()
		second := n.peer("alice").connect()
		second.edit(id(1))
		synctest.Wait()
		n.checkEnded("replaced")
		if len(first.errors) != 1 || !strings.Contains(first.errors[0], "give each its own") {
			t.Errorf("the first was told: %q", first.errors)
		}
		n.checkSame(id(1), second)
		if got := n.hub.Stats().Sessions; got != 1 {
			t.Errorf("%d sessions", got)
		}
	})
}

func TestTooManyDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{SessionDocuments: 3})
		p := n.peer("alice").connect()
		for i := range 3 {
			p.edit(id(i))
		}
		synctest.Wait()
		n.checkEnded()
		p.find(id(3))
		synctest.Wait()
		n.checkEnded("documents")
	})
}

func TestDamagedDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.peer("alice").connect()
		alice.edit(id(1))
		alice.edit(id(2))
		synctest.Wait()
		n.hub.Sweep()
		n.store.damage(id(1), errRot)
		bob := n.peer("bob").connect().find(id(1), id(2))
		alice.edit(id(1))
		alice.edit(id(2))
		synctest.Wait()
		if bob.unavailable[id(1)] == 0 {
			t.Error("bob was not told that the damaged one is unavailable")
		}
		n.checkSame(id(2), alice, bob)
		n.checkEnded()
		n.store.damage(id(1), nil)
		alice.disconnect()
		alice.connect()
		bob.find(id(1))
		synctest.Wait()
		n.checkSame(id(1), alice)
	})
}

// TestUnreadableWhenWriting: what is damaged is found when it is to be sent.
func TestUnreadableWhenWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.peer("alice").connect()
		alice.editSilently(id(1), 400) // more than the tail holds
		alice.find(id(1))
		synctest.Wait()
		n.store.damage(id(1), errRot)
		bob := n.peer("bob").connect().find(id(1))
		synctest.Wait()
		n.checkEnded("store")
		bob.disconnect()
		bob.connect()
		synctest.Wait()
		n.checkEnded()
		if bob.unavailable[id(1)] != 1 {
			t.Errorf("bob was told %d times that it is unavailable", bob.unavailable[id(1)])
		}
	})
}

func TestGreetings(t *testing.T) {
	for want, say := range map[string][]byte{
		"greeting":  wire.Append(nil, wire.Leave{SenderID: "x"}),
		"version":   wire.Append(nil, wire.Join{SenderID: "x", Versions: []string{"7"}}),
		"malformed": {0xff},
		"too_large": make([]byte, socket.FirstLimit+1),
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t, hub.Config{})
				conn := n.open()
				go func() { _ = conn.WriteFrame(say) }()
				drain(conn)
				synctest.Wait()
				n.checkEnded(want)
			})
		})
	}
}

// drain reads until the connection ends.
func drain(conn *socket.Conn) {
	for err := error(nil); err == nil; {
		_, err = conn.ReadFrame()
	}
}

func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		conn := n.open()
		go drain(conn)               // it answers pings meanwhile
		time.Sleep(11 * time.Second) // of the bubble's time
		synctest.Wait()
		n.checkEnded("no_greeting")
	})
}

func TestAnothersName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		p := n.peer("mallory").connect()
		p.name = "alice"
		p.edit(id(1))
		synctest.Wait()
		n.checkEnded("sender")
	})
}
