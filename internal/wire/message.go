package wire

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// Version is the one protocol version that exists.
const Version = "1"

// Message is one of [Join], [Peer], [Sync], [DocUnavailable], [Ephemeral],
// [RemoteSubscriptionChange], [RemoteHeadsChanged], [Error], [Leave],
// [Refused] and [Unknown], or about a collection: [Offer], [Subscribe],
// [Unsubscribe], [Page], [Want] and [Answer].
type Message interface {
	// Kind returns the message's type as the wire spells it, or "unknown": one
	// of a fixed set of words, fit for a metric's label.
	Kind() string
}

// Join is the first message of a client.
type Join struct {
	SenderID string // never empty
	Metadata Metadata
	Versions []string // a client that names none speaks [Version]
}

// Peer is a server's answer to [Join], sent before anything else.
type Peer struct {
	SenderID string // never empty
	TargetID string
	Metadata Metadata
	Version  string // a server that names none speaks [Version]
}

// Metadata is what a peer says of itself in [Join] and [Peer].
type Metadata struct {
	StorageID string // empty: it stores nothing, or doesn't say
	Ephemeral bool   // it will forget everything when it goes
	// Godwit is what it understands beyond automerge-repo's protocol; nil if it
	// is no godwit.
	Godwit *Extension
}

// Extension names the additions to the protocol that a peer understands. An
// addition is only used towards a peer that named it.
type Extension struct {
	Version     int  // of the additions as a whole; 1
	Refusals    bool // it wants to be told with [Refused]
	Collections int  // the version of announcements that it speaks; 0 = none
}

// Sync carries one message of Automerge's sync protocol.
type Sync struct {
	// Request says that the sender has nothing of the document and doesn't know
	// whether the receiver has.
	Request  bool
	SenderID string
	TargetID string
	Document docid.ID // never zero
	Data     []byte   // never empty; after Decode, part of the frame
}

// DocUnavailable says that the sender neither has the document nor knows
// anyone to ask. It may still come later.
type DocUnavailable struct {
	SenderID string
	TargetID string
	Document docid.ID // never zero
}

// Ephemeral carries something to whoever has the document open, and is kept by
// nobody.
type Ephemeral struct {
	SenderID  string // who said it, not who forwards it
	TargetID  string
	Document  docid.ID // never zero
	SessionID string   // the sender's, new whenever it starts
	Count     uint64   // grows within a session; at most 2⁵³
	Data      []byte   // the application's, in CBOR, never empty; after Decode, part of the frame
}

// RemoteSubscriptionChange asks to be told of the heads that some stores have,
// or no longer.
type RemoteSubscriptionChange struct {
	SenderID string
	TargetID string
	Add      []string // storage ids
	Remove   []string // storage ids
}

// RemoteHeadsChanged tells what other stores have of a document.
type RemoteHeadsChanged struct {
	SenderID string
	TargetID string
	Document docid.ID               // never zero
	Heads    map[string]RemoteHeads // by storage id
}

// RemoteHeads is what one store was last known to have.
type RemoteHeads struct {
	Heads     []change.Hash
	Timestamp float64 // milliseconds of its own clock; godwit decides nothing by it
}

// Error says why the sender is about to close the connection.
type Error struct {
	SenderID string
	TargetID string
	Text     string
}

// Leave says that the sender goes, and that its connection may be closed.
type Leave struct {
	SenderID string
}

// Refused says that the sender will never keep some changes of a document, or
// not now. It is godwit's own, for peers whose [Extension] asks for it.
type Refused struct {
	SenderID string
	TargetID string
	Document docid.ID // never zero
	Hashes   []change.Hash
	Reason   string // one word, stable
}

// Unknown is a message of a type that this version doesn't know. It is no
// error: whoever receives it ignores it.
type Unknown struct {
	Type string // as the sender spelled it
}

// Kind returns "join".
func (Join) Kind() string { return string(kindJoin) }

// Kind returns "peer".
func (Peer) Kind() string { return string(kindPeer) }

// Kind returns "request" or "sync".
func (m Sync) Kind() string {
	if m.Request {
		return string(kindRequest)
	}
	return string(kindSync)
}

// Kind returns "doc-unavailable".
func (DocUnavailable) Kind() string { return string(kindUnavailable) }

// Kind returns "ephemeral".
func (Ephemeral) Kind() string { return string(kindEphemeral) }

// Kind returns "remote-subscription-change".
func (RemoteSubscriptionChange) Kind() string { return string(kindSubscription) }

// Kind returns "remote-heads-changed".
func (RemoteHeadsChanged) Kind() string { return string(kindRemoteHeads) }

// Kind returns "error".
func (Error) Kind() string { return string(kindError) }

// Kind returns "leave".
func (Leave) Kind() string { return string(kindLeave) }

// Kind returns "godwit-refused".
func (Refused) Kind() string { return string(kindRefused) }

// Kind returns "unknown", whatever the sender called it.
func (Unknown) Kind() string { return "unknown" }
