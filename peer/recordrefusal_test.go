package peer_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/peer"
)

// choosy is a relay that keeps nothing, and refuses one record.
type choosy struct {
	*strange
	refuses atomic.Pointer[wire.NotTaken]
}

func startChoosy(t *testing.T) *choosy {
	s := startStrange(t)
	s.collections = 1
	c := &choosy{strange: s}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var conn *socket.Conn
		var came wire.Cursor
		for {
			select {
			case conn = <-s.conns:
			case m := <-s.heard:
				came = c.answer(conn, m, came)
			case <-t.Context().Done():
				return
			}
		}
	}()
	t.Cleanup(func() { <-done })
	return c
}

// answer answers a message over the newest connection, and returns how far the
// peer's journal has come here.
func (c *choosy) answer(conn *socket.Conn, m wire.Message, came wire.Cursor) wire.Cursor {
	var reply wire.Message
	switch m := m.(type) {
	case wire.Offer:
		reply = wire.Subscribe{Subscription: m.Subscription, Collection: m.Collection, Cursor: &came}
	case wire.Subscribe:
		reply = wire.Page{Subscription: m.Subscription, Number: 1}
	case wire.Page:
		answer := wire.Answer{Subscription: m.Subscription, Page: m.Number}
		refused := c.refuses.Load()
		for _, d := range m.Documents {
			if refused != nil && d.Document == refused.Document {
				answer.Refused = append(answer.Refused, *refused)
			}
		}
		reply, came = answer, m.To
	default:
		return came
	}
	_ = conn.WriteFrame(wire.Append(nil, reply)) // it may have ended
	return came
}

// What the relay refuses is shown, and why, and stays so while more is written;
// other records don't wait for it. What was refused for a while is offered again
// with the next link.
func TestRecordsRefused(t *testing.T) {
	relay, dir := startChoosy(t), t.TempDir()
	ann := openPeer(t, peer.Config{Path: dir, Relay: relay.url})
	anns := employees(t, ann)
	bad, good := made(t, anns, employee{Name: "Bad"}), made(t, anns, employee{Name: "Good"})
	relay.refuses.Store(&wire.NotTaken{Document: bad, Reason: "quota"})
	ann.online()
	check := func() {
		t.Helper()
		stands(t, ann, anns, bad, peer.Refused)
		stands(t, ann, anns, good, peer.Synced)
		tally(t, anns, peer.Counts{Records: 2, Refused: 1})
		for item, err := range ann.Pending(t.Context()) {
			if err != nil || item.ID != bad || item.State != peer.Refused || item.Reason != "quota" {
				t.Errorf("pending is %+v, %v", item, err)
			}
		}
	}
	check()
	for _, id := range []crdt.DocumentID{bad, good} {
		if err := anns.Update(t.Context(), id, func(e *employee) error { e.Age = 40; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	soon(t, anns.Push)
	check()
	soon(t, ann.Sync)
	ann.close()

	ann = openPeer(t, peer.Config{Path: dir, Relay: relay.url})
	anns = employees(t, ann)
	check()
	ann.online()
	soon(t, ann.Sync)
	check()
	ann.offline()
	relay.refuses.Store(nil)
	ann.online()
	stands(t, ann, anns, bad, peer.Synced)
	tally(t, anns, peer.Counts{Records: 2})
	if owed := fmt.Sprint(owes(t, anns)); owed != "[]" {
		t.Errorf("pending are %s", owed)
	}
}

// A relay that doesn't want to know a collection says why, and whoever waits hears
// of it.
func TestCollectionDeclined(t *testing.T) {
	s := startStrange(t)
	s.collections = 1
	ann := openPeer(t, peer.Config{Relay: s.url})
	anns := employees(t, ann)
	made(t, anns, employee{Name: "Ada"})
	ann.run()
	conn := next(t, s.conns)
	for {
		if offer, ok := next(t, s.heard).(wire.Offer); ok {
			say(t, conn, wire.Unsubscribe{Subscription: offer.Subscription, Reason: "taken"})
			break
		}
	}
	fails(t, anns.Push(t.Context()), peer.ErrCollection, "taken", "1 record is left")
	fails(t, ann.Sync(t.Context()), peer.ErrCollection, "taken")
}

// What was refused for a while, of a collection that is pushed by hand, is offered
// again when it is pushed again.
func TestRefusedRecordIsPushedAgain(t *testing.T) {
	relay := startChoosy(t)
	ann := openPeer(t, peer.Config{Relay: relay.url})
	anns := employees(t, ann, peer.ManualPush())
	id := made(t, anns, employee{Name: "Ada"})
	relay.refuses.Store(&wire.NotTaken{Document: id, Reason: "disk"})
	ann.online()
	soon(t, anns.Push)
	stands(t, ann, anns, id, peer.Refused)
	soon(t, anns.Push)
	stands(t, ann, anns, id, peer.Refused)
	relay.refuses.Store(nil)
	soon(t, anns.Push)
	stands(t, ann, anns, id, peer.Synced)
}
