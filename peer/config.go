package peer

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/wire"
)

// Config says how a peer works. Only Path, or InMemory, is required.
type Config struct {
	// Path is the directory in which everything is kept. It is created if it is
	// missing. One process at a time may have it open.
	Path string
	// InMemory keeps everything in memory, and nothing after Close.
	InMemory bool
	// Relay is the URL of the relay, "ws://…" or "wss://…"; empty = none, and
	// [Peer.Run] fails with [ErrNoRelay].
	Relay string
	// Header is sent along when the relay is called; nil = nothing.
	Header http.Header
	// TLS is used for "wss:"; nil = the system's defaults.
	TLS *tls.Config
	// Logger gets the comings and goings of the link at info level, and what
	// somebody should look at as warnings; nil = silent.
	Logger *slog.Logger
	// PeerID is the name that others see while this peer runs; empty = a random
	// one. Two peers of one relay must not have the same.
	PeerID string
	// OpenBytes is about how much memory open documents may take, in bytes; 0 =
	// 64 MiB. Those in use at the moment may exceed it, and records that others
	// change while somebody looks at them take up to a quarter more.
	OpenBytes int64
	// GraphBytes is how much memory the graphs of documents that are being
	// synced may take, in bytes; 0 = 32 MiB.
	GraphBytes int64
	// Reserve is how many bytes of free disk changes leave untouched; 0 = 256
	// MiB, negative = none.
	Reserve int64
	// Renew begins a new life of the directory: set it once, when opening a copy
	// that can't be told from the original, such as a snapshot of a whole disk.
	Renew bool
	// Engine opens documents: crdt.Native() or crdt.Reference(); nil = the native
	// one. Hostile changes can end the process with the reference. Records of
	// collections are always opened by the native one.
	Engine crdt.Option
	// Positions is what positions in texts count; 0 = code points. Others, such
	// as crdt.UTF16 for editors in browsers, can't be had of crdt.Reference().
	Positions crdt.Unit
}

// documents returns the options of every document that is no record.
func (c Config) documents() []crdt.Option {
	return []crdt.Option{c.Engine, crdt.Positions(c.Positions)}
}

// document returns the options of one document. Whether a record exists, the
// reference engine can't tell.
func (c Config) document(id crdt.DocumentID) []crdt.Option {
	if _, is := id.Tag(); is {
		c.Engine = crdt.Native()
	}
	return c.documents()
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.PeerID == "" {
		c.PeerID = "peer-" + uuid.NewString()
	}
	if c.OpenBytes == 0 {
		c.OpenBytes = 64 << 20
	}
	if c.GraphBytes == 0 {
		c.GraphBytes = 32 << 20
	}
	c.Header = c.Header.Clone()
	return c
}

func (c Config) check() error {
	if c.Path == "" && !c.InMemory {
		return fmt.Errorf("%w: Path is empty; name a directory, or set InMemory", ErrConfig)
	}
	if len(c.PeerID) > wire.MaxName {
		return fmt.Errorf("%w: PeerID has %d bytes; relays take up to %d", ErrConfig, len(c.PeerID), wire.MaxName)
	}
	doc, err := crdt.New(crdt.NewActorID(), c.documents()...)
	if err != nil {
		return fmt.Errorf("%w: Engine, Positions: %w", ErrConfig, err)
	}
	doc.Close()
	if c.Relay == "" {
		return nil
	}
	u, err := url.Parse(c.Relay)
	if err == nil && u.User != nil {
		return fmt.Errorf("%w: Relay names a user, which such URLs can't; put what the relay asks for into Header", ErrConfig)
	}
	if err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return fmt.Errorf("%w: Relay is %q; a relay's URL looks like ws://127.0.0.1:3030 or wss://sync.example.org", ErrConfig, c.Relay)
	}
	return nil
}
