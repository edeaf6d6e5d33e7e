package replicatest

import (
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// messageBytes is how many bytes of changes a client puts into one message.
const messageBytes = 4 << 20

// Client is one client with one document. See [NewClient].
type Client struct {
	name  string
	graph *graph.Graph
	in    *graph.Intake
	state sync.State
	log   []*change.Change // as the graph numbers them
	maxOp uint64
	seq   uint64
}

// NewClient returns a client with an empty document. Its changes depend on its
// name alone and on what they are made on top of.
func NewClient(name string) *Client {
	g := graph.New()
	return &Client{name: name, graph: g, in: graph.NewIntake(g)}
}

// Edit makes a change on top of all that the client has.
func (c *Client) Edit() *change.Change { return c.EditAs(c.name, c.seq+1) }

// EditAs makes a change of another actor or with another seq than is due, as
// only a broken client does.
func (c *Client) EditAs(actor string, seq uint64) *change.Change {
	made := c.Draft(actor, seq, c.graph.Heads()...)
	c.Take(made)
	return made
}

// Draft makes a change without taking it in.
func (c *Client) Draft(actor string, seq uint64, deps ...change.Hash) *change.Change {
	draft := change.Draft{
		Actor: change.ActorID(actor), Seq: seq, StartOp: c.maxOp + 1, Deps: deps,
		Ops: []change.Op{{
			Key: change.MapKey(c.name), Action: change.ActionSet, Value: change.Int(int64(seq)),
		}},
	}
	made, err := draft.Encode()
	if err != nil {
		panic(fmt.Sprintf("replicatest: %v", err)) // such drafts are valid
	}
	return made
}

// Take offers changes to the document and returns what was refused.
func (c *Client) Take(changes ...*change.Change) (refused []graph.Outcome) {
	for _, offered := range changes {
		for _, o := range c.in.Offer(offered) {
			switch o.Fate {
			case graph.Staged:
				c.keep(o.Change)
			case graph.Refused:
				refused = append(refused, o)
			case graph.Known, graph.Held, graph.Dropped:
			}
		}
	}
	c.graph.Commit()
	return refused
}

func (c *Client) keep(taken *change.Change) {
	c.log = append(c.log, taken)
	c.maxOp = max(c.maxOp, taken.MaxOp())
	if taken.Actor == change.ActorID(c.name) {
		c.seq = taken.Seq
	}
}

// Heads returns the document's heads.
func (c *Client) Heads() []change.Hash { return c.graph.Heads() }

// Len returns how many changes the document has.
func (c *Client) Len() int { return len(c.log) }

// Changes returns the document's changes, in the order in which they came.
func (c *Client) Changes() []*change.Change { return slices.Clone(c.log) }

// Reconnect forgets what the connection was about, but for what both sides are
// known to have.
func (c *Client) Reconnect() { c.state = sync.Resume(c.state.Shared()) }

// Generate returns the next sync message, nil if there is nothing to say, and
// whether it is a request: the client has nothing.
func (c *Client) Generate() (data []byte, request bool) {
	reply := c.state.Generate(c.in, messageBytes)
	if reply == nil {
		return nil, false
	}
	for _, i := range reply.Indices {
		reply.Message.Changes = append(reply.Message.Changes, c.log[i].Bytes())
	}
	return reply.Message.Append(nil), c.graph.Len() == 0
}

// Receive takes a sync message in.
func (c *Client) Receive(data []byte) error {
	message, err := sync.Decode(data)
	if err != nil {
		return err
	}
	for _, chunk := range message.Changes {
		parsed, err := change.Parse(slices.Clone(chunk))
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if refused := c.Take(parsed); refused != nil {
			return fmt.Errorf("%s: %w", c.name, refused[0].Err)
		}
	}
	c.state.Receive(c.graph, message)
	return nil
}
