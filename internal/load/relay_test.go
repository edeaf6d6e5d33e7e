package load_test

import (
	"context"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

// server is a relay within this process: a load.Server whose crashes are
// gentle.
type server struct {
	t     *testing.T
	store *storage.Store

	mu      sync.Mutex
	address string
	end     context.CancelFunc
	ended   chan error
}

func newServer(t *testing.T) *server {
	t.Helper()
	store, err := storage.Open("", storage.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, store: store, address: "127.0.0.1:0"}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "ws://" + s.address
}

func (s *server) PID() int { return os.Getpid() }

func (s *server) Start(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	r, err := relay.New(relay.Config{Store: s.store})
	if err != nil {
		return err
	}
	s.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	s.end, s.ended = cancel, make(chan error, 1)
	go func() { s.ended <- relay.Serve(ctx, listener, r) }()
	return nil
}

func (s *server) Stop() error {
	s.end()
	return <-s.ended
}

func (s *server) Kill() error { return s.Stop() }
