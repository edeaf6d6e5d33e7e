package relay_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// world is a relay on loopback with its store and its log.
type world struct {
	testing.TB
	relay   *relay.Relay
	store   *storage.Store
	address string
	log     *logbook
}

// begin serves a relay over an empty store in memory until the test ends.
func begin(t testing.TB, change func(*relay.Config)) *world {
	t.Helper()
	return beginOver(t, openStore(t, "", storage.Options{InMemory: true}), change)
}

func openStore(t testing.TB, dir string, opts storage.Options) *storage.Store {
	t.Helper()
	store, err := storage.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil && !errors.Is(err, storage.ErrClosed) {
			t.Errorf("close the store: %v", err)
		}
	})
	return store
}

func beginOver(t testing.TB, store *storage.Store, change func(*relay.Config)) *world {
	t.Helper()
	w := &world{TB: t, store: store, log: newLogbook()}
	config := relay.Config{Store: store, Logger: slog.New(slog.NewTextHandler(w.log, nil))}
	if change != nil {
		change(&config)
	}
	var err error
	if w.relay, err = relay.New(config); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- relay.Serve(ctx, listener, w.relay) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if t.Failed() {
			t.Logf("the relay's log:\n%s", w.log)
		}
	})
	return w
}

// get returns the status and the body of a page.
func (w *world) get(path string) (int, string) {
	w.Helper()
	return do(w, http.MethodGet, "http://"+w.address+path)
}

var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func do(t testing.TB, method, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// metric returns a metric's value, named as the page names it; zero if it isn't
// there.
func (w *world) metric(name string) float64 {
	w.Helper()
	_, page := w.get("/metrics")
	for line := range strings.Lines(page) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				w.Fatalf("metric %s: %v", name, err)
			}
			return value
		}
	}
	return 0
}

// eventually waits until a condition holds.
func (w *world) eventually(what string, holds func() bool) {
	w.Helper()
	deadline := time.After(patience)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-deadline:
			w.Fatalf("it never came about that %s", what)
		}
	}
}

// logbook is what a relay has logged.
type logbook struct {
	mu   sync.Mutex
	more *sync.Cond
	text bytes.Buffer
}

func newLogbook() *logbook {
	l := &logbook{}
	l.more = sync.NewCond(&l.mu)
	return l
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.more.Broadcast()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await returns the first line that contains all the words, when there is one.
func (l *logbook) await(t testing.TB, words ...string) string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	late := false
	timer := time.AfterFunc(patience, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		late = true
		l.more.Broadcast()
	})
	defer timer.Stop()
	for !late {
		for line := range strings.Lines(l.text.String()) {
			if containsAll(line, words) {
				return line
			}
		}
		l.more.Wait()
	}
	t.Fatalf("nothing logged with %q; but\n%s", words, l.text.String())
	return ""
}

func containsAll(line string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(line, word) {
			return false
		}
	}
	return true
}
