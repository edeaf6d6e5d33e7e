package relay

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"time"
)

var (
	//go:embed status.html
	pageHTML string
	//go:embed status.css
	pageCSS string
	//go:embed status.js
	pageJS string

	pageTemplate = template.Must(template.New("status").Parse(pageHTML))

	// pagePolicy lets the page run its own script and style, by their hashes,
	// and ask its own relay; nothing else.
	pagePolicy = strings.Join([]string{
		"default-src 'none'",
		"script-src " + sourceHash(pageJS),
		"style-src " + sourceHash(pageCSS),
		"img-src data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
)

func sourceHash(source string) string {
	sum := sha256.Sum256([]byte(source))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// status is what the page shows: no names, no addresses, no ids.
type status struct {
	Healthy bool    `json:"healthy"`
	Health  string  `json:"health"`
	Figures []entry `json:"figures"`
}

// entry is one line of the page, written for people.
type entry struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

func (r *Relay) status() status {
	s := status{Healthy: true, Health: "healthy"}
	if err := r.condition(); err != nil {
		s.Healthy, s.Health = false, sickText(sickness(err))
	}
	now := r.read()
	s.Figures = []entry{
		{"Connections", count(int64(now.hub.Sessions))},
		{"Documents open", count(int64(now.hub.Documents))},
		{"Subscriptions", count(int64(now.hub.Announcing + now.hub.Listening))},
		{"Changes stored", count(now.store.Changes)},
		{"Changes delivered", count(r.counters.nowDelivered.Load())},
		{"Changes refused", count(r.counters.nowRefused.Load())},
		{"Free disk", size(now.store.DiskFree)},
		{"Document memory", size(now.hub.Bytes)},
		{"Running for", span(time.Since(r.started))},
	}
	return s
}

// serveStatus is what the page refreshes itself from.
func (r *Relay) serveStatus(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(r.status()); err != nil {
		r.config.Logger.Debug("status not delivered", "error", err)
	}
}

// servePage shows a person what the relay is doing. It is complete without its
// script, which only keeps it up to date.
func (r *Relay) servePage(w http.ResponseWriter, req *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("Referrer-Policy", "no-referrer")
	err := pageTemplate.Execute(w, map[string]any{
		"CSS":     template.CSS(pageCSS), // our own, as its hash in the policy says
		"JS":      template.JS(pageJS),
		"URL":     socketURL(req),
		"Version": Version(),
		"Status":  r.status(),
	})
	if err != nil {
		r.config.Logger.Debug("status page not delivered", "error", err)
	}
}

// socketURL guesses the address to connect to from the one that was asked for;
// the page's script knows it better.
func socketURL(req *http.Request) string {
	scheme := "ws://"
	if req.TLS != nil || req.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "wss://"
	}
	return scheme + req.Host
}
