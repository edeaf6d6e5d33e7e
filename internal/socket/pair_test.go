package socket_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/internal/socket"
)

// pair is a connection seen from both ends.
type pair struct{ server, client *socket.Conn }

// connect opens a connection over loopback.
func connect(t testing.TB, server, client socket.Options) pair {
	t.Helper()
	accepted := make(chan *socket.Conn, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := socket.Accept(w, r, server)
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	})
	conn, err := socket.Dial(t.Context(), url, client)
	if err != nil {
		t.Fatal(err)
	}
	p := pair{server: <-accepted, client: conn}
	t.Cleanup(p.server.Abort)
	t.Cleanup(p.client.Abort)
	return p
}

// serve starts an HTTP server on loopback and returns its WebSocket URL.
func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http")
}
