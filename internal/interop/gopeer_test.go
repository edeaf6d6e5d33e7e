package interop_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// goPeer is a Go peer among the JavaScript clients, with the same commands as
// those. It runs in the process of the test.
type goPeer struct {
	t     *testing.T
	name  string
	relay *relay
	data  string // directory
	peer  *peer.Peer
	hang  func() // ends the link, if there is one
	shown *peer.Presence
}

// peer starts a Go peer over an empty directory and connects it.
func (r *relay) peer(name string) *goPeer {
	r.t.Helper()
	p := r.offlinePeer(name)
	p.connect()
	return p
}

func (r *relay) offlinePeer(name string) *goPeer {
	r.t.Helper()
	p := &goPeer{t: r.t, name: name, relay: r, data: r.t.TempDir(), hang: func() {}}
	p.open()
	r.t.Cleanup(p.close)
	return p
}

// engine returns the engine that the Go peers use.
func engine() crdt.Option {
	if os.Getenv("GODWIT_ENGINE") == "reference" {
		return crdt.Reference()
	}
	return crdt.Native()
}

func (p *goPeer) open() {
	p.t.Helper()
	opened, err := peer.Open(peer.Config{
		Path: p.data, Relay: p.relay.url(), PeerID: p.name, Reserve: -1, Engine: engine(),
		Logger: slog.New(slog.NewTextHandler(p.t.Output(), nil)).With("who", p.name),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.peer = opened
}

func (p *goPeer) close() {
	p.t.Helper()
	if p.t.Failed() {
		p.describe()
	}
	p.hang()
	if err := p.peer.Close(); err != nil {
		p.t.Errorf("%s: close: %v", p.name, err)
	}
}

// describe logs how far the peer's documents have come, for a failed test.
func (p *goPeer) describe() {
	for d, err := range p.peer.Documents(context.Background()) {
		if err != nil {
			p.t.Logf("%s: %v", p.name, err)
			return
		}
		status, _ := d.Status()
		heads, _ := d.Heads()
		p.t.Logf("%s: %s: status %+v, heads %v", p.name, d.ID(), status, heads)
	}
}

// restart closes the peer and opens its directory again, offline.
func (p *goPeer) restart() {
	p.t.Helper()
	p.close()
	p.open()
}

// connect keeps a link until disconnect, and returns when it stands.
func (p *goPeer) connect() {
	p.t.Helper()
	p.connectLater()
	p.reconnected()
}

// connectLater keeps a link, as soon as there is a server.
func (p *goPeer) connectLater() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.peer.Run(ctx) }()
	p.hang = func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Errorf("%s: Run: %v", p.name, err)
		}
		p.hang = func() {}
	}
}

func (p *goPeer) disconnect() { p.hang() }

// reconnected returns when the peer, whose server went away, has found its way
// back by itself. lost returns when it has noticed.
func (p *goPeer) reconnected() { p.linkIs("a link", peer.CatchingUp, peer.Online) }

func (p *goPeer) lost() { p.linkIs("the loss of its link", peer.Offline, peer.Connecting) }

func (p *goPeer) linkIs(what string, phases ...peer.Phase) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var last peer.LinkState
	for last = range p.peer.Link(ctx) {
		for _, phase := range phases {
			if last.Phase == phase {
				return
			}
		}
	}
	p.t.Fatalf("%s: awaiting %s: the link is %+v", p.name, what, last)
}

// create makes a document and returns its id.
func (p *goPeer) create(init func(crdt.Map) error) string {
	p.t.Helper()
	d, err := p.peer.Create(p.t.Context(), init)
	if err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	return d.ID().String()
}

// find asks for a document and returns what comes of it: "ready" or
// "unavailable".
func (p *goPeer) find(doc string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := p.peer.Find(ctx, p.id(doc))
	switch {
	case errors.Is(err, peer.ErrUnavailable):
		return "unavailable"
	case err != nil:
		p.t.Fatalf("%s: find: %v", p.name, err)
	}
	return "ready"
}

// fetch finds a document that must be there.
func (p *goPeer) fetch(doc string) {
	p.t.Helper()
	if state := p.find(doc); state != "ready" {
		p.t.Fatalf("%s: find %s: %s", p.name, doc, state)
	}
}

// look asks for a document and doesn't wait for it.
func (p *goPeer) look(doc string) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.peer.Find(ctx, p.id(doc)); err != nil && !errors.Is(err, peer.ErrNotHere) {
		p.t.Fatalf("%s: find: %v", p.name, err)
	}
}

func (p *goPeer) forget(doc string) {
	p.t.Helper()
	if err := p.peer.Forget(p.t.Context(), p.id(doc)); err != nil {
		p.t.Fatalf("%s: forget: %v", p.name, err)
	}
}

func (p *goPeer) id(doc string) crdt.DocumentID {
	p.t.Helper()
	id, err := crdt.ParseDocumentID(doc)
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

func (p *goPeer) document(doc string) *peer.Document {
	p.t.Helper()
	d, err := p.peer.Document(p.id(doc))
	if err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	return d
}

// change makes one change.
func (p *goPeer) change(doc string, fn func(root crdt.Map) error) {
	p.t.Helper()
	if err := p.document(doc).Change(p.t.Context(), fn); err != nil {
		p.t.Fatalf("%s: change: %v", p.name, err)
	}
}

// becomes waits for a state of the document.
func (p *goPeer) becomes(doc string, state peer.State) {
	p.t.Helper()
	d := p.document(doc)
	p.until(d, "it is "+state.String(), func() bool { return p.status(d).State == state })
}

func (p *goPeer) status(d *peer.Document) peer.Status {
	p.t.Helper()
	s, err := d.Status()
	if err != nil {
		p.t.Fatalf("%s: status: %v", p.name, err)
	}
	return s
}

// saved waits until the peer knows that the server has its heads.
func (p *goPeer) saved(doc string) {
	p.t.Helper()
	p.becomes(doc, peer.Synced)
}

// until waits for something to become so when the document does.
func (p *goPeer) until(d *peer.Document, what string, is func() bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	events := d.Watch(ctx)
	for !is() {
		if _, more := <-events; !more {
			p.t.Fatalf("%s: %s: waited in vain until %s (status %+v)", p.name, d.ID(), what, p.status(d))
		}
	}
}

func (p *goPeer) who() string { return p.name }

// heads returns the document's heads, ascending.
func (p *goPeer) heads(doc string) []string {
	p.t.Helper()
	heads, err := p.document(doc).Heads()
	if err != nil {
		p.t.Fatalf("%s: heads: %v", p.name, err)
	}
	names := make([]string, 0, len(heads))
	for _, h := range heads {
		names = append(names, h.String())
	}
	return names
}

// has waits until the peer's document contains all these changes.
func (p *goPeer) has(doc string, names []string) {
	p.t.Helper()
	heads := make([]crdt.Hash, len(names))
	for i, name := range names {
		if _, err := hex.Decode(heads[i][:], []byte(name)); err != nil {
			p.t.Fatal(err)
		}
	}
	d := p.document(doc)
	p.until(d, "it has what others have", func() bool {
		err := d.ChangeAt(context.Background(), heads, func(crdt.Map) error { return nil })
		if err != nil && !errors.Is(err, crdt.ErrUnknownHeads) && !errors.Is(err, peer.ErrNotHere) {
			p.t.Fatalf("%s: %v", p.name, err)
		}
		return err == nil
	})
}

// hashes returns the hashes of all the document's changes, ascending.
func (p *goPeer) hashes(doc string) []string { return p.inspect(doc).Hashes }

// dump returns the document as JavaScript reads what the peer saves, and fails
// the test unless the peer itself reads the same.
func (p *goPeer) dump(doc string) any {
	p.t.Helper()
	content := p.inspect(doc).Value
	equal(p.t, p.name+"'s own reading", p.read(doc), plainly(content))
	return content
}

type inspection struct {
	Hashes []string `json:"hashes"`
	Value  any      `json:"value"`
}

// inspect has a JavaScript client load what the peer saves.
func (p *goPeer) inspect(doc string) (found inspection) {
	p.t.Helper()
	data, err := p.document(doc).Save(p.t.Context())
	if err != nil {
		p.t.Fatalf("%s: save: %v", p.name, err)
	}
	return p.relay.inspect(base64.StdEncoding.EncodeToString(data))
}

// inspect has a JavaScript client of its own load what somebody has saved.
func (r *relay) inspect(data string) (found inspection) {
	r.t.Helper()
	if r.reader == nil {
		r.reader = r.clientWith(setup{PeerID: "reader", Offline: true})
	}
	r.reader.call("inspect", object{"data": data}, &found)
	return found
}

// reloaded returns a client's document as it is after saving and loading.
func (c *client) reloaded(doc string) any {
	c.t.Helper()
	var saved struct {
		Data string `json:"data"`
	}
	c.call("save", object{"doc": doc}, &saved)
	return c.relay.inspect(saved.Data).Value
}

// read returns the document as the peer reads it, in the words of dump.mjs.
func (p *goPeer) read(doc string) (content any) {
	p.t.Helper()
	err := p.document(doc).View(p.t.Context(), func(root crdt.Map) error {
		content = describeMap(root)
		return nil
	})
	if err != nil {
		p.t.Fatalf("%s: view: %v", p.name, err)
	}
	return content
}
