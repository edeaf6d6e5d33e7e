package relay_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

func TestNewWantsAStoreAndOrigins(t *testing.T) {
	if _, err := relay.New(relay.Config{}); !errors.Is(err, relay.ErrNoStore) {
		t.Errorf("without a store: %v", err)
	}
	store := openStore(t, "", storage.Options{InMemory: true})
	if _, err := relay.New(relay.Config{Store: store, AllowOrigins: []string{"example.org"}}); err == nil {
		t.Error("an origin without a scheme was taken")
	}
}

func TestPages(t *testing.T) {
	w := begin(t, nil)
	for _, page := range []struct {
		method, path string
		status       int
		contains     string
	}{
		{"GET", "/", 200, "godwit relay"},
		{"GET", "/", 200, "ws://" + w.address},
		{"GET", "/status.json", 200, `"healthy":true`},
		{"GET", "/healthz", 200, "ok"},
		{"GET", "/metrics", 200, "godwit_build_info"},
		{"HEAD", "/", 200, ""},
		{"HEAD", "/healthz", 200, ""},
		{"POST", "/healthz", 405, ""},
		{"DELETE", "/", 405, ""},
		{"GET", "/nothing", 404, ""},
		{"GET", "/../status.go", 404, ""},
		{"GET", "//", 404, ""},
	} {
		status, body := do(t, page.method, "http://"+w.address+page.path)
		if status != page.status || !strings.Contains(body, page.contains) {
			t.Errorf("%s %s: %d, want %d with %q; %s", page.method, page.path, status, page.status, page.contains, body)
		}
	}
}

// TestPagesNameNobody: who is connected, and to what, is nobody's business.
func TestPagesNameNobody(t *testing.T) {
	w := begin(t, nil)
	c := w.couple()
	for _, path := range []string{"/", "/status.json", "/metrics"} {
		_, body := w.get(path)
		for _, secret := range []string{"alice", c.doc.String(), c.alice.relay} {
			if strings.Contains(body, secret) {
				t.Errorf("%s names %s", path, secret)
			}
		}
	}
}

func TestStatusCounts(t *testing.T) {
	w := begin(t, nil)
	w.couple() // three changes, each delivered once
	w.eventually("the page says so", func() bool {
		_, body := w.get("/status.json")
		return strings.Contains(body, `{"name":"Connections","text":"2"}`) &&
			strings.Contains(body, `{"name":"Documents open","text":"1"}`) &&
			strings.Contains(body, `{"name":"Changes stored","text":"3"}`) &&
			strings.Contains(body, `{"name":"Changes delivered","text":"3"}`)
	})
}

// TestBelowAPrefix mounts a relay as the package comment says.
func TestBelowAPrefix(t *testing.T) {
	w := begin(t, nil)
	mux := http.NewServeMux()
	stripped := http.StripPrefix("/sync", w.relay)
	mux.Handle("/sync", stripped)
	mux.Handle("/sync/", stripped)
	server := httptest.NewServer(mux)
	defer server.Close()

	for path, want := range map[string]int{"/sync/": 200, "/sync/healthz": 200, "/sync": 307, "/healthz": 404} {
		if status, body := do(t, http.MethodGet, server.URL+path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/sync", "/sync/", "/sync/any/path"} {
		ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+path, nil)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		_ = ws.Close()
	}
}

// TestRedirectBelowAPrefix leads to the address with a slash, whatever is
// before the prefix.
func TestRedirectBelowAPrefix(t *testing.T) {
	w := begin(t, nil)
	recorder := httptest.NewRecorder()
	http.StripPrefix("/a/sync", w.relay).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/a/sync?x=1", nil))
	if got := recorder.Header().Get("Location"); got != "./sync/" {
		t.Errorf("redirected to %q", got)
	}
}

func TestOrigins(t *testing.T) {
	w := begin(t, func(c *relay.Config) { c.AllowOrigins = []string{"https://*.example.org"} })
	for origin, allowed := range map[string]bool{
		"":                         true,
		"http://" + w.address:      true,
		"http://localhost:5173":    true,
		"https://app.example.org":  true,
		"https://app.example.com":  false,
		"https://example.org.evil": false,
		"http://app.example.org":   false,
		"null":                     false,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		ws, response, err := websocket.DefaultDialer.Dial("ws://"+w.address, header)
		if (err == nil) != allowed {
			t.Errorf("origin %q: %v", origin, err)
		}
		if err == nil {
			_ = ws.Close()
		} else if body, _ := io.ReadAll(response.Body); response.StatusCode != 403 || !strings.Contains(string(body), "origin") {
			t.Errorf("origin %q: %d %s", origin, response.StatusCode, body)
		}
	}
	if got := w.metric(`godwit_connections_rejected_total{reason="origin"}`); got != 4 {
		t.Errorf("%v rejections counted, want 4", got)
	}
}

// TestReboundName: a page whose name has come to mean this machine may connect
// only if it was allowed.
func TestReboundName(t *testing.T) {
	w := begin(t, func(c *relay.Config) { c.AllowOrigins = []string{"https://app.example.org"} })
	for origin, allowed := range map[string]bool{
		"https://rebound.example": false,
		"https://app.example.org": true,
	} {
		header := http.Header{"Origin": {origin}, "Host": {strings.TrimPrefix(origin, "https://")}}
		ws, response, err := websocket.DefaultDialer.Dial("ws://"+w.address, header)
		if (err == nil) != allowed {
			t.Errorf("origin %q: %v", origin, err)
		}
		if err == nil {
			_ = ws.Close()
		} else if response == nil || response.StatusCode != http.StatusForbidden {
			t.Errorf("origin %q: %v", origin, response)
		}
	}
}

// TestRunEndsGracefully: everybody is told; what was under way is stored;
// newcomers are sent away; health says why.
func TestRunEndsGracefully(t *testing.T) {
	store := openStore(t, "", storage.Options{InMemory: true})
	w := beginOver(t, store, nil) // keeps listening
	p := w.join("alice")
	doc := docid.New()
	p.open(doc)
	p.edit(doc)

	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := w.relay.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if told := p.ended(); !strings.Contains(told, "stopping") {
		t.Errorf("it was told %q", told)
	}
	if status, body := w.get("/healthz"); status != 503 || !strings.Contains(body, "stopping") {
		t.Errorf("health: %d %s", status, body)
	}
	_, response, err := websocket.DefaultDialer.Dial("ws://"+w.address, nil)
	if err == nil || response.StatusCode != 503 {
		t.Errorf("a newcomer got %v, %v", response, err)
	}
	if info, err := store.Document(doc); err != nil || info.Changes != 1 {
		t.Errorf("the store has %+v, %v", info, err)
	}
}
