package relay

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/godwit-sync/godwit/internal/socket"
)

// healthTimeout is how long the store may take before it counts as sick.
const healthTimeout = 5 * time.Second

func (r *Relay) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", r.root)
	mux.HandleFunc("GET /healthz", r.health)
	mux.Handle("GET /metrics", promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{}))
	return mux
}

// root upgrades WebSockets, on any path, and shows others the status page.
func (r *Relay) root(w http.ResponseWriter, req *http.Request) {
	switch {
	case isUpgrade(req):
		conn, err := socket.Accept(w, req, r.sockets)
		if err != nil {
			r.config.Logger.Warn("refused a connection", "address", req.RemoteAddr, "origin", req.Header.Get("Origin"), "error", err)
			return
		}
		// The handler returns, so that an idle connection costs one goroutine.
		go r.hub.Serve(conn) //nolint:errcheck // Serve has logged it
	case req.URL.Path == "/":
		r.status(w, req)
	default:
		http.NotFound(w, req)
	}
}

func isUpgrade(req *http.Request) bool {
	return strings.EqualFold(req.Header.Get("Upgrade"), "websocket")
}

// health answers 200 if the store can be written and read.
func (r *Relay) health(w http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), healthTimeout)
	defer cancel()
	if err := r.config.Store.Check(ctx); err != nil {
		r.config.Logger.Error("unhealthy", "error", err)
		http.Error(w, "unhealthy: the store can't be written or read; see the relay's log", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}
