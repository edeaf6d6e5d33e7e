package hub

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

// Standing is how far we have come with the server that we joined, about one
// document.
type Standing = replica.Standing

// Cursor is a place in a journal; see [wire.Cursor].
type Cursor = wire.Cursor

// Progress is how far a subscription has come.
type Progress struct {
	Left     uint64 // about how many documents are still to be announced of those that there were
	Unread   uint64 // documents that the announcer has left out since it last listed all, as it can't read them
	CaughtUp bool   // all that there was when it began is here; what is new comes as it happens
}

// Keeper is what a peer wants to be told, and decides. Its methods are called
// from many goroutines, often with a document locked: none may block, nor call
// the hub or wait for somebody who does. Those about one document come one at a
// time, in the order in which things happened, except that Appended may come
// beside others, and what a server says of refusals and whispers beside those.
type Keeper interface {
	// Admits reports whether the server that we joined may bring a document that
	// nobody here has opened on this connection. What it says about others is
	// dropped; if it asks for one, it is told that it is unavailable.
	Admits(id docid.ID) bool
	// Appended tells that changes are durable, and are the document's log from
	// index base on. Calls about one document come in the log's order, one at a
	// time, before anybody else hears of the changes, and before [Hub.Append]
	// returns. local: they were made here.
	Appended(id docid.ID, base int, changes []*change.Change, local bool)
	// Heard tells where the server that we joined stands, after each message of
	// its about the document, and from then on after appends.
	Heard(id docid.ID, s Standing)
	// Unavailable: the server that we joined doesn't have the document. It may
	// still come.
	Unavailable(id docid.ID)
	// Refused tells of changes that somebody will never keep, and why in one word;
	// see docs/PROTOCOL.md. here: we refused what a neighbour brought. Else the
	// server that we joined refused what we did.
	Refused(id docid.ID, hashes []change.Hash, reason string, here bool)
	// Twin: a neighbour brought a change by an actor whose change of that seq is
	// another here. If the actor is our own, our store went back in time, or has
	// a copy. (What it brings by our own actor that has no twin is appended.)
	Twin(id docid.ID, actor change.ActorID, seq uint64)
	// Failed: the document could not be loaded or stored.
	Failed(id docid.ID, err error)
	// Whispered passes on an ephemeral message about a document that we talk
	// about with the server that we joined: once, and none of our own.
	Whispered(m wire.Ephemeral)
}

// Follower is a [Keeper] that wants to be told of collections, too, under the same
// rules.
type Follower interface {
	// Wants reports whether a document that the server announces is to come here.
	Wants(id docid.ID) bool
	// Collection tells how far we have come in listening to a collection of the
	// server's that we joined.
	Collection(tag docid.Tag, p Progress)
	// Acked tells how far the server has come with a collection of ours. What our
	// journal says up to that place is durable there, but for the documents of which
	// Refused or Withheld told. caughtUp: with all that there was when it subscribed.
	Acked(tag docid.Tag, to Cursor, caughtUp bool)
	// Taken: the server has taken all of a document that it once refused, or did not
	// get.
	Taken(id docid.ID)
	// Withheld: a document can't be read here, so the server doesn't get it, and why
	// in one word. It is tried again with the next subscription.
	Withheld(id docid.ID, reason string)
	// Ended: a subscription is over, or was declined by the server, and why in one
	// word. offered: it was the server's to a collection of ours.
	Ended(tag docid.Tag, offered bool, reason string)
}

type nobody struct{}

func (nobody) Admits(docid.ID) bool                           { return false }
func (nobody) Appended(docid.ID, int, []*change.Change, bool) {}
func (nobody) Heard(docid.ID, Standing)                       {}
func (nobody) Unavailable(docid.ID)                           {}
func (nobody) Refused(docid.ID, []change.Hash, string, bool)  {}
func (nobody) Twin(docid.ID, change.ActorID, uint64)          {}
func (nobody) Failed(docid.ID, error)                         {}
func (nobody) Wants(docid.ID) bool                            { return true }
func (nobody) Collection(docid.Tag, Progress)                 {}
func (nobody) Acked(docid.Tag, Cursor, bool)                  {}
func (nobody) Taken(docid.ID)                                 {}
func (nobody) Withheld(docid.ID, string)                      {}
func (nobody) Ended(docid.Tag, bool, string)                  {}
func (nobody) Whispered(wire.Ephemeral)                       {}

// tell tells the keeper what followed from a step; d.mu is held, so that it hears
// things in their order.
func (d *document) tell(fx *replica.Effects) {
	keeper := d.hub.Keeper
	for _, r := range fx.Refusals {
		keeper.Refused(d.id, []change.Hash{r.Hash}, r.Reason, true)
		if r.Twin {
			keeper.Twin(d.id, r.Actor, r.Seq)
		}
	}
	if fx.Failure != nil {
		keeper.Failed(d.id, fx.Failure)
	}
	if fx.Unavailable {
		keeper.Unavailable(d.id)
	}
	if fx.Heard != nil {
		keeper.Heard(d.id, *fx.Heard)
	}
}
