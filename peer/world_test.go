package peer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

// patience is how long anything may take before a test gives up on it.
const patience = 20 * time.Second

// server is a relay that can go away and come back, with its data, at the same
// address.
type server struct {
	tb      testing.TB
	dir     string
	address string
	stop    func()
}

func startRelay(tb testing.TB) *server {
	tb.Helper()
	s := &server{tb: tb, dir: tb.TempDir(), address: "127.0.0.1:0"}
	s.start()
	tb.Cleanup(func() { s.stop() })
	return s
}

func (s *server) url() string { return "ws://" + s.address }

func (s *server) start() {
	s.tb.Helper()
	r, err := openRelay(s.dir, s.address, logger(s.tb, "relay"))
	if err != nil {
		s.tb.Fatal(err)
	}
	s.address = r.listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.run(ctx) }()
	s.stop = func() {
		cancel()
		if err := <-done; err != nil {
			s.tb.Errorf("the relay ended with %v", err)
		}
		s.stop = func() {}
	}
}

// openRelay opens a relay of a directory, which is reached at an address.
func openRelay(dir, address string, log *slog.Logger) (*openedRelay, error) {
	store, err := storage.Open(dir, storage.Options{Small: true, Reserve: -1})
	if err != nil {
		return nil, err
	}
	r := &openedRelay{store: store}
	if r.Relay, err = relay.New(relay.Config{Store: store, Logger: log}); err == nil {
		r.listener, err = net.Listen("tcp", address)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return r, nil
}

type openedRelay struct {
	*relay.Relay
	store    *storage.Store
	listener net.Listener
}

// run serves until the context ends.
func (r *openedRelay) run(ctx context.Context) error {
	return errors.Join(relay.Serve(ctx, r.listener, r.Relay), r.store.Close())
}

// documents returns the heads of all documents, while the relay is stopped.
func (s *server) documents() map[crdt.DocumentID][]crdt.Hash {
	s.tb.Helper()
	store, err := storage.Open(s.dir, storage.Options{Small: true, Reserve: -1})
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	all := map[crdt.DocumentID][]crdt.Hash{}
	for info, err := range store.Documents(context.Background(), nil, crdt.DocumentID{}) {
		if err != nil {
			s.tb.Fatal(err)
		}
		all[info.Document] = info.Heads
	}
	return all
}

// logger logs for a test; a benchmark has it cost nothing.
// lose has the relay lose documents, while it is stopped.
func (s *server) lose(ids ...crdt.DocumentID) {
	s.tb.Helper()
	store, err := storage.Open(s.dir, storage.Options{Small: true, Reserve: -1})
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	for _, id := range ids {
		if err := store.Purge(context.Background(), id, nil); err != nil {
			s.tb.Fatal(err)
		}
	}
}

func logger(tb testing.TB, name string) *slog.Logger {
	if _, ok := tb.(*testing.B); ok {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelInfo})).With("who", name)
}

// node is a peer under test.
type node struct {
	*peer.Peer
	tb   testing.TB
	hang func()
}

func openPeer(tb testing.TB, config peer.Config) *node {
	tb.Helper()
	if config.Path == "" && !config.InMemory {
		config.Path = tb.TempDir()
	}
	if config.Reserve == 0 {
		config.Reserve = -1
	}
	if config.Logger == nil {
		config.Logger = logger(tb, "peer")
	}
	if config.Engine == nil {
		config.Engine = engine()
	}
	p, err := peer.Open(config)
	if err != nil {
		tb.Fatal(err)
	}
	n := &node{Peer: p, tb: tb, hang: func() {}}
	tb.Cleanup(n.close)
	return n
}

func (n *node) close() {
	n.tb.Helper()
	n.hang()
	if err := n.Close(); err != nil {
		n.tb.Error(err)
	}
}

// online runs the peer's link until offline, and returns when it stands.
func (n *node) online() {
	n.tb.Helper()
	n.run()
	n.until("the link stands", peer.LinkState.Linked)
}

func (n *node) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	n.hang = func() {
		cancel()
		if err := <-done; err != nil {
			n.tb.Errorf("Run ended with %v", err)
		}
		n.hang = func() {}
	}
}

func (n *node) offline() { n.hang() }

// until waits for a state of the link.
func (n *node) until(what string, is func(peer.LinkState) bool) peer.LinkState {
	n.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var last peer.LinkState
	for last = range n.Link(ctx) {
		if is(last) {
			return last
		}
	}
	n.tb.Fatalf("waiting until %s: the link is %+v", what, last)
	return last
}

func (n *node) sync() {
	n.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := n.Sync(ctx); err != nil {
		n.tb.Fatal(err)
	}
}

func (n *node) create(init func(crdt.Map) error) *peer.Document {
	n.tb.Helper()
	doc, err := n.Create(n.tb.Context(), init)
	if err != nil {
		n.tb.Fatal(err)
	}
	return doc
}

// find waits for a document, also if the relay doesn't have it yet.
func (n *node) find(id crdt.DocumentID) *peer.Document {
	n.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	doc, err := n.Find(ctx, id)
	if errors.Is(err, peer.ErrUnavailable) {
		err = doc.Ready(ctx)
	}
	if err != nil {
		n.tb.Fatal(err)
	}
	return doc
}

// set returns a change that sets keys and values.
func set(pairs ...any) func(crdt.Map) error {
	return func(root crdt.Map) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := root.Set(pairs[i].(string), pairs[i+1]); err != nil {
				return err
			}
		}
		return nil
	}
}

func change(tb testing.TB, doc *peer.Document, fn func(crdt.Map) error) {
	tb.Helper()
	if err := doc.Change(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}

// read returns what a document says.
func read(tb testing.TB, doc *peer.Document) (content map[string]any) {
	tb.Helper()
	err := doc.View(context.Background(), func(root crdt.Map) error {
		content = map[string]any{}
		for key, value := range root.All() {
			content[key] = value.Any()
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return content
}

func heads(tb testing.TB, doc *peer.Document) []crdt.Hash {
	tb.Helper()
	heads, err := doc.Heads()
	if err != nil {
		tb.Fatal(err)
	}
	return heads
}

// agree waits until all hold the same changes, and tests that they say the
// same.
func agree(tb testing.TB, docs ...*peer.Document) map[string]any {
	tb.Helper()
	await(tb, fmt.Sprintf("%s is the same everywhere", docs[0].ID()), docs[0], func() bool {
		first := heads(tb, docs[0])
		return !slices.ContainsFunc(docs, func(doc *peer.Document) bool { return !slices.Equal(first, heads(tb, doc)) })
	}, docs...)
	want := read(tb, docs[0])
	for _, doc := range docs[1:] {
		if got := read(tb, doc); fmt.Sprint(got) != fmt.Sprint(want) {
			tb.Fatalf("one says %v, another %v", want, got)
		}
	}
	return want
}

// await waits until something is so that depends on documents.
func await(tb testing.TB, what string, doc *peer.Document, is func() bool, others ...*peer.Document) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	wake := make(chan struct{}, 1)
	for _, d := range append([]*peer.Document{doc}, others...) {
		events := d.Watch(ctx)
		go func() {
			for range events {
				select {
				case wake <- struct{}{}:
				default:
				}
			}
		}()
	}
	for !is() {
		select {
		case <-wake:
		case <-ctx.Done():
			tb.Fatalf("waited in vain until %s", what)
		}
	}
}

func status(tb testing.TB, doc *peer.Document) peer.Status {
	tb.Helper()
	s, err := doc.Status()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// reaches waits until a document has a state.
func reaches(tb testing.TB, doc *peer.Document, state peer.State) {
	tb.Helper()
	await(tb, "the document is "+state.String(), doc, func() bool { return status(tb, doc).State == state })
}

// cancelled returns a context that has ended.
func cancelled(tb testing.TB) context.Context {
	ctx, cancel := context.WithCancel(tb.Context())
	cancel()
	return ctx
}

// engineVariable says which engine these tests' peers use.
const engineVariable = "GODWIT_ENGINE"

func engine() crdt.Option {
	if os.Getenv(engineVariable) == "reference" {
		return crdt.Reference()
	}
	return crdt.Native()
}

// onReference runs a test of what only automerge-go does.
func onReference(t *testing.T) {
	t.Helper()
	t.Setenv(engineVariable, "reference")
	d, err := crdt.New(crdt.NewActorID(), crdt.Reference())
	if err != nil {
		t.Skip(err)
	}
	d.Close()
}
