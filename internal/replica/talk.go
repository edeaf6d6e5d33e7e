package replica

import (
	"errors"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// maxRefusals is how many refused changes a neighbour is told of in one
// message; it learns of the others when it sends them again.
const maxRefusals = 1000

// talk is the conversation with one neighbour about one document.
type talk struct {
	neighbour   *Neighbour
	place       int // in talks.list
	state       sync.State
	queued      int  // its messages that have not been heard yet
	wants       bool // it has nothing and asked for the document
	unavailable bool // it is to be told that we have nothing
	dropped     bool // changes of its found no room
	refused     []change.Hash
	reason      string // of the refused
}

// talks are a document's conversations, in an order that doesn't depend on
// chance.
type talks struct {
	list []*talk
	of   map[*Neighbour]*talk // nil while the list is short
}

const shortList = 8

func (ts *talks) with(n *Neighbour) *talk {
	if ts.of != nil {
		return ts.of[n]
	}
	for _, t := range ts.list {
		if t.neighbour == n {
			return t
		}
	}
	return nil
}

func (ts *talks) add(n *Neighbour) *talk {
	t := &talk{neighbour: n, place: len(ts.list)}
	ts.list = append(ts.list, t)
	switch {
	case ts.of != nil:
		ts.of[n] = t
	case len(ts.list) > shortList:
		ts.of = make(map[*Neighbour]*talk, len(ts.list))
		for _, t := range ts.list {
			ts.of[t.neighbour] = t
		}
	}
	return t
}

// remove fills the gap with the last.
func (ts *talks) remove(n *Neighbour) {
	t := ts.with(n)
	if t == nil {
		return
	}
	end := len(ts.list) - 1
	last := ts.list[end]
	ts.list[t.place], last.place = last, t.place
	ts.list[end] = nil
	ts.list = ts.list[:end]
	delete(ts.of, n)
}

func (t *talk) hear(g *graph.Graph, ev *Received) {
	t.state.Receive(g, ev.Message)
	t.wants = ev.Request && len(ev.Message.Heads) == 0
	t.unavailable = t.wants && g.Len() == 0
}

// next says what to send. A neighbour that asked for what we don't have is
// told so in as many words; it hears more when the document turns up.
func (t *talk) next(in *graph.Intake, maxBytes int) *Send {
	if t.wants && in.Graph().Len() == 0 {
		send := t.unavailable
		t.unavailable = false
		if !send {
			return nil
		}
		return &Send{Unavailable: true}
	}
	reply := t.state.Generate(in, maxBytes)
	if reply == nil {
		return nil
	}
	return &Send{Reply: reply}
}

func (t *talk) refuse(r Refusal) {
	if len(t.refused) < maxRefusals {
		t.refused = append(t.refused, r.Hash)
		t.reason = r.Reason
	}
}

func (t *talk) takeRefusals() *Send {
	send := &Send{Refused: t.refused, Reason: t.reason}
	t.refused, t.reason = nil, ""
	return send
}

// reason names a breach in one stable word, for metrics and for neighbours.
func reason(err error) string {
	var invalid *change.InvalidError
	switch {
	case errors.As(err, &invalid):
		return string(invalid.Rule)
	case errors.Is(err, graph.ErrTwin):
		return "twin"
	case errors.Is(err, graph.ErrStartOp):
		return "start-op"
	case errors.Is(err, graph.ErrUnknownOp):
		return "unknown-op"
	case errors.Is(err, graph.ErrSkeleton):
		return "skeleton"
	default:
		return "descends"
	}
}
