package relay_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// peer is a connection that speaks the protocol, and, where a test wants it to,
// nonsense. It belongs to the test's goroutine and reads only when told to.
type peer struct {
	*world
	id     string
	local  string // its address, as the relay logs it
	relay  string // the relay's id
	conn   *socket.Conn
	docs   map[docid.ID]*replicatest.Client
	theirs map[docid.ID][]change.Hash // the relay's heads
	heard  []wire.Message             // all but sync messages
}

// dial connects and says nothing.
func (w *world) dial() *peer {
	w.Helper()
	p := &peer{world: w, docs: map[docid.ID]*replicatest.Client{}, theirs: map[docid.ID][]change.Hash{}}
	var err error
	p.conn, err = socket.Dial(context.Background(), "ws://"+w.address, socket.Options{
		ReadLimit: socket.FrameLimit,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, address)
			if err == nil {
				p.local = "address=" + conn.LocalAddr().String() + " "
			}
			return conn, err
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(p.conn.Abort)
	return p
}

// join connects and greets.
func (w *world) join(id string) *peer {
	w.Helper()
	p := w.dial()
	p.id = id
	p.send(wire.Join{SenderID: id, Versions: []string{wire.Version}})
	answer, ok := p.next().(wire.Peer)
	if !ok {
		w.Fatalf("%s got no answer to its greeting", id)
	}
	p.relay = answer.SenderID
	return p
}

// follower connects and greets as a peer that speaks of collections.
func (w *world) follower(id string) *peer {
	w.Helper()
	p := w.dial()
	p.id = id
	p.send(wire.Join{SenderID: id, Versions: []string{wire.Version}, Metadata: wire.Metadata{
		StorageID: id, Godwit: &wire.Extension{Version: 1, Collections: 1},
	}})
	if _, ok := p.next().(wire.Peer); !ok {
		w.Fatal("no greeting")
	}
	return p
}

func (p *peer) send(m wire.Message) {
	p.Helper()
	p.write(wire.Append(nil, m))
}

// write sends a frame; the relay may have closed the connection already.
func (p *peer) write(frame []byte) { _ = p.conn.WriteFrame(frame) }

func (p *peer) read() ([]byte, error) {
	timer := time.AfterFunc(patience, p.conn.Abort)
	defer timer.Stop()
	frame, err := p.conn.ReadFrame()
	return frame.Bytes, err
}

func (p *peer) next() wire.Message {
	p.Helper()
	frame, err := p.read()
	if err != nil {
		p.Fatalf("%s: %v", p.id, err)
	}
	m, err := wire.Decode(frame)
	if err != nil {
		p.Fatalf("%s: %v", p.id, err)
	}
	return m
}

// sync sends whatever bytes as a sync message.
func (p *peer) sync(doc docid.ID, data []byte) {
	p.Helper()
	p.send(wire.Sync{SenderID: p.id, TargetID: p.relay, Document: doc, Data: data})
}

// offer sends chunks as the changes of a sync message.
func (p *peer) offer(doc docid.ID, heads []change.Hash, chunks ...[]byte) {
	p.Helper()
	m := crdtsync.Message{Heads: heads, Have: []crdtsync.Have{{}}, Changes: chunks}
	p.sync(doc, m.Append(nil))
}

// open begins to talk about a document.
func (p *peer) open(doc docid.ID) *replicatest.Client {
	p.Helper()
	p.docs[doc] = replicatest.NewClient(p.id)
	p.speak(doc)
	return p.docs[doc]
}

// speak says what there is to say about a document, if it is our turn.
func (p *peer) speak(doc docid.ID) {
	p.Helper()
	if data, request := p.docs[doc].Generate(); data != nil {
		p.send(wire.Sync{Request: request, SenderID: p.id, TargetID: p.relay, Document: doc, Data: data})
	}
}

// hear takes the next message in and answers it.
func (p *peer) hear() {
	p.Helper()
	next := p.next()
	m, ok := next.(wire.Sync)
	if !ok {
		p.heard = append(p.heard, next)
		return
	}
	if err := p.docs[m.Document].Receive(m.Data); err != nil {
		p.Fatal(err)
	}
	message, err := crdtsync.Decode(m.Data)
	if err != nil {
		p.Fatal(err)
	}
	p.theirs[m.Document] = change.SortHashes(slices.Clone(message.Heads))
	p.speak(m.Document)
}

// edit makes a change and returns when the relay has it.
func (p *peer) edit(doc docid.ID) *change.Change {
	p.Helper()
	made := p.docs[doc].Edit()
	p.speak(doc)
	for !slices.Equal(p.theirs[doc], p.docs[doc].Heads()) {
		p.hear()
	}
	return made
}

// await reads until the document has a change.
func (p *peer) await(doc docid.ID, c *change.Change) {
	p.Helper()
	for !slices.ContainsFunc(p.docs[doc].Changes(), func(has *change.Change) bool { return has.Hash == c.Hash }) {
		p.hear()
	}
}

// ended reads until the relay has ended the connection, and returns what it
// gave as the reason.
func (p *peer) ended() string {
	p.Helper()
	var reason string
	for {
		frame, err := p.read()
		if reason == "" && errors.Is(err, socket.ErrPeerClosed) {
			return err.Error() // a goodbye with a code says it, too
		}
		if err != nil {
			return reason
		}
		if m, err := wire.Decode(frame); err == nil {
			if e, ok := m.(wire.Error); ok {
				reason = e.Text
			}
		}
	}
}

// couple is two peers who work on one document while others misbehave.
type couple struct {
	alice, bob *peer
	doc        docid.ID
}

func (w *world) couple() *couple {
	w.Helper()
	c := &couple{alice: w.join("alice"), bob: w.join("bob"), doc: docid.New()}
	c.alice.open(c.doc)
	c.alice.edit(c.doc)
	c.bob.open(c.doc)
	c.work()
	return c
}

// work has each of them make a change and the other get it.
func (c *couple) work() {
	c.alice.Helper()
	c.bob.await(c.doc, c.alice.edit(c.doc))
	c.alice.await(c.doc, c.bob.edit(c.doc))
}

// stored fails the test unless the store has exactly their changes.
func (c *couple) stored() {
	c.alice.Helper()
	info, err := c.alice.store.Document(c.doc)
	if err != nil {
		c.alice.Fatal(err)
	}
	if want := c.alice.docs[c.doc]; info.Changes != len(want.Changes()) || !slices.Equal(info.Heads, want.Heads()) {
		c.alice.Errorf("the store has %d changes with heads %v, alice %d with %v",
			info.Changes, info.Heads, len(want.Changes()), want.Heads())
	}
}
