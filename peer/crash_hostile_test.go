package peer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	changes "github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/peer"
)

// A change that breaks no rule of structure, and that the reference engine does
// not survive: a map's key in a list. The process that looks at the document
// dies. The next one sets the document aside, syncs it as before, and works with
// the others; whoever insists dies again, and the one after that goes on again.
func TestKilledByAChange(t *testing.T) {
	onReference(t)
	r := startRelay(t)
	ada := openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	honest := ada.create(set("n", 1))
	reaches(t, honest, peer.Synced)
	mallory := meet(t, r)
	list := changes.OpID{Counter: 1, Actor: "mallory"}
	mallory.send(mallory.draft(changes.Op{Key: changes.MapKey("list"), Action: changes.ActionMakeList}))
	mallory.send(mallory.draft(changes.Op{Obj: list, Key: changes.ElemKey(changes.OpID{}), Insert: true, Action: changes.ActionSet, Value: changes.Int(1)}))
	mallory.send(mallory.draft(changes.Op{Obj: list, Key: changes.MapKey("x"), Action: changes.ActionSet, Value: changes.Int(1)}))

	dir := t.TempDir()
	diesOf(t, "reader", dir, r, honest.ID(), mallory.id)
	for n := range 2 {
		setAsideAndSynced(t, dir, r, mallory, honest, n)
		diesOf(t, "retrier", dir, r, mallory.id)
	}
	setAsideAndSynced(t, dir, r, mallory, honest, 2)
}

// An element's key in a map can be read and saved; whoever writes to that map
// dies. That document is set aside, too.
func TestKilledWhileWriting(t *testing.T) {
	onReference(t)
	r := startRelay(t)
	ada := openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	honest := ada.create(set("n", 1))
	reaches(t, honest, peer.Synced)
	mallory := meet(t, r)
	id := func(n uint64) changes.OpID { return changes.OpID{Counter: n, Actor: "mallory"} }
	mallory.send(mallory.draft(changes.Op{Key: changes.MapKey("map"), Action: changes.ActionMakeMap}))
	mallory.send(mallory.draft(changes.Op{Key: changes.MapKey("list"), Action: changes.ActionMakeList}))
	mallory.send(mallory.draft(changes.Op{Obj: id(2), Key: changes.ElemKey(changes.OpID{}), Insert: true, Action: changes.ActionSet, Value: changes.Int(1)}))
	mallory.send(mallory.draft(changes.Op{Obj: id(1), Key: changes.ElemKey(id(3)), Action: changes.ActionSet, Value: changes.Int(1)}))

	dir := t.TempDir()
	diesOf(t, "setter", dir, r, honest.ID(), mallory.id)
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	if err := status(t, p.find(mallory.id)).Err; !errors.Is(err, peer.ErrSetAside) {
		t.Errorf("the document that killed the process: %v", err)
	}
	if got := read(t, p.find(honest.ID()))["set"]; got != true {
		t.Errorf("the other document says %v", got)
	}
}

// diesOf expects a process that looks at documents to see all but the last, and
// to be killed by that.
func diesOf(t *testing.T, role, dir string, r *server, ids ...crdt.DocumentID) {
	t.Helper()
	a := startActor(t, role, dir, r, 0, ids...)
	var seen []crdt.DocumentID
	for id, _, ok := a.said(); ok; id, _, ok = a.said() {
		seen = append(seen, id)
	}
	said, err := a.ended()
	if err == nil || !strings.Contains(said, "SIGABRT") {
		t.Fatalf("the %s was to be killed by its engine, and ended with %v: %s", role, err, said)
	}
	if want := ids[:len(ids)-1]; !slices.Equal(seen, want) {
		t.Fatalf("the %s saw %v before it died, want %v", role, seen, want)
	}
}

// setAsideAndSynced opens what a process left that died of Mallory's document.
func setAsideAndSynced(t *testing.T, dir string, r *server, mallory *mallory, honest *peer.Document, n int) {
	t.Helper()
	p := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	defer p.close()
	hostile := p.find(mallory.id)
	for what, err := range map[string]error{
		"status": status(t, hostile).Err,
		"View":   hostile.View(t.Context(), func(crdt.Map) error { return nil }),
		"Change": hostile.Change(t.Context(), set("a", 1)),
	} {
		if !errors.Is(err, peer.ErrSetAside) || !strings.Contains(err.Error(), mallory.id.String()) {
			t.Fatalf("%s of the document that killed the process: %v", what, err)
		}
	}
	change(t, p.find(honest.ID()), set("here", n))
	p.online()
	reaches(t, p.find(honest.ID()), peer.Synced)
	agree(t, honest, p.find(honest.ID()))

	later := mallory.draft(changes.Op{Key: changes.MapKey("later"), Action: changes.ActionSet, Value: changes.Int(int64(n))})
	mallory.send(later)
	await(t, "what comes later is kept", hostile, func() bool { return slices.Equal(heads(t, hostile), []crdt.Hash{later.Hash}) })
	p.sync()
}

// mallory is at the relay, and sends changes that no editor makes.
type mallory struct {
	tb   testing.TB
	conn *socket.Conn
	id   crdt.DocumentID
	made []*changes.Change
}

func meet(tb testing.TB, r *server) *mallory {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := socket.Dial(ctx, r.url(), socket.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close(socket.CodeNormal, "") })
	m := &mallory{tb: tb, conn: conn, id: crdt.NewDocumentID()}
	m.write(wire.Join{SenderID: "mallory", Versions: []string{wire.Version}})
	if _, ok := m.read().(wire.Peer); !ok {
		tb.Fatal("the relay doesn't greet")
	}
	return m
}

func (m *mallory) write(message wire.Message) {
	m.tb.Helper()
	if err := m.conn.WriteFrame(wire.Append(nil, message)); err != nil {
		m.tb.Fatal(err)
	}
}

func (m *mallory) read() wire.Message {
	m.tb.Helper()
	frame, err := m.conn.ReadFrame()
	if err != nil {
		m.tb.Fatal(err)
	}
	defer frame.Release()
	message, err := wire.Decode(frame.Bytes)
	if err != nil {
		m.tb.Fatal(err)
	}
	return message
}

// draft makes the next change, of one operation.
func (m *mallory) draft(op changes.Op) *changes.Change {
	m.tb.Helper()
	draft := changes.Draft{Actor: "mallory", Seq: 1, StartOp: 1, Ops: []changes.Op{op}}
	if n := len(m.made); n > 0 {
		last := m.made[n-1]
		draft.Seq, draft.StartOp, draft.Deps = last.Seq+1, last.MaxOp()+1, []crdt.Hash{last.Hash}
		draft.Ops[0].Pred = m.replaced(op)
	}
	made, err := draft.Encode()
	if err != nil {
		m.tb.Fatal(err)
	}
	m.made = append(m.made, made)
	return made
}

// replaced names the last operation on the same key.
func (m *mallory) replaced(op changes.Op) (pred []changes.OpID) {
	for _, c := range m.made {
		for former, err := range c.Operations() {
			if err == nil && former.Obj == op.Obj && former.Key == op.Key {
				pred = []changes.OpID{former.ID}
			}
		}
	}
	return pred
}

// send gives the relay a change, and returns when that says that it has it.
func (m *mallory) send(c *changes.Change) {
	m.tb.Helper()
	message := sync.Message{Heads: []crdt.Hash{c.Hash}, Have: []sync.Have{{}}, Changes: [][]byte{c.Bytes()}}
	m.write(wire.Sync{SenderID: "mallory", TargetID: "relay", Document: m.id, Data: message.Append(nil)})
	for {
		answer, ok := m.read().(wire.Sync)
		if !ok {
			continue
		}
		said, err := sync.Decode(answer.Data)
		if err != nil {
			m.tb.Fatal(err)
		}
		if slices.Contains(said.Heads, c.Hash) {
			return
		}
	}
}
