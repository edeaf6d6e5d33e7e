package peer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/godwit-sync/godwit/crdt"
	changes "github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// strange is a relay of the test's own: it says what the test wants.
type strange struct {
	tb      testing.TB
	url     string
	storage string
	conns   chan *socket.Conn
	heard   chan wire.Message

	collections int // the version of them that it speaks
}

func startStrange(tb testing.TB) *strange {
	tb.Helper()
	s := &strange{tb: tb, storage: uuid.NewString(), conns: make(chan *socket.Conn, 100), heard: make(chan wire.Message, 1000)}
	s.url = socketServer(tb, func(conn *socket.Conn) {
		greeting := wire.Peer{
			SenderID: "strange", TargetID: "peer", Version: wire.Version,
			Metadata: wire.Metadata{StorageID: s.storage, Godwit: &wire.Extension{Version: 1, Refusals: true, Collections: s.collections}},
		}
		for frame, err := conn.ReadFrame(); err == nil; frame, err = conn.ReadFrame() {
			m, err := wire.Decode(slices.Clone(frame.Bytes))
			frame.Release()
			if err != nil {
				tb.Error(err)
				return
			}
			if _, ok := m.(wire.Join); ok {
				_ = conn.WriteFrame(wire.Append(nil, greeting))
				s.conns <- conn
				continue
			}
			select {
			case s.heard <- m:
			case <-tb.Context().Done():
			}
		}
	})
	return s
}

// hears waits for a sync message about a document.
func (s *strange) hears(id crdt.DocumentID) *sync.Message {
	s.tb.Helper()
	for {
		m, ok := next(s.tb, s.heard).(wire.Sync)
		if !ok || m.Document != id {
			continue
		}
		said, err := sync.Decode(m.Data)
		if err != nil {
			s.tb.Fatal(err)
		}
		return said
	}
}

// hearsOf waits until the peer has sent some change.
func (s *strange) hearsOf(id crdt.DocumentID, hash crdt.Hash) {
	s.tb.Helper()
	for {
		for _, chunk := range s.hears(id).Changes {
			if c, err := changes.Parse(chunk); err == nil && c.Hash == hash {
				return
			}
		}
	}
}

func say(tb testing.TB, conn *socket.Conn, m wire.Message) {
	tb.Helper()
	if err := conn.WriteFrame(wire.Append(nil, m)); err != nil {
		tb.Fatal(err)
	}
}

// saying is a sync message with some heads and changes.
func saying(id crdt.DocumentID, heads []crdt.Hash, chunks ...[]byte) wire.Sync {
	m := sync.Message{Heads: heads, Have: []sync.Have{{}}, Changes: chunks}
	return wire.Sync{SenderID: "strange", TargetID: "peer", Document: id, Data: m.Append(nil)}
}

// drafted is a change by an actor, the first of it, that sets a key.
func drafted(tb testing.TB, actor, key string, pred ...changes.OpID) *changes.Change {
	tb.Helper()
	draft := changes.Draft{Actor: changes.ActorID(actor), Seq: 1, StartOp: 10, Ops: []changes.Op{
		{Key: changes.MapKey(key), Action: changes.ActionSet, Value: changes.Int(1), Pred: pred},
	}}
	c, err := draft.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// A change that breaks a rule is refused and named, and the relay told; what came
// with it, and later, and other documents, are as they should be.
func TestBrokenChange(t *testing.T) {
	s := startStrange(t)
	p := openPeer(t, peer.Config{Relay: s.url})
	other := p.create(set("n", 1))
	doc, _ := p.Find(cancelled(t), crdt.NewDocumentID())
	events := doc.Watch(t.Context())
	p.run()
	conn := next(t, s.conns)
	s.hears(doc.ID())

	broken := drafted(t, "bad", "broken", changes.OpID{Counter: 3, Actor: "bad"}) // which there isn't
	good, later := drafted(t, "good", "good"), drafted(t, "late", "later")
	say(t, conn, saying(doc.ID(), changes.SortHashes([]crdt.Hash{broken.Hash, good.Hash}), broken.Bytes(), good.Bytes()))
	for {
		ev := next(t, events)
		if len(ev.Refused) == 0 {
			continue
		}
		if !slices.Equal(ev.Refused, []crdt.Hash{broken.Hash}) || ev.Reason == "" {
			t.Errorf("the event is %+v", ev)
		}
		break
	}
	for told := false; !told; {
		m, ok := next(t, s.heard).(wire.Refused)
		told = ok && slices.Equal(m.Hashes, []crdt.Hash{broken.Hash})
	}
	if err := doc.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	say(t, conn, saying(doc.ID(), []crdt.Hash{later.Hash}, later.Bytes()))
	await(t, "the later one is here", doc, func() bool { return len(heads(t, doc)) == 2 })
	if got := read(t, doc); got["good"] != int64(1) || got["later"] != int64(1) || got["broken"] != nil {
		t.Errorf("it says %v", got)
	}
	change(t, doc, set("mine", 1))
	change(t, other, set("n", 2))
	if got := read(t, other)["n"]; got != int64(2) {
		t.Errorf("the other says %v", got)
	}

	// What isn't a change at all ends the link, and the next one is as good as ever.
	damaged := slices.Clone(good.Bytes())
	damaged[5] ^= 1
	say(t, conn, saying(other.ID(), []crdt.Hash{good.Hash}, damaged))
	p.until("the link ends", func(s peer.LinkState) bool { return s.Phase == peer.Offline && s.Err != nil })
	next(t, s.conns)
	s.hears(other.ID())
}

// What the relay refuses is shown as refused, and why, also after a restart, and
// when more is written. Another relay may think differently.
func TestRefusedByTheRelay(t *testing.T) {
	s, dir := startStrange(t), t.TempDir()
	p := openPeer(t, peer.Config{Path: dir, Relay: s.url})
	doc, other := p.create(set("n", 1)), p.create(set("n", 1))
	p.run()
	conn := next(t, s.conns)
	say(t, conn, saying(doc.ID(), nil))
	s.hearsOf(doc.ID(), heads(t, doc)[0])
	for _, reason := range []string{"heads", "descends"} {
		say(t, conn, wire.Refused{SenderID: "strange", TargetID: "peer", Document: doc.ID(), Hashes: heads(t, doc), Reason: reason})
	}
	say(t, conn, wire.Refused{SenderID: "strange", TargetID: "peer", Document: crdt.NewDocumentID(), Hashes: heads(t, doc), Reason: "twin"})
	say(t, conn, saying(other.ID(), heads(t, other)))
	refused := func(doc *peer.Document) {
		t.Helper()
		reaches(t, doc, peer.Refused)
		if s := status(t, doc); s.Reason != "heads" {
			t.Errorf("refused because of %q", s.Reason)
		}
		if err := doc.Sync(t.Context()); !errors.Is(err, peer.ErrRefused) || !strings.Contains(err.Error(), "heads") {
			t.Errorf("Sync: %v", err)
		}
	}
	refused(doc)
	reaches(t, other, peer.Synced)
	p.sync() // it is not waited for
	change(t, doc, set("n", 2))
	refused(doc)
	p.close()

	p = openPeer(t, peer.Config{Path: dir, Relay: s.url})
	refused(p.find(doc.ID()))
	p.close()

	honest := startRelay(t)
	p = openPeer(t, peer.Config{Path: dir, Relay: honest.url()})
	p.online()
	reaches(t, p.find(doc.ID()), peer.Synced)
	p.close()
	p = openPeer(t, peer.Config{Path: dir, Relay: honest.url()})
	reaches(t, p.find(doc.ID()), peer.Synced)
}

// What a relay calls its reason is shown if it is a word. If it isn't, or if
// there is none, the document is refused all the same.
func TestRefusedWithoutAWord(t *testing.T) {
	s := startStrange(t)
	p := openPeer(t, peer.Config{Relay: s.url})
	docs := map[string]*peer.Document{"": p.create(nil), "\x1b[31mred": p.create(nil), "no way": p.create(nil)}
	p.run()
	conn := next(t, s.conns)
	for reason, doc := range docs {
		say(t, conn, saying(doc.ID(), nil))
		s.hearsOf(doc.ID(), heads(t, doc)[0])
		say(t, conn, wire.Refused{SenderID: "strange", TargetID: "peer", Document: doc.ID(), Hashes: heads(t, doc), Reason: reason})
		reaches(t, doc, peer.Refused)
		if s := status(t, doc); s.Reason != "unknown" {
			t.Errorf("refused because of %q", s.Reason)
		}
	}
	p.sync()
}

// A relay that is content after all is believed.
func TestAcceptedAfterAll(t *testing.T) {
	s := startStrange(t)
	p := openPeer(t, peer.Config{Relay: s.url})
	doc := p.create(set("n", 1))
	p.run()
	conn := next(t, s.conns)
	say(t, conn, saying(doc.ID(), nil))
	s.hearsOf(doc.ID(), heads(t, doc)[0])
	say(t, conn, wire.Refused{SenderID: "strange", TargetID: "peer", Document: doc.ID(), Hashes: heads(t, doc), Reason: "quota"})
	reaches(t, doc, peer.Refused)
	say(t, conn, saying(doc.ID(), heads(t, doc)))
	reaches(t, doc, peer.Synced)
}

// While the disk is full nothing is taken from others either; the link says why,
// what is here can be read, and once there is room all arrives.
func TestDiskFullOfNews(t *testing.T) {
	r, dir := startRelay(t), t.TempDir()
	ada := openPeer(t, peer.Config{Relay: r.url()})
	ada.online()
	doc := ada.create(set("n", 1))
	bob := openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	bob.online()
	agree(t, doc, bob.find(doc.ID()))
	bob.close()
	change(t, doc, set("n", 2))
	reaches(t, doc, peer.Synced)

	bob = openPeer(t, peer.Config{Path: dir, Relay: r.url(), Reserve: 1 << 60})
	atBob := bob.find(doc.ID())
	bob.run()
	for range 2 { // it tries again
		s := bob.until("it says what is wrong", func(s peer.LinkState) bool { return s.Phase == peer.Offline && s.Err != nil })
		if !errors.Is(s.Err, storage.ErrDiskFull) {
			t.Errorf("the link says %v", s.Err)
		}
		bob.until("it tries again", func(s peer.LinkState) bool { return s.Phase != peer.Offline })
	}
	if got := read(t, atBob)["n"]; got != int64(1) {
		t.Errorf("n is %v", got)
	}
	if err := atBob.Sync(t.Context()); !errors.Is(err, storage.ErrDiskFull) {
		t.Errorf("Sync of the document: %v", err)
	}
	if err := bob.Sync(cancelled(t)); err == nil {
		t.Error("Sync believes that all is done")
	}
	if err := bob.Forget(t.Context(), doc.ID()); !errors.Is(err, storage.ErrDiskFull) {
		t.Errorf("Forget: %v", err)
	}
	bob.close()
	bob = openPeer(t, peer.Config{Path: dir, Relay: r.url()})
	bob.online()
	agree(t, doc, bob.find(doc.ID()))
	reaches(t, bob.find(doc.ID()), peer.Synced)
}

// However a relay babbles, a change that it has not named is not taken for
// synced, from the moment on that Change has returned.
func TestNeverSyncedTooEarly(t *testing.T) {
	s := startStrange(t)
	p := openPeer(t, peer.Config{Relay: s.url})
	doc := p.create(set("n", 0))
	p.run()
	conn := next(t, s.conns)
	known := heads(t, doc)
	say(t, conn, saying(doc.ID(), known))
	reaches(t, doc, peer.Synced)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		frame := wire.Append(nil, saying(doc.ID(), known))
		for {
			select {
			case <-stop:
				return
			case <-s.heard:
			default:
				_ = conn.WriteFrame(frame)
			}
		}
	}()
	for n := range 100 {
		change(t, doc, set("n", n+1))
		if s := status(t, doc); s.State != peer.Pending {
			t.Fatalf("after change %d, of which the relay knows nothing, it is %s", n, s.State)
		}
		if err := p.Sync(cancelled(t)); err == nil {
			t.Fatalf("after change %d all is done", n)
		}
	}
	close(stop)
	<-stopped
	say(t, conn, saying(doc.ID(), heads(t, doc)))
	reaches(t, doc, peer.Synced)
}
