package relay

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/storage"
)

// DefaultFrameBudget is the memory, in bytes, that all incoming frames may hold
// together.
const DefaultFrameBudget = 512 << 20

// Config says how a relay works. Only Store is required.
type Config struct {
	// Store keeps the documents. It must stay open until Run has returned. One
	// store serves one relay.
	Store *storage.Store
	// AllowOrigins are pages that may connect, besides those of loopback hosts
	// and, unless they come over loopback (as from a proxy on this machine), of
	// the same host: "https://app.example.org",
	// "https://*.example.org", "null" for pages without an origin, "*" for all.
	// Programs other than browsers send no origin and are always allowed.
	AllowOrigins []string
	// Logger gets the comings and goings at info level, refused changes at
	// warning level, at most ten of one connection; nil = silent.
	Logger *slog.Logger
	// PeerID is the relay's name in the protocol; empty = "godwit-relay-" and
	// part of the store's incarnation.
	PeerID string
	// SessionDocuments is how many documents one connection may have open
	// before it is ended; 0 = 100,000.
	SessionDocuments int
	// GraphBytes is how much memory the graphs of documents in use may take;
	// 0 = 256 MiB. More documents than fit are read again when needed.
	GraphBytes int64
	// FrameBudget is how much memory all incoming frames may hold together, in
	// bytes; 0 = DefaultFrameBudget. Connections wait their turn.
	FrameBudget int64
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.PeerID == "" {
		incarnation := c.Store.Incarnation()
		c.PeerID = "godwit-relay-" + hex.EncodeToString(incarnation[:4])
	}
	if c.FrameBudget == 0 {
		c.FrameBudget = DefaultFrameBudget
	}
	return c
}

// Relay serves one store. See [New].
type Relay struct {
	config   Config
	hub      *hub.Hub
	sockets  socket.Options
	budget   *socket.Budget
	registry *prometheus.Registry
	counters *counters
	health   *health
	pages    map[string]http.HandlerFunc
	started  time.Time // for the status page alone
	stopping atomic.Bool
}

// New checks the configuration and returns a relay that is ready to serve. It
// starts nothing. It fails with [ErrNoStore], or if an origin isn't one.
func New(config Config) (*Relay, error) {
	if config.Store == nil {
		return nil, ErrNoStore
	}
	origins, err := socket.AllowOrigins(config.AllowOrigins)
	if err != nil {
		return nil, err
	}
	config = config.withDefaults()
	r := &Relay{
		config:   config,
		budget:   socket.NewBudget(config.FrameBudget, socket.FrameLimit),
		registry: prometheus.NewRegistry(),
		health:   &health{check: config.Store.Check, log: config.Logger},
		started:  time.Now(),
	}
	r.sockets = socket.Options{CheckOrigin: origins, Budget: r.budget}
	r.counters = newCounters(r.registry)
	r.hub = hub.New(hub.Config{
		Store:            config.Store,
		PeerID:           config.PeerID,
		StorageID:        storageID(config.Store),
		Logger:           config.Logger,
		Observer:         r.counters,
		GraphBytes:       config.GraphBytes,
		SessionDocuments: config.SessionDocuments,
	})
	r.registerGauges()
	r.pages = r.routes()
	return r, nil
}

// storageID names the store to peers. Clients take it that their changes are
// saved when a peer with a storage id has them; another incarnation of the
// store is another storage.
func storageID(store *storage.Store) string { return uuid.UUID(store.Incarnation()).String() }

// Run waits for ctx to end, then ends all connections, waits until whatever
// they brought is durable or known not to be, and returns nil. From then on the
// relay accepts nobody. It is called once.
func (r *Relay) Run(ctx context.Context) error {
	<-ctx.Done()
	r.stopping.Store(true)
	r.hub.Close()
	return nil
}
