package replica

import (
	"errors"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// maxRefusals is how many refused changes wait to be told to a neighbour; it
// learns of the others when it sends them again.
const maxRefusals = 100

// perTalk estimates the memory of an idle conversation, in bytes.
const perTalk = 512

// talk is the conversation with one neighbour about one document.
type talk struct {
	neighbour   *Neighbour // nil once it has left
	origin      [16]byte   // its origin
	place       int        // in talks.list
	state       sync.State
	due         bool      // it may have to be sent something
	renewed     bool      // it is to be told that this is not the conversation it knows of
	lacks       bool      // it says that it doesn't have the document
	standing    *Standing // if we joined it and it has spoken
	queued      int       // its messages that have not been heard yet
	wants       bool      // it has nothing and asked for the document
	promises    bool      // it has named what we lack
	unavailable bool      // it is to be told that we have nothing
	patience    patience
	denied      bool // it is to be told so because we can't read what we have
	dropped     bool // changes of its found no room
	asked       bool // it was asked for them again since there was room
	refused     []refused
	offer       *offer // there is no conversation: it stands for this
}

// refused is what a neighbour is to be told of a change.
type refused struct {
	hash   change.Hash
	reason string
}

func (t *talk) hear(in *graph.Intake, ev *Received) {
	g := in.Graph()
	if ev.Request && len(ev.Message.Heads) == 0 {
		t.restart() // it may have let go of what is on its way
	}
	t.state.Receive(g, ev.Message)
	t.lacks = t.lacks && len(ev.Message.Heads) == 0
	t.wants = ev.Request && len(ev.Message.Heads) == 0
	t.unavailable = t.wants && g.Len() == 0
	t.weighPromise(in)
	if t.dropped && !t.asked {
		// What comes again comes as from the beginning, in order, and needs no
		// room to wait in.
		t.dropped, t.asked = false, true
		t.state.AskAgain()
	}
	t.weighSilence(in, ev.Message)
}

// weighSilence looks for a server that names what we lack and sends nothing of
// it. JavaScript's server remembers, by the name of a peer and beyond the end of
// a connection, what it has sent; what was lost with that connection it sends
// again only to those who say that they have nothing.
func (t *talk) weighSilence(in *graph.Intake, m *sync.Message) {
	ours := t.neighbour.Refusals // one of ours begins anew with each connection
	if t.neighbour.Joined && !ours && !t.asked && len(m.Changes) == 0 && len(in.Need(m.Heads)) > 0 {
		t.asked = true
		t.state.AskAgain()
	}
}

// roomAgain asks for changes that found no room when they came, and allows to
// ask once more.
func (t *talk) roomAgain() {
	if t.dropped {
		t.state.AskAgain()
	}
	t.dropped, t.asked = false, false
}

// deny begins the conversation anew after saying that there is no document.
func (t *talk) deny() {
	t.state = sync.State{}
	t.wants, t.promises, t.unavailable, t.denied = false, false, false, true
}

// next says what to send. A neighbour that asked for what we don't have is
// told so in as many words; it hears more when the document turns up.
func (t *talk) next(in *graph.Intake, maxBytes int) *Send {
	if t.wants && in.Graph().Len() == 0 {
		return t.tell()
	}
	if t.lacks && in.Graph().Len() == 0 {
		return nil // it has been asked
	}
	_, heard := t.state.Theirs()
	reply := t.state.Generate(in, maxBytes)
	if reply == nil {
		return nil
	}
	return &Send{Reply: reply, Request: t.neighbour.Joined && !heard && in.Graph().Len() == 0}
}

// notice says what is to be sent first, and doesn't take the graph.
func (t *talk) notice() *Send {
	switch {
	case len(t.refused) > 0:
		return t.takeRefusals()
	case t.denied:
		t.denied = false
		return &Send{Unavailable: true}
	case t.renewed:
		t.renewed = false
		return &Send{Reply: &sync.Reply{Message: t.state.Renew()}, Request: true}
	}
	return nil
}

// owe has the neighbour's socket tried.
func (t *talk) owe(fx *Effects) {
	t.due = true
	fx.Owed = append(fx.Owed, t.neighbour)
}

func (t *talk) refuse(r Refusal) {
	if len(t.refused) < maxRefusals {
		t.refused = append(t.refused, refused{r.Hash, r.Reason})
	}
}

// takeRefusals takes as many as have the same reason.
func (t *talk) takeRefusals() *Send {
	send := &Send{Reason: t.refused[0].reason}
	for _, r := range t.refused {
		if r.reason != send.Reason {
			break
		}
		send.Refused = append(send.Refused, r.hash)
	}
	t.refused = slices.Clone(t.refused[len(send.Refused):])
	return send
}

// ReasonDescends is why a change is refused that stands on one that is.
const ReasonDescends = "descends"

// reason names a breach in one stable word, for metrics and for neighbours.
func reason(err error) string {
	var invalid *change.InvalidError
	switch {
	case errors.As(err, &invalid):
		return string(invalid.Rule)
	case errors.Is(err, graph.ErrMissing): // of our own
		return "missing"
	case errors.Is(err, graph.ErrTwin):
		return "twin"
	case errors.Is(err, graph.ErrStartOp):
		return "start-op"
	case errors.Is(err, graph.ErrUnknownOp):
		return "unknown-op"
	case errors.Is(err, graph.ErrSkeleton):
		return "skeleton"
	case errors.Is(err, graph.ErrHeads):
		return "heads"
	default:
		return ReasonDescends
	}
}
