package relay

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/storage"
)

// ErrNoStore is returned by [New] for a configuration without a store.
var ErrNoStore = errors.New("relay: the configuration names no store")

// DefaultFrameBudget is the memory, in bytes, that all incoming frames may hold
// together.
const DefaultFrameBudget = 512 << 20

// Config says how a relay works. Only Store is required.
type Config struct {
	// Store keeps the documents. It must stay open until Run has returned.
	Store *storage.Store
	// AllowOrigins are pages that may connect, besides those of the same host
	// and of loopback hosts: "https://app.example.org",
	// "https://*.example.org", "*" for all.
	AllowOrigins []string
	// Logger gets the comings and goings; nil = silent.
	Logger *slog.Logger
	// PeerID is the relay's name in the protocol; empty = "godwit-relay-" and
	// part of the store's incarnation.
	PeerID string
	// SessionDocuments is how many documents one connection may have open;
	// 0 = 100,000.
	SessionDocuments int
	// GraphBytes is how much memory the graphs of documents in use may take;
	// 0 = 256 MiB. More documents than fit are read again when needed.
	GraphBytes int64
	// FrameBudget is how much memory all incoming frames may hold together, in
	// bytes; 0 = DefaultFrameBudget. Connections wait their turn.
	FrameBudget int64
}

// Relay serves one store. See [New].
type Relay struct {
	config   Config
	hub      *hub.Hub
	sockets  socket.Options
	budget   *socket.Budget
	registry *prometheus.Registry
	mux      *http.ServeMux
	started  time.Time // for the status page alone
}

// New checks the configuration and returns a relay that is ready to serve. It
// starts nothing.
func New(config Config) (*Relay, error) {
	if config.Store == nil {
		return nil, ErrNoStore
	}
	origins, err := socket.AllowOrigins(config.AllowOrigins)
	if err != nil {
		return nil, err
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	incarnation := config.Store.Incarnation()
	if config.PeerID == "" {
		config.PeerID = "godwit-relay-" + hex.EncodeToString(incarnation[:4])
	}
	if config.FrameBudget == 0 {
		config.FrameBudget = DefaultFrameBudget
	}
	r := &Relay{
		config:   config,
		budget:   socket.NewBudget(config.FrameBudget, socket.FrameLimit),
		registry: prometheus.NewRegistry(),
		started:  time.Now(),
	}
	r.sockets = socket.Options{CheckOrigin: origins, Budget: r.budget}
	r.hub = hub.New(hub.Config{
		Store:            config.Store,
		Greeting:         greeting(config.PeerID, incarnation),
		Logger:           config.Logger,
		Observer:         newCounters(r.registry),
		GraphBytes:       config.GraphBytes,
		SessionDocuments: config.SessionDocuments,
	})
	r.registerGauges()
	r.mux = r.routes()
	return r, nil
}

// greeting tells peers who the relay is. Clients take it that their changes are
// saved when a peer with a storage id has them; another incarnation of the
// store is another storage.
func greeting(peerID string, incarnation storage.Incarnation) replica.Greeting {
	return replica.Greeting{PeerID: peerID, Metadata: wire.Metadata{
		StorageID: uuid.UUID(incarnation).String(),
		Godwit:    &wire.Extension{Version: 1, Refusals: true},
	}}
}

// Run waits for ctx to end, then ends all connections, waits until whatever
// they brought is durable or known not to be, and returns nil. From then on the
// relay accepts nobody.
func (r *Relay) Run(ctx context.Context) error {
	<-ctx.Done()
	r.hub.Close()
	return nil
}

// ServeHTTP answers a request or makes a WebSocket of it.
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.mux.ServeHTTP(w, req) }
