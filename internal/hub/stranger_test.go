package hub_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/godwit-sync/godwit/crdt/change"
	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// stranger lets the network's server be one that reads the greeting, says some
// frames, and then reads on until the end. What it read comes at the end.
func (n *network) stranger(says ...[]byte) (heard chan []wire.Message) {
	heard = make(chan []wire.Message, 1)
	n.serve = func(conn *socket.Conn) {
		conn.SetReadLimit(socket.FrameLimit)
		var all []wire.Message
		for {
			frame, err := conn.ReadFrame()
			if err != nil {
				conn.Abort()
				heard <- all
				return
			}
			m, err := wire.Decode(frame.Bytes)
			if err != nil {
				n.t.Error(err)
			}
			all = append(all, m)
			for _, frame := range says {
				_ = conn.WriteFrame(frame)
			}
			says = nil
		}
	}
	return heard
}

var welcome = wire.Append(nil, wire.Peer{SenderID: "stranger", TargetID: "alice", Version: wire.Version})

func TestStrangeServers(t *testing.T) {
	for name, c := range map[string]struct {
		says [][]byte
		want error
		text string
	}{
		"silent":        {nil, nil, "no greeting"},
		"no peer":       {[][]byte{wire.Append(nil, wire.Leave{SenderID: "x"})}, replica.ErrGreeting, "leave"},
		"other version": {[][]byte{wire.Append(nil, wire.Peer{SenderID: "x", TargetID: "alice", Version: "9"})}, replica.ErrVersion, "9"},
		"no entry":      {[][]byte{wire.Append(nil, wire.Error{SenderID: "x", Text: "members only"})}, replica.ErrLeft, "members only"},
		"garbage":       {[][]byte{{0xf6}}, wire.ErrType, ""},
		"a long one":    {[][]byte{make([]byte, socket.FirstLimit+1)}, socket.ErrTooLarge, ""},
		"error later":   {[][]byte{welcome, wire.Append(nil, wire.Error{SenderID: "x", Text: "enough"})}, replica.ErrLeft, "enough"},
		"peer again":    {[][]byte{welcome, welcome}, replica.ErrUnexpected, "second greeting"},
		"another's name": {
			[][]byte{welcome, wire.Append(nil, wire.DocUnavailable{SenderID: "bob", TargetID: "alice", Document: id(1)})},
			replica.ErrSender, "bob",
		},
		"no sync message": {
			[][]byte{welcome, wire.Append(nil, wire.Sync{SenderID: "stranger", TargetID: "alice", Document: id(1), Data: []byte{7}})},
			crdtsync.ErrMessage, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t, hub.Config{})
				n.client.ReadLimit = 0
				heard := n.stranger(c.says...)
				alice := n.node("alice")
				conn := n.open()
				err := alice.hub.Join(conn, func(*hub.Link) {})
				if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
					t.Errorf("ended with %v, want %v and %q", err, c.want, c.text)
				}
				if _, ok := (<-heard)[0].(wire.Join); !ok {
					t.Error("the first message was no join")
				}
			})
		})
	}
}

// TestUninvited: a server can't fill our disk with what nobody here knows.
func TestUninvited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		theirs := replicatest.NewClient("bob")
		made := theirs.Edit()
		push := (&crdtsync.Message{Heads: theirs.Heads(), Changes: [][]byte{made.Bytes()}}).Append(nil)
		ask := (&crdtsync.Message{Have: []crdtsync.Have{{}}}).Append(nil)
		say := func(m wire.Sync) []byte {
			m.SenderID, m.TargetID = "stranger", "alice"
			return wire.Append(nil, m)
		}
		heard := n.stranger(welcome,
			say(wire.Sync{Document: id(1), Data: push}), // unknown
			say(wire.Sync{Document: id(2), Data: ask, Request: true}),
			say(wire.Sync{Document: id(3), Data: push}), // known, and not talked about
			wire.Append(nil, wire.DocUnavailable{SenderID: "stranger", TargetID: "alice", Document: id(1)}),
			wire.Append(nil, wire.Refused{SenderID: "stranger", TargetID: "alice", Document: id(1), Hashes: []change.Hash{{1}}, Reason: "x"}),
			wire.Append(nil, wire.Ephemeral{SenderID: "bob", TargetID: "alice", Document: id(1), SessionID: "s", Count: 1, Data: []byte("x")}),
			wire.Append(nil, wire.Ephemeral{SenderID: "alice", TargetID: "alice", Document: id(3), SessionID: "s", Count: 1, Data: []byte("echo")}),
		)
		alice := n.node("alice")
		alice.closedDoor[id(1)], alice.closedDoor[id(2)] = true, true
		alice.join()
		synctest.Wait()
		if alice.store.heads(id(1)) != nil || len(alice.store.heads(id(3))) != 1 {
			t.Error("what is unknown is stored, or what is known is not")
		}
		if len(alice.unavailable)+len(alice.refused)+len(alice.whispers) != 0 {
			t.Errorf("the keeper was told: %v %v %v", alice.unavailable, alice.refused, alice.whispers)
		}
		alice.hub.Close()
		var denied, others int
		for _, m := range <-heard {
			switch m := m.(type) {
			case wire.DocUnavailable:
				denied++
				if m.Document != id(2) || m.SenderID != "alice" {
					t.Errorf("denied %+v", m)
				}
			case wire.Sync:
				if m.Document != id(3) {
					others++
				}
			case wire.Error:
				others++
			}
		}
		if denied != 1 || others != 0 {
			t.Errorf("%d denials, %d other messages", denied, others)
		}
	})
}

func TestJoinEndsWithTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice").join(id(1))
		synctest.Wait()
		second := n.open()
		if err := alice.hub.Join(second, func(*hub.Link) { t.Error("joined twice") }); err == nil {
			t.Error("joined twice")
		}
		alice.hub.Close()
		if err := <-alice.ended; !errors.Is(err, hub.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
		alice.link.Engage(id(2), nil) // nothing, any more
		alice.link.Release(id(1))
		alice.link.Whisper(wire.Ephemeral{Document: id(1), Data: []byte("x")})
		if err := alice.hub.Join(n.open(), func(*hub.Link) {}); !errors.Is(err, hub.ErrClosed) {
			t.Errorf("joined after Close: %v", err)
		}
	})
}

func TestJoinEndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, hub.Config{})
		alice := n.node("alice").join(id(1))
		synctest.Wait()
		n.hub.Close()
		err := <-alice.ended
		if !errors.Is(err, replica.ErrLeft) || !strings.Contains(err.Error(), "stopping") {
			t.Errorf("ended with %v", err)
		}
	})
}
