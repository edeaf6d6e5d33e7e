package replica

import (
	"fmt"

	"github.com/godwit-sync/godwit/internal/wire"
)

// maxVoices bounds how many sessions of all the peers behind a server are
// remembered.
const maxVoices = 1024

// voice is one session of one of the peers behind a server.
type voice struct{ peer, session string }

// JoinedGate decides about the frames of a connection to a server that we
// joined, after the handshake.
type JoinedGate struct {
	server, me string
	counts     map[voice]uint64 // the last count of each
}

// NewJoinedGate returns the gate of a connection to a server.
func NewJoinedGate(server, me string) *JoinedGate {
	return &JoinedGate{server: server, me: me, counts: map[voice]uint64{}}
}

// Pass reports whether a message is to be acted on; an error ends the
// connection. Servers speak for themselves, but pass on what others whisper.
func (g *JoinedGate) Pass(m wire.Message) (bool, error) {
	switch m := m.(type) {
	case wire.Sync:
		return true, g.sender(m.SenderID)
	case wire.DocUnavailable:
		return true, g.sender(m.SenderID)
	case wire.Refused:
		return true, g.sender(m.SenderID)
	case wire.Ephemeral:
		return m.SenderID != g.me && g.isNew(m), nil
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

func (g *JoinedGate) sender(id string) error {
	if id != g.server {
		return fmt.Errorf("%w: %.100q", ErrSender, id)
	}
	return nil
}

// isNew reports whether an ephemeral message has not come before: by another way,
// or because somebody sent it back.
func (g *JoinedGate) isNew(m wire.Ephemeral) bool {
	v := voice{m.SenderID, m.SessionID}
	last, known := g.counts[v]
	if known && m.Count <= last {
		return false
	}
	if !known && len(g.counts) >= maxVoices {
		clear(g.counts)
	}
	g.counts[v] = m.Count
	return true
}
