package hub

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/storage"
)

// ErrClosed is why sessions end, and changes are not taken, after [Hub.Close].
var ErrClosed = errors.New("hub: stopping; connect again later")

// Store is what a hub needs of a store.
type Store interface {
	Submit(b *storage.Batch, done func(storage.Seq, error))
	Document(id docid.ID) (storage.Info, error)
	Changes(ctx context.Context, id docid.ID, from int) iter.Seq2[[]byte, error]
}

// Config says how a hub works.
type Config struct {
	Store  Store  // required
	PeerID string // our name in the protocol; required
	// StorageID names what peers' changes are saved in, to peers that want to
	// know; another one for another life of the store. Empty = nothing is said.
	StorageID string
	Keeper    Keeper       // what a peer wants to know and decides; nil for a relay
	Viewer    Viewer       // what goes into the store beside changes; nil = nothing
	Logger    *slog.Logger // nil = silent
	Observer  Observer     // nil = none
	// GraphBytes is how much memory the documents' graphs, and what else is read
	// again when needed, may take; 0 = 256 MiB. Those that are in use at the
	// moment may exceed it. What a document takes because it is open, about a
	// kilobyte, comes on top.
	GraphBytes int64
	// MessageBytes is how many bytes of changes one message to a neighbour
	// holds; a longer history goes in several. 0 = 4 MiB.
	MessageBytes int
	// OutgoingBytes bounds all long messages that are being written; 0 = 256
	// MiB. Beyond that, messages are short: 64 KiB, or one change.
	OutgoingBytes int64
	// SessionDocuments is how many documents one connection may have open; 0 =
	// 100,000.
	SessionDocuments int
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Keeper == nil {
		c.Keeper = nobody{}
	}
	if c.Observer == nil {
		c.Observer = Silent{}
	}
	if c.GraphBytes == 0 {
		c.GraphBytes = 256 << 20
	}
	if c.MessageBytes == 0 {
		c.MessageBytes = 4 << 20
	}
	if c.OutgoingBytes == 0 {
		c.OutgoingBytes = 256 << 20
	}
	if c.SessionDocuments == 0 {
		c.SessionDocuments = 100_000
	}
	return c
}

// inflatingBytes bounds what deflated chunks of all sessions together may take
// while they are under way.
const inflatingBytes = 4 * change.MaxChunk

// metadata tells others what our store is, and what we speak besides the protocol.
func (h *Hub) metadata() wire.Metadata {
	h.mu.Lock()
	defer h.mu.Unlock()
	return wire.Metadata{
		StorageID: h.StorageID,
		Godwit:    &wire.Extension{Version: 1, Refusals: true, Collections: h.collections},
	}
}

func (h *Hub) greeting() replica.Greeting {
	return replica.Greeting{PeerID: h.PeerID, Metadata: h.metadata()}
}

func (h *Hub) introduction() replica.Introduction {
	return replica.Introduction{PeerID: h.PeerID, Metadata: h.metadata()}
}

// SetStorageID says what connections that begin later are told of our store: it
// has begun another life.
func (h *Hub) SetStorageID(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.StorageID = id
}

// Hub connects sessions, documents and a store.
type Hub struct {
	Config
	catalog     Catalog // the store; nil if it isn't one
	collections int     // the version of announcements that we speak
	follower    Follower
	audience    audience
	notes       notes
	names       names

	outgoing  *semaphore.Weighted // bytes of messages that are being written
	inflating *semaphore.Weighted // bytes of deflated chunks under way
	making    *semaphore.Weighted // appends whose views are made beside who brings them
	cached    atomic.Int64        // bytes of all documents that can be given back
	fixed     atomic.Int64        // bytes of all documents that can't
	sweeping  sync.Mutex
	sweepAt   atomic.Int64 // so many bytes cached,
	sweepIn   atomic.Int64 // or after so many steps beyond the budget

	mu       sync.Mutex
	docs     map[docid.ID]*document
	sessions map[*session]struct{}
	peers    map[string]*session                   // those that have greeted, by the peer's id
	joined   *session                              // with the server that we joined
	met      map[storageName]map[*session]struct{} // that have greeted, by their stores
	closed   bool
	running  sync.WaitGroup // sessions, appends and who waits for them
}

// New returns a hub that serves nobody yet.
func New(config Config) *Hub {
	config = config.withDefaults()
	h := &Hub{
		Config:    config,
		outgoing:  semaphore.NewWeighted(config.OutgoingBytes),
		inflating: semaphore.NewWeighted(inflatingBytes),
		making:    semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0) - 1)),
		docs:      map[docid.ID]*document{},
		sessions:  map[*session]struct{}{},
		peers:     map[string]*session{},
		met:       map[storageName]map[*session]struct{}{},
	}
	if h.follower, _ = config.Keeper.(Follower); h.follower == nil {
		h.follower = nobody{}
	}
	if catalog, ok := config.Store.(Catalog); ok {
		h.catalog, h.collections = catalog, 1
	}
	return h
}

// Stats returns the gauges of the moment.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	stats := Stats{Sessions: len(h.sessions), Documents: len(h.docs), Bytes: h.cached.Load() + h.fixed.Load()}
	open := slices.Collect(maps.Keys(h.sessions))
	h.mu.Unlock()
	for _, s := range open {
		s.subs.count(&stats)
	}
	return stats
}

// Close ends all sessions, saying goodbye, and returns when the last of them
// is gone and the last of their changes is durable or known not to be. The
// store stays open.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	open := slices.Collect(maps.Keys(h.sessions))
	h.mu.Unlock()
	for _, s := range open {
		s.end(ErrClosed)
	}
	h.Store.Submit(new(storage.Batch), func(storage.Seq, error) {}) // which patient ones wait for
	h.running.Wait()
}

func (h *Hub) isClosed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}

// enter counts something that Close has to wait for.
func (h *Hub) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.running.Add(1)
	return true
}

func (h *Hub) admit(s *session) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.running.Add(1)
	h.sessions[s] = struct{}{}
	return true
}

func (h *Hub) dismiss(s *session) {
	h.mu.Lock()
	delete(h.sessions, s)
	if h.peers[s.peerID] == s {
		delete(h.peers, s.peerID)
	}
	if h.joined == s {
		h.joined = nil
	}
	h.part(s)
	h.mu.Unlock()
	h.running.Done()
}

// introduce makes a session the one of its peer; an earlier one is ended: the
// peer has come back before we noticed that it was gone.
func (h *Hub) introduce(s *session) {
	h.mu.Lock()
	earlier := h.peers[s.peerID]
	h.peers[s.peerID] = s
	h.mu.Unlock()
	if earlier != nil {
		earlier.end(errReplaced)
	}
}

// meet notes whose store is at the other end of a session. If several connections
// name the same, what one of them brings is told to the others.
func (h *Hub) meet(s *session) {
	h.mu.Lock()
	name := s.neighbour.Origin
	if h.met[name] == nil {
		h.met[name] = map[*session]struct{}{}
	}
	h.met[name][s] = struct{}{}
	same := slices.Collect(maps.Keys(h.met[name]))
	h.mu.Unlock()
	if len(same) > 1 {
		for _, s := range same {
			s.share()
		}
	}
}

// part undoes meet; h.mu is held.
func (h *Hub) part(s *session) {
	name := s.neighbour.Origin
	delete(h.met[name], s)
	if len(h.met[name]) == 0 {
		delete(h.met, name)
	}
}
