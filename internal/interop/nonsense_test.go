package interop_test

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
)

// A stranger talks nonsense to the relay while Alice and Bob work. Each kind of
// nonsense ends the stranger's connection, and nobody else's.
func TestNonsenseEndsOnlyItsOwnConnection(t *testing.T) {
	t.Parallel()
	requireRelay(t, "it dies of one garbage frame")
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")
	doc := alice.create(object{"n": object{"$counter": 0}})
	alice.saved(doc)
	bob.open(doc)

	join := wire.Append(nil, wire.Join{SenderID: "stranger", Versions: []string{wire.Version}})
	nonsense := map[string]func(s *stranger){
		"garbage first":        func(s *stranger) { s.write([]byte{0xf6}) },
		"empty first":          func(s *stranger) { s.write(nil) },
		"sync before join":     func(s *stranger) { s.write(s.sync("stranger", doc, []byte{0x42, 0, 0, 0, 0})) },
		"text frame":           func(s *stranger) { s.write(join); s.text("hello") },
		"long first frame":     func(s *stranger) { s.write(append(join, make([]byte, 1<<20)...)) },
		"garbage":              func(s *stranger) { s.join(); s.write([]byte{0xff, 0x00, 0x13}) },
		"half a message":       func(s *stranger) { s.join(); s.write(join[:len(join)/2]) },
		"somebody else's name": func(s *stranger) { s.join(); s.write(s.sync("alice", doc, []byte{0x42, 0, 0, 0, 0})) },
		"no sync message":      func(s *stranger) { s.join(); s.write(s.sync("stranger", doc, []byte{0x42, 0xff})) },
	}
	for name, talk := range nonsense {
		s := relay.stranger(t)
		talk(s)
		if !s.closed() {
			t.Errorf("%s: the connection is still open", name)
		}
		s.conn.Close()
		alice.change(doc, increment(1, "n"))
	}

	converge(t, doc, alice, bob)
	equal(t, "alice's disconnections", len(alice.seen(disconnection)), 0)
	equal(t, "bob's disconnections", len(bob.seen(disconnection)), 0)
	relay.running()
}

// The sync messages that kill or hang Automerge's older core, each sent about a
// document that Alice and Bob are working on. The sender is sent away or
// ignored; Alice and Bob never see any of it, nor does the store.
func TestHostileSyncMessages(t *testing.T) {
	t.Parallel()
	requireRelay(t, "the document is stuck after them")
	relay := startRelay(t)
	alice, bob := relay.client("alice"), relay.client("bob")
	doc := alice.create(object{"n": object{"$counter": 0}})
	alice.saved(doc)
	bob.open(doc)

	files, err := filepath.Glob(filepath.Join("..", "..", "crdt", "change", "testdata", "hostile", "ReceiveMessage__*.bin"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no hostile messages: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := relay.stranger(t)
		s.join()
		s.write(s.sync("stranger", doc, data))
		s.settle(strings.TrimSuffix(filepath.Base(file), ".bin"))
		s.conn.Close()
		alice.change(doc, increment(1, "n"))
	}

	alice.saved(doc)
	converge(t, doc, alice, bob)
	carol := relay.client("carol")
	carol.open(doc)
	content := converge(t, doc, carol, alice, bob)
	equal(t, "changes", len(carol.hashes(doc)), 1+len(files))
	equal(t, "keys", len(at(t, content, "map").(map[string]any)), 1)
	equal(t, "alice's disconnections", len(alice.seen(disconnection)), 0)
	relay.running()
}

// A stranger sends a change whose predecessor the relay never gets. Whatever
// the relay asks for on its account, nobody else waits for it.
func TestAGapHoldsUpNobody(t *testing.T) {
	t.Parallel()
	requireRelay(t, "the others wait for ever")
	relay := startRelay(t)
	alice, bob, forker := relay.client("alice"), relay.client("bob"), relay.client("forker")
	doc := alice.create(object{"n": object{"$counter": 0}})
	alice.saved(doc)
	bob.open(doc)
	forker.open(doc)
	common := changes(forker, doc)
	forker.disconnect()
	forker.change(doc, put("first", "fork"))
	first := changes(forker, doc)
	forker.change(doc, put("second", "fork"))
	head, err := hex.DecodeString(forker.heads(doc)[0])
	if err != nil {
		t.Fatal(err)
	}
	second := slices.DeleteFunc(changes(forker, doc), func(c string) bool { return slices.Contains(first, c) })
	chunk, err := base64.StdEncoding.DecodeString(second[0])
	if err != nil {
		t.Fatal(err)
	}

	s := relay.stranger(t)
	s.join()
	s.write(s.sync("stranger", doc, syncMessage(head, chunk)))
	s.settle("a change with a gap before it")
	for range 5 {
		alice.change(doc, increment(1, "n"))
		bob.has(doc, alice.heads(doc))
		bob.change(doc, increment(1, "n"))
		alice.has(doc, bob.heads(doc))
	}
	equal(t, "changes", len(bob.hashes(doc)), len(common)+10)

	// The gap is filled in the end, and all of it arrives.
	forker.connect()
	content := converge(t, doc, forker, alice, bob)
	equal(t, "fork", at(t, content, "map", "fork", "text"), any("second"))
}

func disconnection(e event) bool { return e.Event == "disconnected" }

// stranger is a bare WebSocket to the relay that sends what it likes.
type stranger struct {
	t    *testing.T
	conn *websocket.Conn
}

func (r *relay) stranger(t *testing.T) *stranger {
	t.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), r.url(), nil)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &stranger{t: t, conn: conn}
}

// write sends a frame. The relay may have hung up already, so errors are left
// to whoever reads.
func (s *stranger) write(frame []byte) { _ = s.conn.WriteMessage(websocket.BinaryMessage, frame) }

func (s *stranger) text(text string) { _ = s.conn.WriteMessage(websocket.TextMessage, []byte(text)) }

func (s *stranger) join() {
	s.t.Helper()
	s.joinAs("stranger")
}

func (s *stranger) joinAs(name string) {
	s.t.Helper()
	s.write(wire.Append(nil, wire.Join{SenderID: name, Versions: []string{wire.Version}}))
	if _, ok := s.read().(wire.Peer); !ok {
		s.t.Fatal("the relay doesn't greet")
	}
}

// sync is a frame with a sync message about a document.
func (s *stranger) sync(sender, doc string, data []byte) []byte {
	s.t.Helper()
	id, err := docid.Parse(doc)
	if err != nil {
		s.t.Fatal(err)
	}
	return wire.Append(nil, wire.Sync{SenderID: sender, TargetID: "relay", Document: id, Data: data})
}

// read returns the next message, or nil once the connection has ended.
func (s *stranger) read() wire.Message {
	s.t.Helper()
	_, frame, err := s.conn.ReadMessage()
	if err != nil {
		return nil
	}
	message, err := wire.Decode(frame)
	if err != nil {
		s.t.Fatalf("the relay's frame: %v", err)
	}
	return message
}

// closed reads until the relay hangs up.
func (s *stranger) closed() bool {
	for {
		_, _, err := s.conn.ReadMessage()
		if err != nil {
			timeout, ok := err.(interface{ Timeout() bool })
			return !ok || !timeout.Timeout()
		}
	}
}

// settle returns when the relay has dealt with all that was sent: it has hung
// up, or answers a question about another document.
func (s *stranger) settle(what string) {
	s.t.Helper()
	other := docid.New()
	s.write(wire.Append(nil, wire.Sync{
		Request: true, SenderID: "stranger", TargetID: "relay", Document: other, Data: []byte{0x42, 0, 0, 0, 0},
	}))
	for {
		_, frame, err := s.conn.ReadMessage()
		if err != nil {
			if timeout, ok := err.(interface{ Timeout() bool }); ok && timeout.Timeout() {
				s.t.Fatalf("%s: the relay neither answers nor hangs up", what)
			}
			return
		}
		message, err := wire.Decode(frame)
		if err != nil {
			s.t.Fatalf("%s: the relay's frame: %v", what, err)
		}
		if absent, ok := message.(wire.DocUnavailable); ok && absent.Document == other {
			return
		}
	}
}
