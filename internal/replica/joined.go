package replica

import "github.com/godwit-sync/godwit/internal/wire"

// maxVoices bounds how many sessions of all the peers behind a server are
// remembered.
const maxVoices = 1024

// JoinedGate decides about the frames of a connection to a server that we
// joined, after the handshake.
type JoinedGate struct {
	server, me string
	voices     voices
}

// NewJoinedGate returns the gate of a connection to a server.
func NewJoinedGate(server, me string) *JoinedGate {
	return &JoinedGate{server: server, me: me}
}

// Pass reports whether a message is to be acted on; an error ends the
// connection. Servers speak for themselves, but pass on what others whisper.
func (g *JoinedGate) Pass(m wire.Message) (bool, error) {
	switch m := m.(type) {
	case wire.Sync:
		return true, speaksFor(m.SenderID, g.server)
	case wire.DocUnavailable:
		return true, speaksFor(m.SenderID, g.server)
	case wire.Refused:
		return true, speaksFor(m.SenderID, g.server)
	case wire.Ephemeral:
		return m.SenderID != g.me && g.voices.isNew(m, maxVoices), nil
	default:
		return false, ends(m)
	}
}
