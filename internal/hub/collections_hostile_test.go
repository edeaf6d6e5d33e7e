package hub_test

import (
	"context"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// stranger speaks of collections, and says what it likes.
type stranger struct {
	t    *testing.T
	conn *socket.Conn
}

// stranger greets a station under the name of some store.
func (s *station) stranger(t *testing.T, name string) *stranger {
	t.Helper()
	conn, err := socket.Dial(context.Background(), s.url, socket.Options{ReadLimit: socket.FrameLimit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Abort)
	x := &stranger{t, conn}
	x.say(wire.Join{SenderID: "stranger", Versions: []string{wire.Version}, Metadata: wire.Metadata{
		StorageID: name, Godwit: &wire.Extension{Version: 1, Collections: 1},
	}})
	if _, ok := x.hear().(wire.Peer); !ok {
		t.Fatal("no greeting")
	}
	return x
}

func (x *stranger) say(messages ...wire.Message) {
	for _, m := range messages {
		if err := x.conn.WriteFrame(wire.Append(nil, m)); err != nil {
			return // it has been closed
		}
	}
}

// hear returns the next message; nil when the connection has ended.
func (x *stranger) hear() wire.Message {
	frame, err := x.conn.ReadFrame()
	if err != nil {
		return nil
	}
	defer frame.Release()
	m, err := wire.Decode(frame.Bytes)
	if err != nil {
		x.t.Fatal(err)
	}
	return m
}

// TestCollectionStrangers: what nobody may say ends the connection that says it, and
// nothing else.
func TestCollectionStrangers(t *testing.T) {
	relay := newStation(t, "relay", "").serve()
	relay.fill(staff, 0, 20, 100)
	id, head := record(staff, 100), []change.Hash{{1}}
	offer := wire.Offer{Subscription: 1, Collection: staff}
	subscribe := wire.Subscribe{Subscription: 1, Collection: staff}
	page := func(number uint64, documents ...wire.Announced) wire.Page {
		return wire.Page{Subscription: 1, Number: number, Left: 1, Documents: documents}
	}
	waiting := []wire.Message{offer}
	for n := range uint64(replica.CatchUpWindow + 1) {
		waiting = append(waiting, page(n+1, wire.Announced{Document: id, Heads: head}))
	}
	for what, say := range map[string][]wire.Message{
		"a number again":             {offer, offer},
		"an earlier number":          {wire.Offer{Subscription: 2, Collection: "x"}, subscribe},
		"a page of another number":   {offer, page(2)},
		"another collection":         {offer, page(1, wire.Announced{Document: record("x", 1), Heads: head})},
		"a document without heads":   {offer, page(1, wire.Announced{Document: id})},
		"a document twice":           {offer, page(1, wire.Announced{Document: id, Heads: head}, wire.Announced{Document: id, Heads: head})},
		"no chunks":                  {offer, page(1, wire.Announced{Document: id, Heads: head, Changes: []byte("x")})},
		"what nobody wants":          {offer, page(0, wire.Announced{Document: id, Heads: head})},
		"more pages than are heard":  waiting,
		"an answer to no page":       {subscribe, wire.Answer{Subscription: 1, Page: 99}},
		"a want of another's":        {subscribe, wire.Want{Subscription: 1, Documents: []wire.Wanted{{Document: record("x", 1)}}}},
		"a want of a plain document": {subscribe, wire.Want{Subscription: 1, Documents: []wire.Wanted{{Document: docid.New()}}}},
	} {
		x := relay.stranger(t, "stranger")
		x.say(say...)
		for x.hear() != nil { // or the test never ends
			t.Log(what)
		}
	}
	peer := newStation(t, "peer", "")
	peer.join(relay.url, staff)
	peer.caughtUp(staff)
	sameDocuments(t, staff, peer, relay)
}

// TestCollectionWithoutAnswers: who doesn't answer gets what may be unanswered, and
// no more, and what it never asked for can't be wanted for ever.
func TestCollectionWithoutAnswers(t *testing.T) {
	relay := newStation(t, "relay", "").serve()
	relay.fill(staff, 0, 3000, 100)
	x := relay.stranger(t, "stranger")
	x.say(wire.Subscribe{Subscription: 1, Collection: staff})
	for n := range replica.CatchUpWindow {
		m := x.hear()
		if page, ok := m.(wire.Page); !ok || page.Number != uint64(n+1) || page.Live {
			t.Fatalf("page %d is %+v", n+1, m)
		}
	}
	relay.edit(record(staff, 5000))
	if page, ok := x.hear().(wire.Page); !ok || !page.Live {
		t.Fatalf("after %d pages that are not answered: %+v", replica.CatchUpWindow, page)
	}
	want := wire.Want{Subscription: 1}
	for n := range wire.MaxDocuments {
		want.Documents = append(want.Documents, wire.Wanted{Document: record(staff, n)})
	}
	go func() {
		for range 1000 {
			x.say(want)
		}
	}()
	served := 0
	for m := x.hear(); m != nil; m = x.hear() {
		if page, ok := m.(wire.Page); ok {
			served += len(page.Documents)
		}
	}
	t.Logf("%d wants were served before the connection was ended", served)
}

// TestCollectionForgedStore: somebody greets with the name of a peer's store, and
// moves its cursor at the relay. The peer's documents get there all the same.
func TestCollectionForgedStore(t *testing.T) {
	relay, peer := newStation(t, "relay", "").serve(), newStation(t, "peer", "")
	peer.fill(staff, 0, 50, 100)
	x := relay.stranger(t, peer.storage())
	x.say(wire.Offer{Subscription: 1, Collection: staff})
	if _, ok := x.hear().(wire.Subscribe); !ok {
		t.Fatal("no subscription")
	}
	x.say(wire.Page{Subscription: 1, Number: 1, To: wire.Cursor{Sequence: uint64(peer.store.LastSeq())}})
	if m, ok := x.hear().(wire.Answer); !ok {
		t.Fatalf("%+v", m)
	}
	x.conn.Abort()
	peer.join(relay.url, staff)
	peer.caughtUp(staff)
	sameDocuments(t, staff, peer, relay)
}

// TestCollectionSameStore: what comes from somebody who greets with the name of a
// peer's store reaches that peer, though the log names it as the origin.
func TestCollectionSameStore(t *testing.T) {
	relay, peer := newStation(t, "relay", "").serve(), newStation(t, "peer", "")
	peer.join(relay.url, staff)
	peer.caughtUp(staff)
	x := relay.stranger(t, peer.storage())
	made := sized("stranger", 10)
	x.say(wire.Offer{Subscription: 1, Collection: staff}, wire.Page{
		Subscription: 1, Number: 1, Left: 1,
		Documents: []wire.Announced{{Document: record(staff, 1), Heads: []change.Hash{made.Hash}, Changes: made.Bytes()}},
	})
	relay.has(record(staff, 1), made.Hash)
	peer.has(record(staff, 1), made.Hash)
}

// TestCollectionManyRefused: a page may bring thousands of changes that are refused,
// and name as many heads. They are refused, the one that is good is taken, and it is
// soon over: the cost doesn't go with the product of the two.
func TestCollectionManyRefused(t *testing.T) {
	const many = 60_000
	relay := newStation(t, "relay", "").serve()
	id := record(staff, 1)
	var chunks []byte
	var heads []change.Hash
	for n := range many { // all are the actor's first: the others are twins
		made := first("twins", change.Int(int64(n)))
		chunks = append(chunks, made.Bytes()...)
		if n < wire.MaxHeads {
			heads = append(heads, made.Hash)
		}
	}
	x := relay.stranger(t, "stranger")
	x.say(wire.Offer{Subscription: 1, Collection: staff})
	x.hear()
	x.say(wire.Page{Subscription: 1, Number: 1, Left: 1, Documents: []wire.Announced{{Document: id, Heads: heads, Changes: chunks}}})
	for {
		switch m := x.hear().(type) {
		case wire.Want:
			x.say(wire.Page{Subscription: 1, Documents: []wire.Announced{{Document: id}}})
		case wire.Answer:
			if len(m.Refused) != 1 || m.Refused[0].Reason != "twin" || len(m.Refused[0].Hashes) != wire.MaxRefused {
				t.Errorf("answered %d refusals", len(m.Refused))
			}
			relay.has(id, heads[0])
			return
		case nil:
			t.Fatal("the connection has ended")
		}
	}
}
