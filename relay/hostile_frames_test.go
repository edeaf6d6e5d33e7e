package relay_test

import (
	"bytes"
	"fmt"
	"net"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// TestNonsenseEndsItsConnection sends what no peer would, while two others
// work. It ends the connection that it came on, with a reason in the log, in a
// metric and to the peer.
func TestNonsenseEndsItsConnection(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	mallory := wire.Append(nil, wire.Join{SenderID: "mallory", Versions: []string{wire.Version}})
	sync := wire.Sync{SenderID: "mallory", Document: c.doc, Data: []byte{0x42, 0, 0, 0, 0}}
	stranger := sync
	stranger.SenderID = "alice"
	for _, nonsense := range []struct {
		name   string
		joined bool
		frame  []byte
		reason string
	}{
		{"undefined", false, []byte{0xf6}, "no_type"},
		{"nothing", false, nil, "malformed"},
		{"sync before join", false, wire.Append(nil, sync), "greeting"},
		{"peer before join", false, wire.Append(nil, wire.Peer{SenderID: "mallory"}), "greeting"},
		{"an unknown type before join", false, wire.Append(nil, wire.Unknown{Type: "hello"}), "greeting"},
		{"another version", false, wire.Append(nil, wire.Join{SenderID: "mallory", Versions: []string{"2"}}), "version"},
		{"join without a name", false, wire.Append(nil, wire.Join{}), "bad_field"},
		{"a long frame before join", false, append(bytes.Clone(mallory), make([]byte, socket.FirstLimit)...), "too_large"},
		{"undefined once joined", true, []byte{0xf6}, "no_type"},
		{"garbage once joined", true, []byte{0xff, 0x00, 0x13}, "malformed"},
		{"half a message", true, mallory[:len(mallory)/2], "malformed"},
		{"two messages in one", true, append(bytes.Clone(mallory), mallory...), "malformed"},
		{"no type", true, []byte{0xa0}, "no_type"},
		{"join twice", true, mallory, "unexpected"},
		{"peer", true, wire.Append(nil, wire.Peer{SenderID: "mallory"}), "unexpected"},
		{"another's name", true, wire.Append(nil, stranger), "sender"},
		{"no document", true, wire.Append(nil, wire.Sync{SenderID: "mallory", Data: []byte{0x42}}), "document_id"},
		{"no sync message", true, wire.Append(nil, wire.Sync{SenderID: "mallory", Document: c.doc, Data: []byte{0x42, 0xff}}), "sync_message"},
	} {
		t.Run(nonsense.name, func(t *testing.T) {
			metric := fmt.Sprintf("godwit_connections_closed_total{reason=%q}", nonsense.reason)
			before := w.metric(metric)
			var p *peer
			if nonsense.joined {
				p = w.join("mallory")
			} else {
				p = w.dial()
			}
			p.write(nonsense.frame)
			if told := p.ended(); told == "" {
				t.Error("it wasn't told why")
			}
			w.log.await(t, "a peer has gone", "reason="+nonsense.reason, p.local)
			if got := w.metric(metric); got != before+1 {
				t.Errorf("%s is %v, want %v", metric, got, before+1)
			}
			c.work()
		})
	}
	c.stored()
}

func TestUnknownTypesAreIgnored(t *testing.T) {
	w := begin(t, nil)
	p := w.join("tomorrow")
	p.send(wire.Unknown{Type: "godwit-of-tomorrow"})
	doc := docid.New()
	p.open(doc)
	p.edit(doc)
	if got := w.metric(`godwit_received_messages_total{type="unknown"}`); got != 1 {
		t.Errorf("%v unknown messages counted, want 1", got)
	}
}

func TestTextFramesEndTheirConnection(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	ws := w.strange()
	if err := ws.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	w.log.await(t, "a peer has gone", "reason=text_frame", local(ws))
	c.work()
}

// TestFramesBeyondTheLimit: the length that a frame announces decides, before
// its bytes come.
func TestFramesBeyondTheLimit(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	ws := w.strange()
	if err := ws.WriteMessage(websocket.BinaryMessage, wire.Append(nil, wire.Join{SenderID: "mallory"})); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ws.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	announce(t, ws, socket.FrameLimit+1)
	w.log.await(t, "a peer has gone", "reason=too_large", local(ws))
	c.work()
}

// TestVanishingMidMessage: the connection breaks while a frame is on its way.
func TestVanishingMidMessage(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	ws := w.strange()
	if err := ws.WriteMessage(websocket.BinaryMessage, wire.Append(nil, wire.Join{SenderID: "mallory"})); err != nil {
		t.Fatal(err)
	}
	announce(t, ws, 1<<20)
	address := local(ws)
	_ = ws.NetConn().(*net.TCPConn).SetLinger(0)
	_ = ws.Close()
	w.log.await(t, "a peer has gone", "reason=lost", address)
	w.eventually("no frame holds memory", func() bool { return w.metric("godwit_frames_memory_bytes") == 0 })
	c.work()
	c.stored()
}

// strange returns a WebSocket of another make.
func (w *world) strange() *websocket.Conn {
	w.Helper()
	ws, _, err := websocket.DefaultDialer.Dial("ws://"+w.address, nil)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = ws.Close() })
	return ws
}

// announce writes the head of a masked binary frame, and 8 KiB of it.
func announce(t *testing.T, ws *websocket.Conn, length uint64) {
	t.Helper()
	head := []byte{0x82, 0xff}
	for shift := 56; shift >= 0; shift -= 8 {
		head = append(head, byte(length>>shift))
	}
	head = append(head, 0, 0, 0, 0)
	if _, err := ws.NetConn().Write(append(head, make([]byte, 8<<10)...)); err != nil {
		t.Fatal(err)
	}
}

// local returns a connection's own address, as the relay logs it.
func local(ws *websocket.Conn) string { return "address=" + ws.LocalAddr().String() + " " }
