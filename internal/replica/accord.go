package replica

import "github.com/godwit-sync/godwit/crdt/sync"

// accord says how far a conversation with the neighbour that we joined has come
// without the graph. Of a thousand documents that a peer knows, most have not
// changed since it last met its relay; to find that out loads none of them.
type accord uint8

const (
	apart accord = iota // it takes the graph
	hoped               // they had all that we have, and are to be told that we still have that
	told                // they have been told
)

// hope begins a conversation without the graph, if it resumes from all that we
// have.
func (d *Document) hope(ev *Engaged) {
	if ev.Whole && ev.Version == d.version && len(ev.Shared) > 0 && d.intake == nil && d.Idle() {
		d.accord = hoped
	}
}

func (d *Document) greet(fx *Effects) {
	d.accord, d.joined.due = told, false
	fx.Send = &Send{Reply: &sync.Reply{Message: d.joined.state.Greet()}}
}

// agrees takes in a message if it says that they still have what we have, and no
// more.
func (d *Document) agrees(m *delivery, fx *Effects) bool {
	t := m.talk
	if d.accord != told || t != d.joined || t.queued > 0 || !m.isDecided() || m.Message == nil || m.Request ||
		!t.state.Agree(m.Message) {
		return false
	}
	t.standing = &Standing{Has: true, Synced: true, Shared: t.state.Shared()}
	fx.Heard = t.standing
	m.Finished()
	return true
}
