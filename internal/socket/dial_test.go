package socket_test

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
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/internal/socket"
)

func TestDialErrors(t *testing.T) {
	page := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello") })
	missing := serve(t, http.NotFound)
	moved := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/sync", http.StatusFound) })
	secret := secure(t, func(http.ResponseWriter, *http.Request) {})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "ws://" + free.Addr().String()
	_ = free.Close()
	for name, c := range map[string]struct {
		url  string
		want error
		text string
	}{
		"a page":         {page, socket.ErrHandshake, "200 OK"},
		"no page":        {missing, socket.ErrHandshake, "404 Not Found"},
		"moved":          {moved, socket.ErrHandshake, "/sync"},
		"nobody":         {nobody, socket.ErrUnreachable, "refused"},
		"no such host":   {"ws://nowhere.invalid", socket.ErrUnreachable, "nowhere.invalid"},
		"no certificate": {"wss" + strings.TrimPrefix(secret.URL, "https"), socket.ErrTLS, "certificate"},
		"no TLS":         {"wss" + strings.TrimPrefix(page, "ws"), socket.ErrTLS, "ws:"},
		"TLS only":       {"ws" + strings.TrimPrefix(secret.URL, "https"), socket.ErrHandshake, "400"},
		"another scheme": {"http://127.0.0.1:1", socket.ErrURL, "ws://"},
		"no scheme":      {"127.0.0.1:3030", socket.ErrURL, ""},
		"no host":        {"ws:///sync", socket.ErrURL, "ws://"},
		"nothing":        {"", socket.ErrURL, "ws://"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := socket.Dial(t.Context(), c.url, socket.Options{})
			if err == nil {
				conn.Abort()
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v, want %v and %q", err, c.want, c.text)
			}
		})
	}
}

func TestDialCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := socket.Dial(ctx, "ws://127.0.0.1:1", socket.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("dialled: %v", err)
	}
}

// TestDialTLS: a certificate of one's own, and a header for whoever stands
// before the server.
func TestDialTLS(t *testing.T) {
	seen := make(chan string, 1)
	server := secure(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("Authorization")
		if conn, err := socket.Accept(w, r, socket.Options{}); err == nil {
			conn.Abort()
		}
	})
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	conn, err := socket.Dial(t.Context(), "wss"+strings.TrimPrefix(server.URL, "https"), socket.Options{
		TLS:    &tls.Config{RootCAs: roots},
		Header: http.Header{"Authorization": {"Bearer x"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	conn.Abort()
	if got := <-seen; got != "Bearer x" {
		t.Errorf("the server saw %q", got)
	}
}

// secure starts an HTTPS server whose certificate nobody knows.
func secure(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// A server that takes the connection and says nothing holds nobody up.
func TestDialCancelledWhileWaiting(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	mine := errors.New("changed my mind")
	go func() {
		conn, err := silent.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 1)) // the request has come
		cancel(mine)
		_, _ = io.Copy(io.Discard, conn)
	}()
	conn, err := socket.Dial(ctx, "ws://"+silent.Addr().String(), socket.Options{HandshakeTimeout: time.Hour})
	if !errors.Is(err, mine) {
		t.Fatalf("dialled %v, %v", conn, err)
	}
}
