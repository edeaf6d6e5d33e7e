package replica

import (
	"errors"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/internal/wire"
)

// Why a connection ends. The last word of each is stable.
var (
	// ErrGreeting: the first message was not a greeting.
	ErrGreeting = errors.New("replica: the first message must be a greeting")
	// ErrVersion: no common protocol version.
	ErrVersion = errors.New("replica: no common protocol version")
	// ErrSender: a message names another sender than the connection's peer.
	ErrSender = errors.New("replica: the senderId is not the connection's own")
	// ErrUnexpected: a message that this side of a connection never gets.
	ErrUnexpected = errors.New("replica: unexpected message")
	// ErrLeft: the peer has said goodbye.
	ErrLeft = errors.New("replica: the peer has left")
)

// Greeting is the server's side of the handshake.
type Greeting struct {
	PeerID   string
	Metadata wire.Metadata
}

// Answer reads a connection's first message and returns the answer to it.
func (g Greeting) Answer(m wire.Message) (wire.Join, wire.Peer, error) {
	join, ok := m.(wire.Join)
	if !ok {
		return wire.Join{}, wire.Peer{}, fmt.Errorf("%w: a client's must be a join, not %s", ErrGreeting, m.Kind())
	}
	if !slices.Contains(join.Versions, wire.Version) {
		return wire.Join{}, wire.Peer{}, fmt.Errorf("%w: this side speaks %q", ErrVersion, wire.Version)
	}
	peer := wire.Peer{SenderID: g.PeerID, TargetID: join.SenderID, Metadata: g.Metadata, Version: wire.Version}
	return join, peer, nil
}

// Introduction is the client's side of the handshake.
type Introduction struct {
	PeerID   string
	Metadata wire.Metadata
}

// Join returns the first message.
func (i Introduction) Join() wire.Join {
	return wire.Join{SenderID: i.PeerID, Metadata: i.Metadata, Versions: []string{wire.Version}}
}

// Read reads the server's first message.
func (i Introduction) Read(m wire.Message) (wire.Peer, error) {
	switch m := m.(type) {
	case wire.Peer:
		if m.Version != wire.Version {
			return m, fmt.Errorf("%w: the server chose %.100q, this side speaks %q", ErrVersion, m.Version, wire.Version)
		}
		return m, nil
	case wire.Error:
		return wire.Peer{}, gaveUp(m)
	default:
		return wire.Peer{}, fmt.Errorf("%w: the server's must be a peer, not %s", ErrGreeting, m.Kind())
	}
}

func gaveUp(m wire.Error) error {
	return fmt.Errorf("%w: the peer gave up: %.200q", ErrLeft, m.Text)
}

// maxEphemeralSessions bounds how many sessions of one peer are remembered; a
// peer has one for as long as it runs.
const maxEphemeralSessions = 16

// Gate decides about the frames of one connection after the handshake.
type Gate struct {
	peerID string
	counts map[string]uint64 // ephemeral session → its last count
}

// NewGate returns the gate of a connection to a peer.
func NewGate(peerID string) *Gate { return &Gate{peerID: peerID} }

// Pass reports whether a message is to be acted on; an error ends the
// connection. Messages that carry nothing for a relay are passed over.
func (g *Gate) Pass(m wire.Message) (bool, error) {
	switch m := m.(type) {
	case wire.Sync:
		return true, g.sender(m.SenderID)
	case wire.Ephemeral:
		// A JavaScript client sends what it received back to the server, under
		// the name of whoever said it first: no offence, and no news.
		return m.SenderID == g.peerID && g.isNew(m), nil
	case wire.Join, wire.Peer:
		return false, fmt.Errorf("%w: a second greeting", ErrUnexpected)
	case wire.Leave:
		return false, ErrLeft
	case wire.Error:
		return false, gaveUp(m)
	default:
		return false, nil
	}
}

func (g *Gate) sender(id string) error {
	if id != g.peerID {
		return fmt.Errorf("%w: %.100q", ErrSender, id)
	}
	return nil
}

// isNew reports whether an ephemeral message has not been seen before. Counts
// grow within a session.
func (g *Gate) isNew(m wire.Ephemeral) bool {
	last, seen := g.counts[m.SessionID]
	if seen && m.Count <= last {
		return false
	}
	if g.counts == nil || !seen && len(g.counts) >= maxEphemeralSessions {
		g.counts = map[string]uint64{}
	}
	g.counts[m.SessionID] = m.Count
	return true
}
