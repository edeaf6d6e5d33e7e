package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

// relayHost is a relay in this process.
type relayHost struct {
	store   *storage.Store
	address string
	stop    context.CancelFunc
	ended   chan error
}

// relayCommand implements
//
//	relay start NAME   begins, or begins again at the same address; $NAME is its URL
//	relay stop NAME
//	relay newer NAME   puts a document of the future in one that has not begun; $NEWER is its URL
//	relay not NAME     a web server that is no relay
//	relay tls NAME     one with a certificate that nobody knows
func relayCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: relay start|stop|newer|not|tls NAME")
	}
	w, name := worldOf(ts), args[1]
	switch args[0] {
	case "start":
		h := w.relay(ts, name)
		ts.Check(h.start())
		ts.Setenv(name, "ws://"+h.address)
	case "newer":
		id, err := w.relay(ts, name).future()
		ts.Check(err)
		ts.Setenv("NEWER", id.URL())
	case "stop":
		ts.Check(w.relays[name].halt())
	case "not":
		server := httptest.NewServer(http.NotFoundHandler())
		ts.Defer(server.Close)
		ts.Setenv(name, "ws://"+server.Listener.Addr().String())
	case "tls":
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		server.Config.ErrorLog = discarded
		server.StartTLS()
		ts.Defer(server.Close)
		ts.Setenv(name, "wss://"+server.Listener.Addr().String())
	}
}

// relay returns a relay of the world.
func (w *world) relay(ts *testscript.TestScript, name string) *relayHost {
	h := w.relays[name]
	if h == nil {
		store, err := storage.Open("", storage.Options{InMemory: true})
		ts.Check(err)
		h = &relayHost{store: store, address: "127.0.0.1:0"}
		w.relays[name] = h
		ts.Defer(func() { ts.Check(h.close()) })
	}
	return h
}

// future adds a document of which half is understood.
func (h *relayHost) future() (id crdt.DocumentID, err error) {
	d := change.Draft{Actor: crdt.NewActorID(), Seq: 1, StartOp: 1, Ops: []change.Op{
		{Key: change.MapKey("known"), Action: change.ActionSet, Value: change.Text("yes")},
		{Key: change.MapKey("unknown"), Action: change.ActionMark + 1},
	}}
	c, err := d.Encode()
	if err != nil {
		return id, err
	}
	id = crdt.NewDocumentID()
	_, err = h.store.Commit(context.Background(), &storage.Batch{Appends: []storage.Append{{Document: id, Changes: []*change.Change{c}}}})
	return id, err
}

func (h *relayHost) start() error {
	listener, err := net.Listen("tcp", h.address)
	if err != nil {
		return err
	}
	h.address = listener.Addr().String()
	r, err := relay.New(relay.Config{Store: h.store})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	h.stop, h.ended = stop, make(chan error, 1)
	go func() { h.ended <- relay.Serve(ctx, listener, r) }()
	return nil
}

func (h *relayHost) halt() error {
	if h.stop == nil {
		return nil
	}
	h.stop()
	h.stop = nil
	return <-h.ended
}

func (h *relayHost) close() error { return errors.Join(h.halt(), h.store.Close()) }
