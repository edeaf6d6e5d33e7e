package replica

import (
	"errors"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/crdt/sync"
)

// Neighbour is whoever is at the other end of one connection: another one
// after a reconnect. Its address is its identity; its fields don't change.
type Neighbour struct {
	Origin   [16]byte // what the log names as the origin of what it brings
	Refusals bool     // it wants to be told what was refused
	Session  any      // for the owner to find its connection again
}

// SeveralOrigins is the origin of an append with changes of several
// neighbours: it is nobody's, so it will be announced to everybody.
var SeveralOrigins = [16]byte{
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
}

// Event is one of [Received], [Loaded], [Appended], [Writable], [Continued],
// [Expired] and [Left].
type Event interface{ event() }

// Received says that a sync message came, and its chunks have been parsed.
type Received struct {
	From    *Neighbour
	Request bool // it has nothing and doesn't know whether we have
	// Message is nil if these are not the last of its changes: a long message
	// comes in slices.
	Message *sync.Message
	Changes []*change.Change
	Invalid []*change.InvalidError // chunks that are no valid changes; each has a hash
	// Finished is called when the message has been dealt with and its memory
	// can be given back.
	Finished func()
}

// Loaded answers [Effects.Load]. An error that is [ErrDamaged] is for good;
// after any other the neighbours are to try again.
type Loaded struct {
	Graph *graph.Graph
	Err   error
}

// ErrDamaged means that what the store holds of a document is not what was
// stored.
var ErrDamaged = errors.New("replica: the stored document is damaged")

// Appended answers [Effects.Append]: the changes are durable, or were not
// stored.
type Appended struct{ Err error }

// Writable says that the neighbour's socket is free.
type Writable struct {
	To       *Neighbour
	MaxBytes int // of changes in one message
}

// Continued answers [Effects.Again].
type Continued struct{}

// Expired answers [Effects.Expect]: the neighbour has waited long enough.
type Expired struct{ Neighbour *Neighbour }

// Left says that the connection has ended.
type Left struct{ Neighbour *Neighbour }

func (*Received) event() {}
func (Loaded) event()    {}
func (Appended) event()  {}
func (Writable) event()  {}
func (Continued) event() {}
func (Expired) event()   {}
func (Left) event()      {}

// Effects is what an owner has to do after a step.
type Effects struct {
	// Load: read the document's log and answer with [Loaded].
	Load bool
	// Append: make this durable and answer with [Appended]; nil = nothing.
	Append *Append
	// Again: answer with [Continued] when others have had their turn.
	Again bool
	// Expect: this neighbour asked for a document that may be about to turn up.
	// Answer with [Expired] when it has waited as long as anybody should have
	// to; there is one such answer due at a time. nil = nobody.
	Expect *Neighbour
	// Owed are the neighbours whose sockets should be tried.
	Owed []*Neighbour
	// Send answers [Writable]; nil = nothing to send.
	Send *Send
	// Refusals are to be logged and counted; the neighbours are told by Send.
	Refusals []Refusal
	// Failure is why the document could not be loaded, or changes not stored.
	Failure error
	// Failed are neighbours whose connections must end for it, so that they
	// send again what was lost.
	Failed []*Neighbour
}

// Append is a run of changes for the end of the document's log.
type Append struct {
	Base    int // changes before it
	Changes []*change.Change
	Origin  [16]byte
}

// Send is one message to a neighbour: a refusal, "unavailable", or a sync
// message.
type Send struct {
	Refused     []change.Hash
	Reason      string
	Unavailable bool
	Reply       *sync.Reply
}

// Refusal tells of one change that was not taken, ever.
type Refusal struct {
	From   *Neighbour // who brought it; nil if it has left since
	Hash   change.Hash
	Reason string // one stable word
	Err    error
}
