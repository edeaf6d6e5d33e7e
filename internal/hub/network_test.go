package hub_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/socket"
)

// network is a hub and the way to reach it: pipes in memory, within a synctest
// bubble, where what is written waits until it is read; or real sockets.
type network struct {
	t      testing.TB
	hub    *hub.Hub
	store  *memory
	seen   *observations
	budget *socket.Budget
	served sync.WaitGroup

	serve func(conn *socket.Conn) // a server that isn't ours; nil = the hub

	url     string
	client  socket.Options
	dialled chan net.Conn
	closed  chan struct{}

	reasons chan string // why sessions ended
}

// largestFrame is smaller than in production, so that a test can fill it.
const largestFrame = 8 << 20

// newNetwork starts a hub on pipes. What the config lacks is filled in.
func newNetwork(t testing.TB, config hub.Config) *network {
	t.Helper()
	n := newHub(t, config)
	n.dialled, n.closed = make(chan net.Conn), make(chan struct{})
	n.url, n.client.DialContext = "ws://pipes", n.dial
	server := &http.Server{Handler: http.HandlerFunc(n.accept)}
	n.served.Go(func() { _ = server.Serve(n) })
	t.Cleanup(func() {
		n.hub.Close()
		_ = server.Close()
		n.served.Wait()
		n.check()
	})
	return n
}

// newLoopback starts a hub on real sockets.
func newLoopback(t testing.TB, config hub.Config) *network {
	t.Helper()
	n := newHub(t, config)
	server := httptest.NewServer(http.HandlerFunc(n.accept))
	n.url = "ws" + strings.TrimPrefix(server.URL, "http")
	t.Cleanup(func() {
		n.hub.Close()
		server.Close()
		n.served.Wait()
		n.check()
	})
	return n
}

func newHub(t testing.TB, config hub.Config) *network {
	n := &network{
		t: t, store: newMemory(), seen: &observations{}, reasons: make(chan string, 1000),
		budget: socket.NewBudget(2*largestFrame, largestFrame),
		client: socket.Options{ReadLimit: socket.FrameLimit},
	}
	if config.Store == nil {
		config.Store = n.store
	}
	config.Observer = n.seen
	config.PeerID, config.StorageID = "relay", "store"
	n.hub = hub.New(config)
	return n
}

func (n *network) accept(w http.ResponseWriter, r *http.Request) {
	conn, err := socket.Accept(w, r, socket.Options{Budget: n.budget})
	if err != nil {
		return // the test closed it
	}
	if n.serve != nil {
		n.served.Go(func() { n.serve(conn) })
		return
	}
	n.served.Go(func() {
		n.reasons <- hub.Reason(n.hub.Serve(conn))
	})
}

// check checks that nothing is left when all is over.
func (n *network) check() {
	if used := n.budget.InUse(); used != 0 {
		n.t.Errorf("%d bytes of frames were not released", used)
	}
	if outgoing, inflating := n.hub.Reserved(); outgoing != 0 || inflating != 0 {
		n.t.Errorf("%d bytes for outgoing and %d for deflated messages were not given back", outgoing, inflating)
	}
	if account, truth := n.hub.Weighed(); account != truth {
		n.t.Errorf("the account of memory says %d bytes, the documents %d", account, truth)
	}
	if stats := n.hub.Stats(); stats.Sessions != 0 {
		n.t.Errorf("%d sessions are left", stats.Sessions)
	}
	if open := n.seen.connected.Load() - n.seen.disconnected.Load(); open != 0 {
		n.t.Errorf("%d connections were not reported as ended", open)
	}
}

// checkEnded waits for as many sessions to end as reasons are given, and checks
// why they did, and that no other has ended. A goodbye may take a second if the
// peer isn't reading it.
func (n *network) checkEnded(want ...string) {
	n.t.Helper()
	var got []string
	for range want {
		select {
		case reason := <-n.reasons:
			got = append(got, reason)
		case <-time.After(time.Minute): // of the bubble's time
		}
	}
	for len(n.reasons) > 0 {
		got = append(got, <-n.reasons)
	}
	if !slices.Equal(got, want) {
		n.t.Errorf("sessions ended: %v, want %v", got, want)
	}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.dialled:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error { close(n.closed); return nil }

func (n *network) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case n.dialled <- theirs:
		return ours, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// open makes a connection and says nothing on it.
func (n *network) open() *socket.Conn {
	n.t.Helper()
	conn, err := socket.Dial(n.t.Context(), n.url, n.client)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(conn.Abort)
	return conn
}
