package hub_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/storage"
)

// station is a hub with a real store, reached over real sockets: a relay, or a peer
// that joins one.
type station struct {
	t     testing.TB
	name  string
	store *storage.Store
	hub   *hub.Hub
	seen  *observations
	url   string // of a relay

	served sync.WaitGroup
	link   *hub.Link
	conn   *socket.Conn
	ended  chan error

	mu      sync.Mutex
	made    map[docid.ID]*replicatest.Client
	at      map[docid.Tag]hub.Progress
	acked   map[docid.Tag]hub.Cursor
	over    []string // why subscriptions ended
	refused map[docid.ID]string
	watch   func(id docid.ID) // called with what was appended; nil = nobody
	dwell   func(id docid.ID) // called with what a relay refuses; nil = nobody
}

// news wakes those who wait for some station.
var news = struct {
	sync.Mutex
	come chan struct{} // closed when any station was told something
}{come: make(chan struct{})}

func awaitNews() <-chan struct{} {
	news.Lock()
	defer news.Unlock()
	return news.come
}

// newStation opens a station in a directory; "" = in memory.
func newStation(t testing.TB, name, dir string) *station {
	t.Helper()
	store, err := storage.Open(dir, storage.Options{InMemory: dir == "", Small: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &station{
		t: t, name: name, store: store, seen: &observations{},
		made: map[docid.ID]*replicatest.Client{}, at: map[docid.Tag]hub.Progress{}, acked: map[docid.Tag]hub.Cursor{},
		refused: map[docid.ID]string{},
	}
	s.hub = hub.New(hub.Config{Store: store, PeerID: name, StorageID: s.storage(), Keeper: s, Observer: s.seen})
	t.Cleanup(s.close)
	return s
}

// storage is the name of its store.
func (s *station) storage() string { return uuid.UUID(s.store.Incarnation()).String() }

// serve makes a relay of it.
func (s *station) serve() *station {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := socket.Accept(w, r, socket.Options{})
		if err == nil {
			s.served.Go(func() { _ = s.hub.Serve(conn) })
		}
	}))
	s.url = "ws" + strings.TrimPrefix(server.URL, "http")
	s.t.Cleanup(server.Close)
	return s
}

func (s *station) close() {
	if s.store == nil {
		return
	}
	s.leave()
	s.hub.Close()
	s.served.Wait()
	if outgoing, inflating := s.hub.Reserved(); outgoing != 0 || inflating != 0 {
		s.t.Errorf("%s: %d bytes for outgoing and %d for deflated messages were not given back", s.name, outgoing, inflating)
	}
	if account, truth := s.hub.Weighed(); account != truth {
		s.t.Errorf("%s: the account of memory says %d bytes, the documents %d", s.name, account, truth)
	}
	if err := s.store.Close(); err != nil {
		s.t.Error(err)
	}
	s.store = nil
}

// join joins a relay, listens to a collection of its and offers it our own.
func (s *station) join(url string, collections ...string) {
	s.t.Helper()
	if err := s.tryJoin(url, collections...); err != nil {
		s.t.Fatalf("%s could not join: %v", s.name, err)
	}
}

func (s *station) tryJoin(url string, collections ...string) error {
	conn, err := socket.Dial(context.Background(), url, socket.Options{})
	if err != nil {
		return err
	}
	s.mu.Lock()
	clear(s.at)
	clear(s.acked)
	s.mu.Unlock()
	begun, ended := make(chan *hub.Link, 1), make(chan error, 1)
	s.conn, s.ended = conn, ended
	go func() { ended <- s.hub.Join(conn, func(l *hub.Link) { begun <- l }) }()
	select {
	case s.link = <-begun:
	case err := <-ended:
		s.conn = nil
		return err
	}
	for _, name := range collections {
		if err := s.link.Subscribe(name, false); err != nil {
			return err
		}
		if err := s.link.Offer(name, false); err != nil {
			return err
		}
	}
	return nil
}

// leave ends the link.
func (s *station) leave() {
	if s.conn == nil {
		return
	}
	s.conn.Abort()
	<-s.ended
	s.conn = nil
}

// edit makes a change of a document, on top of all that was made here.
func (s *station) edit(id docid.ID) *change.Change {
	s.t.Helper()
	s.mu.Lock()
	if s.made[id] == nil {
		s.made[id] = replicatest.NewClient(s.name)
	}
	c := s.made[id].Edit()
	s.mu.Unlock()
	if err := s.hub.Append(context.Background(), id, c); err != nil {
		s.t.Fatalf("%s: %v", s.name, err)
	}
	return c
}

// fill makes many documents of a collection, each of about so many bytes.
func (s *station) fill(collection string, from, to, size int) {
	s.t.Helper()
	const batch = 100
	for ; from < to; from += batch {
		var own []hub.Own
		for n := from; n < min(from+batch, to); n++ {
			own = append(own, hub.Own{Document: record(collection, n), Changes: []*change.Change{sized(s.name, size)}})
		}
		if err := s.hub.AppendAll(context.Background(), own); err != nil {
			s.t.Fatal(err)
		}
	}
}

// sized returns the first change of an actor, of about so many bytes.
func sized(actor string, size int) *change.Change {
	return first(actor, change.Text(strings.Repeat("x", size)))
}

// first returns the first change of an actor, which writes some value.
func first(actor string, value change.Value) *change.Change {
	draft := change.Draft{Actor: change.ActorID(actor), Seq: 1, StartOp: 1, Ops: []change.Op{{
		Key: change.MapKey("text"), Action: change.ActionSet, Value: value,
	}}}
	c, err := draft.Encode()
	if err != nil {
		panic(err)
	}
	return c
}

func record(collection string, n int) docid.ID {
	return docid.RecordFor(collection, string(rune(n+1000)))
}

// ends waits until the link has ended, or has caught up.
func (s *station) ends(collection string) {
	for {
		changed := awaitNews()
		s.mu.Lock()
		done := s.at[docid.CollectionTag(collection)].CaughtUp
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-s.conn.Done():
			return
		}
	}
}

// await waits until something is the case, which some station's being told of may
// have brought about.
func (s *station) await(what string, is func() bool) {
	s.t.Helper()
	for {
		changed := awaitNews()
		s.mu.Lock()
		ok := is()
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-s.t.Context().Done():
			s.t.Fatalf("%s: %s: never", s.name, what)
		}
	}
}

func (s *station) tell(note func()) {
	s.mu.Lock()
	note()
	s.mu.Unlock()
	news.Lock()
	defer news.Unlock()
	close(news.come)
	news.come = make(chan struct{})
}

// has waits until a document has some heads.
func (s *station) has(id docid.ID, heads ...change.Hash) {
	s.t.Helper()
	s.await("heads of "+id.String(), func() bool { return slices.Equal(s.heads(id), heads) })
}

func (s *station) heads(id docid.ID) []change.Hash {
	info, err := s.store.Document(id)
	if err != nil {
		return nil
	}
	return info.Heads
}

// documents returns the heads of all documents of a collection.
func (s *station) documents(collection string) map[docid.ID][]change.Hash {
	s.t.Helper()
	all := map[docid.ID][]change.Hash{}
	tag := docid.CollectionTag(collection)
	for info, err := range s.store.Documents(context.Background(), tag[:], docid.ID{}) {
		if err != nil {
			s.t.Fatal(err)
		}
		all[info.Document] = info.Heads
	}
	return all
}

func (s *station) Admits(docid.ID) bool                  { return false }
func (s *station) Wants(docid.ID) bool                   { return true }
func (s *station) Heard(docid.ID, hub.Standing)          {}
func (s *station) Unavailable(docid.ID)                  {}
func (s *station) Twin(docid.ID, change.ActorID, uint64) {}
func (s *station) Failed(id docid.ID, err error)         { s.t.Logf("%s: %s failed: %v", s.name, id, err) }
func (s *station) Whispered(wire.Ephemeral)              {}
func (s *station) Appended(id docid.ID, _ int, _ []*change.Change, _ bool) {
	s.tell(func() {
		if s.watch != nil {
			s.watch(id)
		}
	})
}

func (s *station) Refused(id docid.ID, _ []change.Hash, reason string, here bool) {
	if !here {
		if s.dwell != nil {
			s.dwell(id)
		}
		s.tell(func() { s.refused[id] = reason })
	}
}

func (s *station) Collection(tag docid.Tag, p hub.Progress) { s.tell(func() { s.at[tag] = p }) }

func (s *station) Acked(tag docid.Tag, to hub.Cursor, _ bool) { s.tell(func() { s.acked[tag] = to }) }

func (s *station) Taken(id docid.ID) { s.tell(func() { delete(s.refused, id) }) }

func (s *station) Withheld(id docid.ID, reason string) {
	s.tell(func() { s.refused[id] = reason })
}

func (s *station) Ended(_ docid.Tag, _ bool, reason string) {
	s.tell(func() { s.over = append(s.over, reason) })
}

// caughtUp waits until the relay has announced all, and has all that is here.
func (s *station) caughtUp(collection string) {
	s.t.Helper()
	tag := docid.CollectionTag(collection)
	s.await("catching up", func() bool {
		return s.at[tag].CaughtUp && s.acked[tag] == hub.Cursor{Sequence: uint64(s.store.LastSeq())}
	})
}

// wireTap stands between a peer and a relay, counts bytes, and can cut after some.
type wireTap struct {
	url      string
	listener net.Listener
	to       string
	bytes    atomic.Int64
	left     atomic.Int64 // until it cuts; negative: for ever
	running  sync.WaitGroup

	mu   sync.Mutex
	open []net.Conn
}

func newWireTap(t testing.TB, url string) *wireTap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wireTap{listener: listener, to: strings.TrimPrefix(url, "ws://"), url: "ws://" + listener.Addr().String()}
	w.left.Store(-1)
	w.running.Go(w.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		w.sever()
		w.running.Wait()
	})
	return w
}

// sever ends all connections.
func (w *wireTap) sever() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.open {
		_ = conn.Close()
	}
	w.open = nil
}

func (w *wireTap) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		w.mu.Lock()
		w.open = append(w.open, near, far)
		w.mu.Unlock()
		w.running.Go(func() { w.copy(near, far) })
		w.running.Go(func() { w.copy(far, near) })
	}
}

func (w *wireTap) copy(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		w.bytes.Add(int64(n))
		if left := w.left.Load(); left >= 0 {
			if left = w.left.Add(int64(-n)); left < 0 {
				n = max(0, n+int(left))
				err = io.EOF
				w.left.Store(0)
			}
		}
		if _, werr := to.Write(buf[:n]); werr != nil || err != nil {
			return
		}
	}
}
