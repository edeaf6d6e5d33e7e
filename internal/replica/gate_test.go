package replica_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

func TestGate(t *testing.T) {
	for _, c := range []struct {
		name string
		m    wire.Message
		pass bool
		err  error
	}{
		{"sync", wire.Sync{SenderID: "alice"}, true, nil},
		{"sync in another's name", wire.Sync{SenderID: "bob"}, true, replica.ErrSender},
		{"ephemeral", wire.Ephemeral{SenderID: "alice"}, true, nil},
		{"ephemeral in another's name", wire.Ephemeral{SenderID: "bob"}, false, nil},
		{"a second join", wire.Join{SenderID: "alice"}, false, replica.ErrUnexpected},
		{"peer", wire.Peer{SenderID: "alice"}, false, replica.ErrUnexpected},
		{"leave", wire.Leave{SenderID: "alice"}, false, replica.ErrLeft},
		{"error", wire.Error{Text: "farewell"}, false, replica.ErrLeft},
		{"unavailable", wire.DocUnavailable{SenderID: "alice"}, false, nil},
		{"remote heads", wire.RemoteHeadsChanged{SenderID: "alice"}, false, nil},
		{"tomorrow's", wire.Unknown{Type: "tomorrow"}, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			pass, err := replica.NewGate("alice").Pass(c.m)
			if !errors.Is(err, c.err) || err == nil && pass != c.pass {
				t.Errorf("passes %t, %v", pass, err)
			}
		})
	}
}

func TestGateCounts(t *testing.T) {
	gate := replica.NewGate("alice")
	for _, c := range []struct {
		session string
		count   uint64
		pass    bool
	}{
		{"one", 1, true},
		{"one", 1, false},
		{"one", 3, true},
		{"one", 2, false},
		{"two", 1, true},
		{"one", 4, true},
		{"two", 1, false},
		{"zero", 0, true},
		{"zero", 0, false},
	} {
		if pass, err := gate.Pass(wire.Ephemeral{SenderID: "alice", SessionID: c.session, Count: c.count}); pass != c.pass || err != nil {
			t.Errorf("%s %d passes %t, %v", c.session, c.count, pass, err)
		}
	}
	for i := range 1000 { // it remembers a few sessions only, and still lets new ones pass
		if pass, _ := gate.Pass(wire.Ephemeral{SenderID: "alice", SessionID: fmt.Sprint(i), Count: 1}); !pass {
			t.Fatalf("session %d doesn't pass", i)
		}
	}
}

func TestGreeting(t *testing.T) {
	g := replica.Greeting{PeerID: "relay", Metadata: wire.Metadata{StorageID: "store"}}
	_, answer, err := g.Answer(wire.Join{SenderID: "alice", Versions: []string{"2", wire.Version}})
	if err != nil {
		t.Fatal(err)
	}
	if answer.SenderID != "relay" || answer.TargetID != "alice" || answer.Version != wire.Version || answer.Metadata.StorageID != "store" {
		t.Errorf("answered %+v", answer)
	}
	if _, _, err := g.Answer(wire.Join{SenderID: "alice", Versions: []string{"2"}}); !errors.Is(err, replica.ErrVersion) {
		t.Errorf("a stranger's version: %v", err)
	}
	if _, _, err := g.Answer(wire.Leave{}); !errors.Is(err, replica.ErrGreeting) {
		t.Errorf("no join: %v", err)
	}
}

func TestJoinedGate(t *testing.T) {
	for _, c := range []struct {
		name string
		m    wire.Message
		pass bool
		err  error
	}{
		{"sync", wire.Sync{SenderID: "server"}, true, nil},
		{"sync in another's name", wire.Sync{SenderID: "bob"}, true, replica.ErrSender},
		{"unavailable", wire.DocUnavailable{SenderID: "server"}, true, nil},
		{"unavailable in another's name", wire.DocUnavailable{SenderID: "bob"}, true, replica.ErrSender},
		{"refused", wire.Refused{SenderID: "server"}, true, nil},
		{"refused in another's name", wire.Refused{SenderID: "bob"}, true, replica.ErrSender},
		{"somebody's ephemeral", wire.Ephemeral{SenderID: "bob"}, true, nil},
		{"our own ephemeral", wire.Ephemeral{SenderID: "me"}, false, nil},
		{"a second greeting", wire.Peer{SenderID: "server"}, false, replica.ErrUnexpected},
		{"join", wire.Join{SenderID: "server"}, false, replica.ErrUnexpected},
		{"leave", wire.Leave{SenderID: "server"}, false, replica.ErrLeft},
		{"error", wire.Error{Text: "farewell"}, false, replica.ErrLeft},
		{"remote heads", wire.RemoteHeadsChanged{SenderID: "server"}, false, nil},
		{"tomorrow's", wire.Unknown{Type: "tomorrow"}, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			pass, err := replica.NewJoinedGate("server", "me").Pass(c.m)
			if !errors.Is(err, c.err) || err == nil && pass != c.pass {
				t.Errorf("passes %t, %v", pass, err)
			}
		})
	}
}

func TestJoinedGateCounts(t *testing.T) {
	gate := replica.NewJoinedGate("server", "me")
	for _, c := range []struct {
		sender, session string
		count           uint64
		pass            bool
	}{
		{"bob", "one", 1, true},
		{"bob", "one", 1, false},
		{"carol", "one", 1, true},
		{"bob", "two", 1, true},
		{"bob", "one", 3, true},
		{"bob", "one", 2, false},
	} {
		m := wire.Ephemeral{SenderID: c.sender, SessionID: c.session, Count: c.count}
		if pass, err := gate.Pass(m); pass != c.pass || err != nil {
			t.Errorf("%s %s %d passes %t, %v", c.sender, c.session, c.count, pass, err)
		}
	}
	for i := range 5000 { // it forgets, and still lets new ones pass
		if pass, _ := gate.Pass(wire.Ephemeral{SenderID: fmt.Sprint(i), Count: 1}); !pass {
			t.Fatalf("peer %d doesn't pass", i)
		}
	}
}

func TestIntroduction(t *testing.T) {
	me := replica.Introduction{PeerID: "me", Metadata: wire.Metadata{StorageID: "store"}}
	join := me.Join()
	if join.SenderID != "me" || join.Metadata.StorageID != "store" || len(join.Versions) != 1 {
		t.Errorf("says %+v", join)
	}
	for _, c := range []struct {
		m   wire.Message
		err error
	}{
		{wire.Peer{SenderID: "server", Version: wire.Version}, nil},
		{wire.Peer{SenderID: "server", Version: "7"}, replica.ErrVersion},
		{wire.Error{Text: "unsupported protocol version"}, replica.ErrLeft},
		{wire.Leave{}, replica.ErrGreeting},
	} {
		if _, err := me.Read(c.m); !errors.Is(err, c.err) || err != nil && c.err == nil {
			t.Errorf("%+v: %v", c.m, err)
		}
	}
}
