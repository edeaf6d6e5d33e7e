package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/rogpeppe/go-internal/testscript"

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
//	relay not NAME     a web server that is no relay
//	relay tls NAME     one with a certificate that nobody knows
func relayCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: relay start|stop|not|tls NAME")
	}
	w, name := worldOf(ts), args[1]
	switch args[0] {
	case "start":
		h := w.relays[name]
		if h == nil {
			h = &relayHost{address: "127.0.0.1:0"}
			w.relays[name] = h
			ts.Defer(func() { ts.Check(h.close()) })
		}
		ts.Check(h.start())
		ts.Setenv(name, "ws://"+h.address)
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

func (h *relayHost) start() (err error) {
	if h.store == nil {
		if h.store, err = storage.Open("", storage.Options{InMemory: true}); err != nil {
			return err
		}
	}
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
