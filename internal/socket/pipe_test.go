package socket_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/godwit-sync/godwit/internal/socket"
)

// pipes is a network within a synctest bubble: what is written waits until it
// is read, so a peer that doesn't read is noticed at the first byte.
type pipes struct {
	dialled  chan net.Conn
	closed   chan struct{}
	accepted chan *socket.Conn
}

// listen starts a server on pipes that accepts with the given options.
func listen(t *testing.T, opts socket.Options) *pipes {
	t.Helper()
	p := &pipes{
		dialled:  make(chan net.Conn),
		closed:   make(chan struct{}),
		accepted: make(chan *socket.Conn, 1),
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := socket.Accept(w, r, opts)
		if err != nil {
			t.Error(err)
		}
		p.accepted <- conn
	})}
	go func() { _ = server.Serve(p) }()
	t.Cleanup(func() { _ = server.Close() })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.dialled:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { close(p.closed); return nil }

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.dialled <- theirs
	return ours, nil
}

// connect opens a connection with both ends ours.
func (p *pipes) connect(t *testing.T, opts socket.Options) pair {
	t.Helper()
	opts.DialContext = p.dial
	client, err := socket.Dial(t.Context(), "ws://pipes", opts)
	if err != nil {
		t.Fatal(err)
	}
	both := pair{server: <-p.accepted, client: client}
	t.Cleanup(both.server.Abort)
	t.Cleanup(both.client.Abort)
	return both
}

// strange opens a connection whose client is not ours: what it does, and what
// it fails to do, is up to the test.
func (p *pipes) strange(t *testing.T) (*socket.Conn, *websocket.Conn) {
	t.Helper()
	conn, _ := p.dial(t.Context(), "", "")
	dialer := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	ws, response, err := dialer.DialContext(t.Context(), "ws://pipes", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	server := <-p.accepted
	t.Cleanup(server.Abort)
	t.Cleanup(func() { _ = ws.Close() })
	return server, ws
}
