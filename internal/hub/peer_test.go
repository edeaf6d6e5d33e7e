package hub_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// latch is a mutex that a synctest bubble may wait for: it is held while
// writing, which can take until the hub reads.
type latch chan struct{}

func (l latch) Lock()   { l <- struct{}{} }
func (l latch) Unlock() { <-l }

// peer is a client with several documents on one connection. What it reads it
// acts on in a goroutine of its own.
type peer struct {
	n    *network
	t    testing.TB
	name string
	join wire.Join

	mu          latch
	conn        *socket.Conn
	docs        map[docid.ID]*replicatest.Client
	unavailable map[docid.ID]int
	refused     map[docid.ID][]wire.Refused
	whispers    []wire.Ephemeral
	errors      []string
	spoken      uint64
	syncs       int // messages that came
	kinds       *[]string

	acknowledged map[docid.ID][]change.Hash // heads that the relay named

	reading sync.WaitGroup
	heard   *sync.Cond    // broadcast after every message
	stopped chan struct{} // closed while it may read
}

// peer returns a client that isn't connected.
func (n *network) peer(name string) *peer {
	p := &peer{
		n: n, t: n.t, name: name, join: wire.Join{SenderID: name, Versions: []string{wire.Version}},
		docs: map[docid.ID]*replicatest.Client{}, unavailable: map[docid.ID]int{},
		refused: map[docid.ID][]wire.Refused{}, acknowledged: map[docid.ID][]change.Hash{},
		stopped: make(chan struct{}), mu: make(latch, 1),
	}
	close(p.stopped)
	p.heard = sync.NewCond(p.mu)
	return p
}

// await waits for what some message brings about.
func (p *peer) await(come func() bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !come() {
		p.heard.Wait()
	}
}

// connect says hello and syncs all documents. It returns the peer.
func (p *peer) connect() *peer {
	p.t.Helper()
	conn := p.n.open()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn = conn
	if err := conn.WriteFrame(wire.Append(nil, p.join)); err != nil {
		p.t.Fatal(err)
	}
	if _, err := conn.ReadFrame(); err != nil { // the relay's greeting
		p.t.Fatal(err)
	}
	for _, doc := range p.docs {
		doc.Reconnect()
	}
	p.reading.Go(func() { p.read(conn) })
	for id := range p.docs {
		p.speak(id)
	}
	return p
}

// disconnect vanishes without a word.
func (p *peer) disconnect() {
	p.conn.Abort()
	p.reading.Wait()
}

// pause makes the peer stop reading until the returned function is called.
func (p *peer) pause() (resume func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gate := make(chan struct{})
	p.stopped = gate
	return func() { close(gate) }
}

func (p *peer) read(conn *socket.Conn) {
	for {
		p.mu.Lock()
		gate := p.stopped
		p.mu.Unlock()
		select {
		case <-gate:
		case <-conn.Done():
			return
		}
		frame, err := conn.ReadFrame()
		if err != nil {
			conn.Abort()
			return
		}
		m, err := wire.Decode(frame.Bytes)
		if err != nil {
			p.t.Errorf("%s: %v", p.name, err)
			return
		}
		p.hear(m)
	}
}

func (p *peer) hear(m wire.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.heard.Broadcast()
	if p.kinds != nil {
		*p.kinds = append(*p.kinds, m.Kind())
	}
	switch m := m.(type) {
	case wire.Sync:
		p.syncs++
		p.acknowledge(m)
		if err := p.docs[m.Document].Receive(m.Data); err != nil {
			p.t.Error(err)
			return
		}
		p.speak(m.Document)
	case wire.DocUnavailable:
		p.unavailable[m.Document]++
	case wire.Refused:
		p.refused[m.Document] = append(p.refused[m.Document], m)
	case wire.Ephemeral:
		p.whispers = append(p.whispers, m)
	case wire.Error:
		p.errors = append(p.errors, m.Text)
	}
}

// acknowledge notes what the relay says it has.
func (p *peer) acknowledge(m wire.Sync) {
	message, err := crdtsync.Decode(m.Data)
	if err != nil {
		p.t.Error(err)
		return
	}
	p.acknowledged[m.Document] = message.Heads
}

// speak sends a document's next message, if there is one; p.mu is held.
func (p *peer) speak(id docid.ID) {
	data, request := p.docs[id].Generate()
	if data != nil {
		p.send(wire.Sync{Request: request, SenderID: p.name, TargetID: "relay", Document: id, Data: data})
	}
}

// send writes a message; a connection that has ended is noticed by the reader.
func (p *peer) send(m wire.Message) { _ = p.conn.WriteFrame(wire.Append(nil, m)) }

// doc returns a document, which may be empty; p.mu is held.
func (p *peer) doc(id docid.ID) *replicatest.Client {
	if p.docs[id] == nil {
		p.docs[id] = replicatest.NewClient(p.name)
	}
	return p.docs[id]
}

// find opens a document that others may have.
func (p *peer) find(ids ...docid.ID) *peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		p.doc(id)
		p.speak(id)
	}
	return p
}

// claim names heads of a document, and brings nothing.
func (p *peer) claim(id docid.ID, heads ...change.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doc(id)
	data := (&crdtsync.Message{Heads: heads}).Append(nil)
	p.send(wire.Sync{SenderID: p.name, TargetID: "relay", Document: id, Data: data})
}

// edit makes a change and sends it, if nothing is on its way.
func (p *peer) edit(id docid.ID) *change.Change {
	p.mu.Lock()
	defer p.mu.Unlock()
	made := p.doc(id).Edit()
	p.speak(id)
	return made
}

// editSilently makes changes and doesn't send them.
func (p *peer) editSilently(id docid.ID, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range times {
		p.doc(id).Edit()
	}
}

// whisper says something to everybody who has a document open.
func (p *peer) whisper(id docid.ID, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoken++
	p.send(wire.Ephemeral{
		SenderID: p.name, TargetID: "relay", Document: id, SessionID: p.name, Count: p.spoken, Data: []byte(text),
	})
}

// heads returns what the peer has of a document.
func (p *peer) heads(id docid.ID) []change.Hash {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doc(id).Heads()
}

// checkSame checks that the peers have what the store has.
func (n *network) checkSame(id docid.ID, peers ...*peer) {
	n.t.Helper()
	want := n.store.heads(id)
	if len(want) == 0 {
		n.t.Errorf("the store has nothing of %s", id)
	}
	for _, p := range peers {
		if !slices.Equal(p.heads(id), want) {
			n.t.Errorf("%s has %d changes of %s and not the store's heads", p.name, p.doc(id).Len(), id)
		}
	}
}
