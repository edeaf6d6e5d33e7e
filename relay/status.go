package relay

import (
	_ "embed"
	"html/template"
	"net/http"
	"time"
)

//go:embed status.html
var statusPage string

var statusTemplate = template.Must(template.New("status").Parse(statusPage))

// status shows a person what the relay is doing.
func (r *Relay) status(w http.ResponseWriter, req *http.Request) {
	hub, store := r.hub.Stats(), r.config.Store.Stats()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	err := statusTemplate.Execute(w, map[string]any{
		"Host":      req.Host,
		"Secure":    req.TLS != nil || req.Header.Get("X-Forwarded-Proto") == "https",
		"PeerID":    r.config.PeerID,
		"Uptime":    time.Since(r.started).Round(time.Second),
		"Sessions":  hub.Sessions,
		"Documents": hub.Documents,
		"Sequence":  store.Last,
		"Changes":   store.Changes,
	})
	if err != nil {
		r.config.Logger.Debug("status page not delivered", "error", err)
	}
}
