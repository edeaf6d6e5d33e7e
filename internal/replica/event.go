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
	Joined   bool     // we came to it, and say what we talk about
	Session  any      // for the owner to find its connection again
}

// SeveralOrigins is the origin of an append with changes of several
// neighbours: it is nobody's, so it will be announced to everybody.
var SeveralOrigins = [16]byte{
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
}

// Event is one of [Received], [Loaded], [Appended], [Writable], [Continued],
// [Expired], [Left] and [Offered]; for peers also [Made], [Needed], [Joint],
// [Withdrawn], [Engaged], [Unavailable], [Purge] and [Purged].
type Event interface{ event() }

// Received says that a sync message came, and its chunks have been parsed.
type Received struct {
	From *Neighbour
	// Request: it has nothing and doesn't know whether we have. Its conversation
	// begins with that, anew if there was one.
	Request bool
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

// Left says that the connection has ended, or that a neighbour that we joined is
// not to hear of the document any more.
type Left struct{ Neighbour *Neighbour }

// Offered brings changes from a neighbour with whom there need be no conversation
// about the document. What becomes of them is told by [Effects.Answers].
type Offered struct {
	Origin [16]byte // what the log names as theirs
	// Wanted reports whether the document is to be had, after all purges up to now;
	// nil = it is. Else nothing is taken, as if it had come before a purge.
	Wanted  func() bool
	Changes []*change.Change
	Invalid []*change.InvalidError // chunks that are no valid changes; each has a hash
	Done    func(Brought)          // for the owner to call
}

// Brought is what became of changes that were offered. Those of which nothing is
// said are durable.
type Brought struct {
	Refused []Refusal // never to be had
	// Held is how many wait for others, or found no room to wait in. They may be
	// forgotten and have to be offered again.
	Held int
	// Missing is what to ask for, ascending: the first changes on the way back
	// from those held that are not here. A change may wait for its actor's former
	// one alone; that has no name here.
	Missing []change.Hash
	// Err is why nothing can be told: the document could not be loaded or stored,
	// or was purged.
	Err error
}

// ErrPurged is why changes were not taken that came before a purge.
var ErrPurged = errors.New("replica: the document has been purged")

// Made brings changes of this store's own, in order.
type Made struct {
	Changes []*change.Change
	// Done is called when they are durable, or with the reason why one isn't;
	// then those before it may be.
	Done func(error)
}

// Needed says that a [Joint] is about to come, so that loading can begin.
type Needed struct{}

// Joint brings changes of this store's own, in order, that are to become durable
// together with changes of other documents, or not at all. When their turn has
// come they are staged, and everything else waits until the owner answers: with
// [Appended] when all are durable or the commit has failed, or with [Withdrawn].
type Joint struct {
	Changes []*change.Change
	Joiner  Joiner
}

// Joiner is told how far a [Joint] is. It must not step the document.
type Joiner interface {
	// Staged: this is the document's share of the commit.
	Staged(a *Append)
	// Done: the changes are durable, or why they aren't. If it comes before Staged,
	// nothing is staged, and no answer is due.
	Done(err error)
}

// Withdrawn takes a [Joint] back that is not to be committed, or waits. Nothing
// else that the document holds is lost by it.
type Withdrawn struct {
	Joint *Joint
	Err   error // what its Joiner is told
}

// Engaged begins a conversation with a neighbour that we joined, or asks again
// if it said that it doesn't have the document.
type Engaged struct {
	Neighbour *Neighbour
	Renewed   bool          // there was a conversation over this connection, which has [Left]
	Shared    []change.Hash // what both had when they last spoke; see [sync.Resume]
	// Whole: Shared are the heads of our log, ascending, as they were when
	// [Document.Version] was Version.
	Whole   bool
	Version int
}

// Unavailable says that a neighbour that we joined doesn't have the document.
type Unavailable struct{ From *Neighbour }

// Purge asks for the document to be removed from the store, after what was made
// before. All conversations about it end.
type Purge struct{ Done func(error) }

// Purged answers [Effects.Purge].
type Purged struct{ Err error }

func (*Received) event()   {}
func (Loaded) event()      {}
func (Appended) event()    {}
func (Writable) event()    {}
func (Continued) event()   {}
func (Expired) event()     {}
func (Left) event()        {}
func (*Offered) event()    {}
func (*Made) event()       {}
func (Needed) event()      {}
func (*Joint) event()      {}
func (Withdrawn) event()   {}
func (*Engaged) event()    {}
func (Unavailable) event() {}
func (*Purge) event()      {}
func (Purged) event()      {}

// Effects is what an owner has to do after a step.
type Effects struct {
	// Load: read the document's log and answer with [Loaded].
	Load bool
	// Append: make this durable and answer with [Appended]; nil = nothing.
	Append *Append
	// Purge: remove the document from the store and answer with [Purged].
	Purge bool
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
	// Answers are to be told to those who offered changes.
	Answers []Answer
	// Failure is why the document could not be loaded, or changes not stored.
	Failure error
	// Failed are neighbours whose connections must end for it, so that they
	// send again what was lost.
	Failed []*Neighbour
	// Heard is where the neighbour that we joined stands now, if that, or what
	// we have, may have changed since it last was; nil = it has not spoken.
	Heard *Standing
	// Unavailable: it doesn't have the document.
	Unavailable bool
}

// Answer is what somebody who offered changes is to be told.
type Answer struct {
	To      *Offered
	Brought Brought
}

// Append is a run of changes for the end of the document's log.
type Append struct {
	Base    int // changes before it
	Changes []*change.Change
	Origin  [16]byte
	Own     int // how many of the first were made here
}

// Send is one message to a neighbour: a refusal, "unavailable", or a sync
// message.
type Send struct {
	Refused     []change.Hash
	Reason      string
	Unavailable bool
	Reply       *sync.Reply
	Request     bool // the reply asks for what we know nothing of
}

// Refusal tells of one change that was not taken, ever.
type Refusal struct {
	From   *Neighbour // who brought it; nil if it has left since
	Hash   change.Hash
	Reason string // one stable word
	Err    error
	Twin   bool // there is another change here of its actor and seq
	Actor  change.ActorID
	Seq    uint64
}
