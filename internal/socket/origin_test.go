package socket_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/godwit-sync/godwit/internal/socket"
)

func TestAllowOrigins(t *testing.T) {
	for _, c := range []struct {
		patterns []string
		origin   string
		want     bool
	}{
		{nil, "", true},
		{nil, "https://relay.example:3030", true},
		{nil, "https://RELAY.example:3030", true},
		{nil, "https://relay.example", false},
		{nil, "http://localhost:5173", true},
		{nil, "http://app.localhost", true},
		{nil, "http://127.0.0.1", true},
		{nil, "http://127.9.9.9:80", true},
		{nil, "http://[::1]:8080", true},
		{nil, "http://127.0.0.1.evil.example", false},
		{nil, "http://localhost.evil.example", false},
		{nil, "http://0.0.0.0", false},
		{nil, "null", false},
		{nil, "https://app.example", false},
		{nil, "::", false},
		{[]string{"null"}, "null", true},
		{[]string{"*"}, "null", true},
		{[]string{"*"}, "https://app.example", true},
		{[]string{"https://app.example"}, "https://app.example", true},
		{[]string{"https://App.Example"}, "https://app.example", true},
		{[]string{"https://app.example"}, "http://app.example", false},
		{[]string{"https://app.example"}, "https://app.example:444", false},
		{[]string{"https://app.example"}, "https://app.example.evil", false},
		{[]string{"https://x.example", "https://*.app.example"}, "https://a.b.app.example", true},
		{[]string{"https://*.app.example"}, "https://app.example", false},
		{[]string{"https://*.app.example"}, "https://evilapp.example", false},
		{[]string{"https://*.app.example"}, "http://a.app.example", false},
		{[]string{"https://*.app.example:8443"}, "https://a.app.example:8443", true},
		{[]string{"https://*.app.example:8443"}, "https://a.app.example", false},
	} {
		allow, err := socket.AllowOrigins(c.patterns)
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{Host: "relay.example:3030", Header: http.Header{}}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if got := allow(r); got != c.want {
			t.Errorf("%q with %q: %v", c.origin, c.patterns, got)
		}
	}
}

// A name that resolves to this machine, such as a page may get for itself, is
// not the same host, though it is what the page asked for.
func TestReboundNameIsNotTheSameHost(t *testing.T) {
	for _, c := range []struct {
		local, host, origin string
		patterns            []string
		want                bool
	}{
		{"127.0.0.1", "rebound.example:3030", "http://rebound.example:3030", nil, false},
		{"127.0.0.2", "rebound.example:3030", "http://rebound.example:3030", nil, false},
		{"::1", "rebound.example:3030", "http://rebound.example:3030", nil, false},
		{"::ffff:127.0.0.1", "rebound.example:3030", "http://rebound.example:3030", nil, false},
		{"127.0.0.1", "127.0.0.1.nip.example", "http://127.0.0.1.nip.example", nil, false},
		{"127.0.0.1", "app.example", "https://app.example", []string{"https://app.example"}, true},
		{"127.0.0.1", "app.example", "http://localhost:5173", nil, true},
		{"127.0.0.1", "localhost:3030", "http://localhost:3030", nil, true},
		{"::1", "[::1]:3030", "http://[::1]:3030", nil, true},
		{"127.0.0.1", "app.example", "", nil, true},
		{"192.0.2.1", "relay.example:3030", "http://relay.example:3030", nil, true},
		{"2001:db8::1", "relay.example", "https://relay.example", nil, true},
	} {
		allow, err := socket.AllowOrigins(c.patterns)
		if err != nil {
			t.Fatal(err)
		}
		local := &net.TCPAddr{IP: net.ParseIP(c.local), Port: 3030}
		r := (&http.Request{Host: c.host, Header: http.Header{}}).
			WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, local))
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if got := allow(r); got != c.want {
			t.Errorf("%q of %q at %s with %q: %v", c.origin, c.host, c.local, c.patterns, got)
		}
	}
}

func TestOriginPatterns(t *testing.T) {
	for _, p := range []string{
		"", "app.example", "ftp://app.example", "https://", "https://*", "https://*.", "https://a.*.example",
		"https://app.example/", "https://app.example/path", "https://user@app.example", "https://app.example?x",
	} {
		if _, err := socket.AllowOrigins([]string{"https://fine.example", p}); !errors.Is(err, socket.ErrPattern) {
			t.Errorf("%q: got %v", p, err)
		}
	}
}
