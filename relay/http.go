package relay

import (
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/godwit-sync/godwit/internal/socket"
)

// ServeHTTP makes a WebSocket of a request that wants to be one, and answers
// others from its pages. It may be called before Run; once Run's context has
// ended, WebSockets are refused with status 503.
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if isUpgrade(req) {
		r.connect(w, req)
		return
	}
	page, ok := r.pages[req.URL.Path]
	if !ok {
		http.NotFound(w, req)
		return
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	page(w, req)
}

// routes returns the pages by path. They are no http.ServeMux because that
// redirects what it takes for a sloppy path, to where we are not if we are
// mounted below a prefix.
func (r *Relay) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"":             redirectToDirectory,
		"/":            r.servePage,
		"/status.json": r.serveStatus,
		"/healthz":     r.serveHealth,
		"/metrics":     promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}).ServeHTTP,
	}
}

// redirectToDirectory adds the slash that a mounted relay's address lacks, so
// that the page's relative links lead somewhere.
func redirectToDirectory(w http.ResponseWriter, req *http.Request) {
	asked, _, _ := strings.Cut(req.RequestURI, "?")
	w.Header().Set("Location", "./"+path.Base(asked)+"/")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

func isUpgrade(req *http.Request) bool {
	return strings.EqualFold(req.Header.Get("Upgrade"), "websocket")
}

// connect makes a WebSocket of the request and leaves it to the hub.
func (r *Relay) connect(w http.ResponseWriter, req *http.Request) {
	switch {
	case r.stopping.Load():
		r.turnAway(req, "stopping", errStopping)
		http.Error(w, "stopping; connect again later", http.StatusServiceUnavailable)
		return
	case !r.sockets.CheckOrigin(req):
		origin := req.Header.Get("Origin")
		r.turnAway(req, "origin", fmt.Errorf("origin %.100q is not allowed", origin))
		http.Error(w, "this relay takes no connections from pages of this origin; allow it with --allow-origin, or AllowOrigins", http.StatusForbidden)
		return
	}
	conn, err := socket.Accept(w, req, r.sockets)
	if err != nil {
		r.turnAway(req, socket.Reason(err), err)
		return
	}
	// The handler returns, so that an idle connection costs one goroutine.
	go r.hub.Serve(conn) //nolint:errcheck // Serve has logged it
}

func (r *Relay) turnAway(req *http.Request, reason string, err error) {
	r.counters.rejected.WithLabelValues(reason).Inc()
	r.config.Logger.Info("turned away a connection", "address", req.RemoteAddr, "reason", reason, "error", err)
}
