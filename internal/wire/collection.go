package wire

import (
	"fmt"
	"log/slog"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// Collections travel by announcement; see docs/PROTOCOL.md, "Collections". These
// messages are godwit's own, for peers whose [Extension] names Collections. They
// concern the two ends of one connection, so they name neither.

// What one message about a collection may hold; see docs/PROTOCOL.md.
const (
	// MaxDocuments bounds the documents of a page, a want or an answer.
	MaxDocuments = 256
	// MaxHeads bounds the heads that a page names, of all its documents together.
	MaxHeads = 16_384
	// MaxHave bounds the hashes by which a want says what is there of a document.
	MaxHave = 64
	// MaxRoots bounds the hashes by which a want says what is refused of a document.
	MaxRoots = 32
	// MaxRefused bounds the hashes that an answer names for a document.
	MaxRefused = 100
	// MaxCollection is the length of a collection's name in bytes.
	MaxCollection = 256
)

// Cursor is a place in what a store announces of a collection.
type Cursor struct {
	// Sequence: all rows of the journal up to it are covered; but see After.
	Sequence uint64
	// After is not zero during a listing: what was there at Sequence is covered up
	// to that document, and of the documents after it nothing is.
	After docid.ID
}

// LogValue is the cursor in a log; nil is none.
func (c *Cursor) LogValue() slog.Value {
	switch {
	case c == nil:
		return slog.StringValue("none")
	case c.After == docid.ID{}:
		return slog.Uint64Value(c.Sequence)
	default:
		return slog.StringValue(fmt.Sprintf("%d, listed to %s", c.Sequence, c.After))
	}
}

// Offer asks a server to subscribe to a collection of its client's.
type Offer struct {
	Subscription uint64 // the number that the subscription is to have
	Collection   string
}

// Subscribe asks for a collection's documents.
type Subscribe struct {
	Subscription uint64
	Collection   string
	Cursor       *Cursor // where the last subscription came to; nil: it isn't known
	// Empty says that the sender has none of the documents that a listing from the
	// cursor on will name.
	Empty bool
}

// Unsubscribe ends a subscription, or declines it.
type Unsubscribe struct {
	Subscription uint64
	Reason       string // one word, stable; empty: it isn't needed any more
}

// Page announces documents.
type Page struct {
	Subscription uint64
	Number       uint64 // from 1; zero: it brings what was wanted, and isn't answered
	Live         bool   // what has happened since the subscription began
	To           Cursor // what is covered once this page and all before it are
	Left         uint64 // about how many are still to be announced; zero on the last page of what is not live
	Unread       uint64 // how many are left out since the last page, as the announcer can't read them
	Documents    []Announced
}

// Announced is what a page says of one document.
type Announced struct {
	Document docid.ID      // never zero
	Heads    []change.Hash // none: the sender can't give it
	Changes  []byte        // change chunks, one after another; after Decode, part of the frame
}

// Want asks for what announced documents lack.
type Want struct {
	Subscription uint64
	Documents    []Wanted
}

// Wanted names a document, some of what is there of it (its heads, and older
// changes), and some of what is refused.
type Wanted struct {
	Document docid.ID // never zero
	Have     []change.Hash
	Refused  []change.Hash // neither these are to be sent nor what builds on them
}

// Answer says that all that a page announced is durable, but for what is refused.
type Answer struct {
	Subscription uint64
	Page         uint64
	Refused      []NotTaken
}

// NotTaken names changes of a document that were refused.
type NotTaken struct {
	Document docid.ID // never zero
	Hashes   []change.Hash
	Reason   string // one word, stable
}

// Kind returns "godwit-offer".
func (Offer) Kind() string { return string(kindOffer) }

// Kind returns "godwit-subscribe".
func (Subscribe) Kind() string { return string(kindSubscribe) }

// Kind returns "godwit-unsubscribe".
func (Unsubscribe) Kind() string { return string(kindUnsubscribe) }

// Kind returns "godwit-page".
func (Page) Kind() string { return string(kindPage) }

// Kind returns "godwit-want".
func (Want) Kind() string { return string(kindWant) }

// Kind returns "godwit-answer".
func (Answer) Kind() string { return string(kindAnswer) }
