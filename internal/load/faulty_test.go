package load_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// forgetful is a relay that loses its store in a crash.
type forgetful struct{ *server }

func (f *forgetful) Kill() error {
	other := newServer(f.t)
	if err := f.Stop(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.store = other.store
	return nil
}

// faulty is a server that greets, and answers every sync message as answer
// says: nil = not at all.
type faulty struct {
	url     string
	answer  func(wire.Sync) *crdtsync.Message
	serving sync.WaitGroup
}

func newFaulty(t *testing.T, answer func(wire.Sync) *crdtsync.Message) *faulty {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{url: "ws://" + listener.Addr().String(), answer: answer}
	web := &http.Server{Handler: f}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	t.Cleanup(func() {
		_ = web.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		f.serving.Wait()
	})
	return f
}

func (f *faulty) URL() string                 { return f.url }
func (f *faulty) PID() int                    { return 1 }
func (f *faulty) Start(context.Context) error { return nil }
func (f *faulty) Stop() error                 { return nil }
func (f *faulty) Kill() error                 { return nil }

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := socket.Accept(w, r, socket.Options{ReadLimit: socket.FrameLimit})
	if err != nil {
		return
	}
	f.serving.Go(func() { f.serve(conn) })
}

func (f *faulty) serve(conn *socket.Conn) {
	defer conn.Abort()
	for {
		frame, err := conn.ReadFrame()
		if err != nil {
			return
		}
		m, err := wire.Decode(frame.Bytes)
		if err != nil {
			return
		}
		if reply := f.reply(m); reply != nil && conn.WriteFrame(wire.Append(nil, reply)) != nil {
			return
		}
	}
}

func (f *faulty) reply(m wire.Message) wire.Message {
	switch m := m.(type) {
	case wire.Join:
		return wire.Peer{SenderID: "faulty", TargetID: m.SenderID, Version: wire.Version}
	case wire.Sync:
		if answer := f.answer(m); answer != nil {
			return wire.Sync{SenderID: "faulty", TargetID: m.SenderID, Document: m.Document, Data: answer.Append(nil)}
		}
	}
	return nil
}

func paced(s load.Server) load.PacedConfig {
	return load.PacedConfig{
		Run: load.Run{Patience: 100 * time.Millisecond}, Server: s,
		Shape: load.Shape{Documents: 1, Peers: 2}, Rate: 100, During: time.Millisecond,
	}
}

func TestSilentServerStalls(t *testing.T) {
	s := newFaulty(t, func(wire.Sync) *crdtsync.Message { return nil })
	if _, err := load.Paced(t.Context(), paced(s)); !errors.Is(err, load.ErrStalled) {
		t.Errorf("got %v, want ErrStalled", err)
	}
}

// A server that acknowledges and keeps nothing must not pass for a fast one.
func TestSwallowingServerStalls(t *testing.T) {
	s := newFaulty(t, func(m wire.Sync) *crdtsync.Message {
		heard, err := crdtsync.Decode(m.Data)
		if err != nil {
			return nil
		}
		return &crdtsync.Message{Heads: heard.Heads}
	})
	if _, err := load.Paced(t.Context(), paced(s)); !errors.Is(err, load.ErrStalled) {
		t.Errorf("got %v, want ErrStalled", err)
	}
}

func TestForeignChangeIsAnError(t *testing.T) {
	foreign, err := (&change.Draft{Actor: "nobody's", Seq: 1, StartOp: 1}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	s := newFaulty(t, func(wire.Sync) *crdtsync.Message {
		return &crdtsync.Message{Heads: []change.Hash{foreign.Hash}, Changes: [][]byte{foreign.Bytes()}}
	})
	if _, err := load.Paced(t.Context(), paced(s)); !errors.Is(err, load.ErrForeign) {
		t.Errorf("got %v, want ErrForeign", err)
	}
}
