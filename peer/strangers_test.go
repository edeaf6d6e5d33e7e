package peer_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

// A configuration that can't work says what to write instead.
func TestBadConfig(t *testing.T) {
	for name, c := range map[string]struct {
		config peer.Config
		says   string
	}{
		"no directory":   {peer.Config{}, "Path"},
		"a web address":  {peer.Config{InMemory: true, Relay: "https://sync.example.org"}, "wss://"},
		"no scheme":      {peer.Config{InMemory: true, Relay: "127.0.0.1:3030"}, "ws://"},
		"no host":        {peer.Config{InMemory: true, Relay: "ws://"}, "ws://"},
		"nonsense":       {peer.Config{InMemory: true, Relay: "ws://[::1"}, "ws://"},
		"a password":     {peer.Config{InMemory: true, Relay: "ws://ada:secret@example.org"}, "Header"},
		"a unit of none": {peer.Config{InMemory: true, Positions: 7}, "Positions"},
		"too long an id": {peer.Config{InMemory: true, PeerID: strings.Repeat("x", 600)}, "512"},
	} {
		p, err := peer.Open(c.config)
		if err == nil {
			p.Close()
		}
		if !errors.Is(err, peer.ErrConfig) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := openPeer(t, peer.Config{InMemory: true})
	if err := p.Run(t.Context()); !errors.Is(err, peer.ErrNoRelay) {
		t.Errorf("Run: %v", err)
	}
	if err := p.Sync(t.Context()); !errors.Is(err, peer.ErrNoRelay) {
		t.Errorf("Sync: %v", err)
	}
	if err := p.create(nil).Sync(t.Context()); !errors.Is(err, peer.ErrNoRelay) {
		t.Errorf("Sync of one: %v", err)
	}
}

// Directories that can't be used are left as they are.
func TestBadDirectory(t *testing.T) {
	used, foreign, newer := t.TempDir(), t.TempDir(), t.TempDir()
	openPeer(t, peer.Config{Path: used})
	write := func(dir, name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write(foreign, "diary.txt", "Dear diary")
	write(newer, "FORMAT", "godwit store 99\n")
	for name, c := range map[string]struct {
		path string
		want error
		says string
	}{
		"in use":        {used, storage.ErrLocked, "stop the other process"},
		"somebody's":    {foreign, storage.ErrNotStore, "diary.txt"},
		"a file":        {file, nil, "diary.txt"},
		"inside a file": {filepath.Join(file, "data"), nil, "diary.txt"},
		"of the future": {newer, storage.ErrNewerFormat, "newer"},
	} {
		p, err := peer.Open(peer.Config{Path: c.path})
		if err == nil {
			p.Close()
		}
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "Dear diary" {
		t.Errorf("the diary says %q, %v", text, err)
	}
}

// Ids that name no document are no reason to look for one.
func TestUnknownDocuments(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true})
	doc := p.create(set("n", 1))
	for _, text := range []string{"", "automerge:", "hello", doc.ID().String()[1:], doc.URL() + "x"} {
		if id, err := crdt.ParseDocumentID(text); err == nil {
			t.Errorf("%q is %s", text, id)
		}
	}
	if id, err := crdt.ParseDocumentID(doc.URL()); err != nil || id != doc.ID() {
		t.Errorf("the URL leads to %s, %v", id, err)
	}
	stranger := crdt.NewDocumentID()
	if _, err := p.Document(stranger); !errors.Is(err, peer.ErrUnknown) {
		t.Errorf("Document: %v", err)
	}
	if err := p.Forget(t.Context(), stranger); !errors.Is(err, peer.ErrUnknown) {
		t.Errorf("Forget: %v", err)
	}
	if _, err := p.Find(t.Context(), crdt.DocumentID{}); !errors.Is(err, peer.ErrUnknown) {
		t.Errorf("Find of the zero id: %v", err)
	}
}

// Whoever has no time gets an error, and has changed nothing.
func TestCancelled(t *testing.T) {
	p := openPeer(t, peer.Config{InMemory: true, Relay: "ws://127.0.0.1:1"})
	doc := p.create(set("n", 1))
	ctx, none := cancelled(t), func(crdt.Map) error { t.Error("called"); return nil }
	for what, do := range map[string]func() error{
		"Create":   func() error { _, err := p.Create(ctx, none); return err },
		"Forget":   func() error { return p.Forget(ctx, doc.ID()) },
		"Sync":     func() error { return p.Sync(ctx) },
		"Change":   func() error { return doc.Change(ctx, none) },
		"ChangeAt": func() error { return doc.ChangeAt(ctx, heads(t, doc), none) },
		"View":     func() error { return doc.View(ctx, none) },
		"Save":     func() error { _, err := doc.Save(ctx); return err },
		"sync one": func() error { return doc.Sync(ctx) },
		"Fork":     func() error { _, err := doc.Fork(ctx); return err },
		"Merge":    func() error { return doc.Merge(ctx, p.create(set("n", 2))) },
	} {
		if err := do(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := p.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	if got := read(t, doc)["n"]; got != int64(1) {
		t.Errorf("n is %v", got)
	}
	locked, free := make(chan struct{}), make(chan struct{})
	go func() {
		_ = doc.View(context.Background(), func(crdt.Map) error { close(locked); <-free; return nil })
	}()
	<-locked
	defer close(free)
	waiting, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- doc.Change(waiting, none) }()
	cancel()
	if err := next(t, done); !errors.Is(err, context.Canceled) {
		t.Errorf("Change while somebody looks: %v", err)
	}
}

// listen answers connections with what a function makes of them.
func listen(tb testing.TB, answer func(net.Conn)) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return "ws://" + listener.Addr().String()
}

// socketServer answers WebSockets.
func socketServer(tb testing.TB, answer func(*socket.Conn)) string {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := socket.Accept(w, r, socket.Options{ReadLimit: socket.FrameLimit})
		if err != nil {
			return
		}
		defer conn.Close(socket.CodeNormal, "")
		answer(conn)
	}))
	tb.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// What isn't a relay does no harm: the peer works as if offline, the state of the
// link says what is wrong, and closing it doesn't wait for anybody.
func TestNoRelay(t *testing.T) {
	page := func(code int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "<html>Welcome")
		}))
		t.Cleanup(server.Close)
		return "ws" + strings.TrimPrefix(server.URL, "http")
	}
	nobody := listen(t, func(net.Conn) {})
	after := func(first []byte) func(*socket.Conn) {
		return func(conn *socket.Conn) {
			join, err := conn.ReadFrame()
			if err != nil {
				return
			}
			join.Release()
			_ = conn.WriteFrame(first)
			for frame, err := conn.ReadFrame(); err == nil; frame, err = conn.ReadFrame() {
				frame.Release()
			}
		}
	}
	greeting := func(version string) []byte {
		return wire.Append(nil, wire.Peer{SenderID: "odd", TargetID: "p", Version: version})
	}
	for name, c := range map[string]struct {
		url, says string
	}{
		"a web page":      {page(http.StatusOK), "200"},
		"no page":         {page(http.StatusNotFound), "404"},
		"hangs up":        {nobody, "no answer"},
		"talks otherwise": {listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "220 mail ready\r\n") }), "malformed"},
		"text":            {socketServer(t, after([]byte("hello"))), "malformed"},
		"refuses":         {socketServer(t, after(wire.Append(nil, wire.Error{SenderID: "odd", Text: "closed on Sundays"}))), "Sundays"},
		"no greeting":     {socketServer(t, after(wire.Append(nil, wire.Leave{SenderID: "odd"}))), "must be a peer"},
		"the future":      {socketServer(t, after(greeting("9"))), "9"},
		"nonsense later": {socketServer(t, func(conn *socket.Conn) {
			_ = conn.WriteFrame(greeting(wire.Version))
			after([]byte{0xff, 0, 1})(conn)
		}), "malformed"},
		"others' names": {socketServer(t, func(conn *socket.Conn) {
			_ = conn.WriteFrame(greeting(wire.Version))
			after(wire.Append(nil, wire.Sync{SenderID: "else", TargetID: "p", Document: crdt.NewDocumentID(), Data: []byte{0x42, 0, 0, 0, 0}}))(conn)
		}), "senderId"},
	} {
		t.Run(name, func(t *testing.T) {
			p := openPeer(t, peer.Config{InMemory: true, Relay: c.url})
			doc := p.create(set("n", 1))
			p.run()
			s := p.until("it says what is wrong", func(s peer.LinkState) bool { return s.Phase == peer.Offline && s.Err != nil })
			if !strings.Contains(s.Err.Error(), c.says) || !strings.Contains(s.Err.Error(), c.url) {
				t.Errorf("the link says %v", s.Err)
			}
			change(t, doc, set("n", 2))
			if s := status(t, doc); s.State != peer.Pending {
				t.Errorf("the document is %s", s.State)
			}
		})
	}
}

// Servers that say nothing don't hold up whoever closes the peer.
func TestSilentRelay(t *testing.T) {
	arrived := make(chan struct{}, 2)
	mute := listen(t, func(conn net.Conn) { arrived <- struct{}{}; _, _ = io.Copy(io.Discard, conn) })
	shy := socketServer(t, func(conn *socket.Conn) {
		arrived <- struct{}{}
		for frame, err := conn.ReadFrame(); err == nil; frame, err = conn.ReadFrame() {
			frame.Release()
		}
	})
	for _, url := range []string{mute, shy} {
		p := openPeer(t, peer.Config{InMemory: true, Relay: url})
		doc := p.create(set("n", 1))
		p.run()
		next(t, arrived)
		change(t, doc, set("n", 2))
		if err := p.Run(t.Context()); !errors.Is(err, peer.ErrRunning) {
			t.Errorf("a second Run: %v", err)
		}
		closed := make(chan struct{})
		go func() { p.close(); close(closed) }()
		ended(t, closed)
	}
}

// A certificate that nobody vouches for is refused, and accepted once the
// configuration does.
func TestTLS(t *testing.T) {
	store, err := storage.Open(t.TempDir(), storage.Options{Small: true, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	served, err := relay.New(relay.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- served.Run(ctx) }()
	defer func() {
		stop()
		if err := next(t, ran); err != nil {
			t.Error(err)
		}
	}()
	server := httptest.NewUnstartedServer(served)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	url := "wss" + strings.TrimPrefix(server.URL, "https")

	p := openPeer(t, peer.Config{InMemory: true, Relay: url})
	doc := p.create(set("n", 1))
	p.run()
	s := p.until("it says what is wrong", func(s peer.LinkState) bool { return s.Err != nil })
	if !errors.Is(s.Err, socket.ErrTLS) || !strings.Contains(s.Err.Error(), "certificate") {
		t.Errorf("the link says %v", s.Err)
	}
	if s := status(t, doc); s.State != peer.Pending {
		t.Errorf("the document is %s", s.State)
	}
	p.close()

	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	p = openPeer(t, peer.Config{InMemory: true, Relay: url, TLS: &tls.Config{RootCAs: roots}})
	doc = p.create(set("n", 1))
	p.online()
	reaches(t, doc, peer.Synced)
	p.close()
}
