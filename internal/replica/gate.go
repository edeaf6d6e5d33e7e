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
	voices voices
}

// NewGate returns the gate of a connection to a peer.
func NewGate(peerID string) *Gate { return &Gate{peerID: peerID} }

// Pass reports whether a message is to be acted on; an error ends the
// connection. Messages that carry nothing for a relay are passed over.
func (g *Gate) Pass(m wire.Message) (bool, error) {
	switch m := m.(type) {
	case wire.Sync:
		return true, speaksFor(m.SenderID, g.peerID)
	case wire.Ephemeral:
		// A JavaScript client sends what it received back to the server, under
		// the name of whoever said it first: no offence, and no news.
		return m.SenderID == g.peerID && g.voices.isNew(m, maxEphemeralSessions), nil
	default:
		return false, ends(m)
	}
}

// ends returns an error if a message ends the connection.
func ends(m wire.Message) error {
	switch m := m.(type) {
	case wire.Join, wire.Peer:
		return fmt.Errorf("%w: a second greeting", ErrUnexpected)
	case wire.Leave:
		return ErrLeft
	case wire.Error:
		return gaveUp(m)
	default:
		return nil
	}
}

// speaksFor returns an error unless a sender is who it should be.
func speaksFor(sender, name string) error {
	if sender != name {
		return fmt.Errorf("%w: %.100q", ErrSender, sender)
	}
	return nil
}

// voices knows the last count of each session of each peer. The zero value knows
// none, and takes no memory before somebody speaks.
type voices struct{ counts map[voice]uint64 }

type voice struct{ peer, session string }

// isNew reports whether an ephemeral message has not come before: by another way,
// or because somebody sent it back. Counts grow within a session. Of more than
// most sessions all are forgotten.
func (v *voices) isNew(m wire.Ephemeral, most int) bool {
	who := voice{m.SenderID, m.SessionID}
	last, known := v.counts[who]
	if known && m.Count <= last {
		return false
	}
	if v.counts == nil || !known && len(v.counts) >= most {
		v.counts = map[voice]uint64{}
	}
	v.counts[who] = m.Count
	return true
}
