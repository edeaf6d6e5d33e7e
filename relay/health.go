package relay

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// healthTimeout is how long the store may take before it counts as sick.
	healthTimeout = 5 * time.Second
	// healthFresh is for how long an answer is given again: a check is a durable
	// commit, and probes may be many.
	healthFresh = time.Second
)

// health remembers how the store was when it was last checked.
type health struct {
	check func(context.Context) error
	log   *slog.Logger

	mu  sync.Mutex // held while checking: those who ask meanwhile share the answer
	at  time.Time
	err error
}

// probe returns nil if the store can be written and read.
func (h *health) probe() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.at.IsZero() && time.Since(h.at) < healthFresh {
		return h.err
	}
	// Not the request's context: others wait for the same answer.
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	err := h.check(ctx)
	h.tell(err)
	h.at, h.err = time.Now(), err
	return err
}

// tell logs when the health changes.
func (h *health) tell(err error) {
	switch {
	case err != nil && h.err == nil:
		h.log.Error("unhealthy", "reason", sickness(err), "error", err)
	case err == nil && h.err != nil:
		h.log.Info("healthy again")
	}
}

// condition returns nil if the relay can do what it is there for.
func (r *Relay) condition() error {
	if r.stopping.Load() {
		return errStopping
	}
	return r.health.probe()
}

// serveHealth answers 200 or 503, and why. Details stay in the log.
func (r *Relay) serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := r.condition(); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "unhealthy:", sickness(err)) //nolint:errcheck // the prober has gone
		return
	}
	fmt.Fprintln(w, "ok") //nolint:errcheck // the prober has gone
}
