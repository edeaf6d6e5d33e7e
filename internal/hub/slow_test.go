package hub_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/godwit-sync/godwit/internal/hub"
)

// TestSlowReader: a peer that doesn't read holds up nobody, is owed documents
// and no messages, and catches up with few when it reads again.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.peer("alice").connect(), n.peer("bob").connect()
		slow := n.peer("slow").connect()
		for _, p := range []*peer{alice, bob, slow} {
			p.find(id(1), id(2))
		}
		synctest.Wait()
		resume := slow.pause()
		alice.edit(id(1)) // the one that slow's reader waits for already
		synctest.Wait()
		for range 100 {
			alice.edit(id(1))
			bob.edit(id(2))
			synctest.Wait()
		}
		n.checkSame(id(1), alice, bob)
		n.checkSame(id(2), alice, bob)
		before := slow.syncs
		resume()
		synctest.Wait()
		n.checkSame(id(1), slow)
		n.checkSame(id(2), slow)
		if got := slow.syncs - before; got > 6 {
			t.Errorf("%d messages for what 200 edits made", got)
		}
	})
}

// TestSlowListener: of what is said while a peer doesn't read, it hears the
// newest, and the rest is counted.
func TestSlowListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob := n.peer("alice").connect(), n.peer("bob").connect()
		slow := n.peer("slow").connect()
		for _, p := range []*peer{alice, bob, slow} {
			p.find(id(1))
		}
		synctest.Wait()
		resume := slow.pause()
		const said = 3 * hub.MaxWhispers
		for i := range said {
			alice.whisper(id(1), fmt.Sprint(i))
			synctest.Wait()
		}
		if len(bob.whispers) != said {
			t.Errorf("bob heard %d of %d", len(bob.whispers), said)
		}
		resume()
		synctest.Wait()
		heard, dropped := len(slow.whispers), n.seen.of(&n.seen.dropped, "slow")
		if heard+dropped != said || heard < hub.MaxWhispers {
			t.Errorf("%d heard and %d dropped of %d", heard, dropped, said)
		}
		for i, w := range slow.whispers[heard-hub.MaxWhispers:] {
			if want := fmt.Sprint(said - hub.MaxWhispers + i); string(w.Data) != want {
				t.Fatalf("heard %s where %s was due", w.Data, want)
			}
		}
	})
}

// TestWhispers: they go to all others, as their sender's, once.
func TestWhispers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, bob, eve := n.peer("alice").connect(), n.peer("bob").connect(), n.peer("eve").connect()
		alice.find(id(1))
		bob.find(id(1))
		eve.find(id(2))
		synctest.Wait()
		alice.whisper(id(1), "hello")
		synctest.Wait()
		if len(bob.whispers) != 1 || len(alice.whispers)+len(eve.whispers) != 0 {
			t.Fatalf("alice, bob and eve heard %d, %d, %d", len(alice.whispers), len(bob.whispers), len(eve.whispers))
		}
		heard := bob.whispers[0]
		if heard.SenderID != "alice" || heard.TargetID != "bob" || string(heard.Data) != "hello" {
			t.Errorf("bob heard %+v", heard)
		}
		bob.mu.Lock()
		bob.send(heard) // as JavaScript does
		bob.mu.Unlock()
		alice.spoken-- // said again
		alice.whisper(id(1), "hello")
		synctest.Wait()
		if len(bob.whispers) != 1 || len(alice.whispers) != 0 {
			t.Errorf("heard again: %d by bob, %d by alice", len(bob.whispers), len(alice.whispers))
		}
		alice.whisper(id(3), "not open")
		alice.whisper(id(1), string(make([]byte, 65<<10)))
		synctest.Wait()
		if len(bob.whispers) != 1 || n.seen.of(&n.seen.dropped, "not_open") != 1 || n.seen.of(&n.seen.dropped, "too_large") != 1 {
			t.Errorf("dropped: %v", n.seen.dropped)
		}
	})
}

// TestWhispersDontStarveDocuments: while ephemeral messages wait, documents get
// their turns.
func TestWhispersDontStarveDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, slow := n.peer("alice").connect().find(id(1)), n.peer("slow").connect().find(id(1))
		synctest.Wait()
		resume := slow.pause()
		for range hub.MaxWhispers {
			alice.whisper(id(1), "hello")
			synctest.Wait()
		}
		alice.edit(id(1))
		synctest.Wait()
		order := slow.record()
		resume()
		synctest.Wait()
		if at := slices.Index(*order, "sync"); at < 0 || at > 4 {
			t.Errorf("the change came as number %d of %d", at, len(*order))
		}
	})
}

// TestUnreadSessionEnds: a peer that reads nothing at all is given up after a
// time, together with what was owed to it.
func TestUnreadSessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, slow := n.peer("alice").connect().find(id(1)), n.peer("slow").connect().find(id(1))
		synctest.Wait()
		resume := slow.pause()
		for range 3 {
			alice.edit(id(1))
			synctest.Wait()
		}
		n.checkEnded("not_reading")
		resume()
		n.checkSame(id(1), alice)
		alice.edit(id(1))
		synctest.Wait()
		n.checkSame(id(1), alice)
	})
}

// TestOutgoingIsBounded: those who find no room for a long message get short
// ones, and aren't held up by those who don't read theirs.
func TestOutgoingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const message = 1 << 20
		n := newNetwork(t, hub.Config{MessageBytes: message, OutgoingBytes: message + hub.SmallLetter})
		alice := n.peer("alice").connect()
		alice.editSilently(id(1), 3000)
		alice.find(id(1))
		synctest.Wait()
		slow := n.peer("slow").connect()
		resume := slow.pause()
		slow.find(id(1))
		synctest.Wait() // it takes one frame that it waits for, and then has one in the pipe
		bob := n.peer("bob").connect().find(id(1))
		synctest.Wait()
		n.checkSame(id(1), bob)
		resume()
		synctest.Wait()
		n.checkSame(id(1), slow)
	})
}

// TestOwedWhileUnloaded: a document that was unloaded while a peer didn't read
// is loaded when it does.
func TestOwedWhileUnloaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice, slow := n.peer("alice").connect().find(id(1), id(2)), n.peer("slow").connect().find(id(1), id(2))
		synctest.Wait()
		resume := slow.pause()
		for range 3 {
			alice.edit(id(1))
			alice.edit(id(2))
			synctest.Wait()
		}
		n.hub.Sweep()
		loads := n.store.loads.Load()
		resume()
		synctest.Wait()
		n.checkSame(id(1), slow)
		n.checkSame(id(2), slow)
		if n.store.loads.Load() == loads {
			t.Error("nothing had to be loaded")
		}
	})
}

// record makes the peer note the kinds of what comes from now on.
func (p *peer) record() *[]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kinds = new([]string)
	return p.kinds
}
