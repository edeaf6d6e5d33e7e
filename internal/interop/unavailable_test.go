package interop_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/godwit-sync/godwit/internal/wire"
)

// nobodys is a valid document id that nobody has.
const nobodys = "4NMNnkMhL8jXrdJ9jamS58PAVdXu"

func TestAnUnknownDocumentIsUnavailable(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice := relay.client("alice")

	equal(t, "state", alice.find(nobodys), "unavailable")
	frames := alice.frames(nobodys)
	equal(t, "doc-unavailable messages", frames.Received["doc-unavailable"], 1)
	equal(t, "requests", frames.Sent["request"], 1)
}

// Bob is given the link before Alice has been online: he is told that the
// document isn't there, and gets it without asking again once it is.
func TestADocumentThatTurnsUpLaterIsDelivered(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice := relay.clientWith(setup{PeerID: "alice", Offline: true})
	doc := alice.create(object{"title": "worth waiting for"})

	bob, carol := relay.client("bob"), relay.client("carol")
	equal(t, "bob's state", bob.find(doc), "unavailable")
	equal(t, "carol's state", carol.find(doc), "unavailable")
	alice.connect()
	bob.becomes(doc, "ready")
	carol.becomes(doc, "ready")

	converge(t, doc, alice, bob, carol)
	bob.change(doc, put("bob", "by"))
	converge(t, doc, bob, carol, alice)
}

// The asker has left and come back before the document arrives.
func TestAnAskerWhoComesBackIsServed(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice := relay.clientWith(setup{PeerID: "alice", Offline: true})
	doc := alice.create(object{"title": "later"})

	bob := relay.client("bob")
	equal(t, "bob's state", bob.find(doc), "unavailable")
	bob.disconnect()
	bob.connect()
	alice.connect()
	alice.saved(doc)
	bob.becomes(doc, "ready")
	converge(t, doc, alice, bob)
}

// The creator sends Bob the link in the same moment in which she makes the
// document. Her client has announced it, and its content is on the way: Bob is
// not told that there is nothing, he is made to wait for it.
func TestALinkSharedAtOnce(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	doc, bob, creator := announced(t, relay)

	finding := bob.send("find", object{"doc": doc.id})
	equal(t, "something unknown", bob.find(nobodys), "unavailable")
	equal(t, "messages that there is nothing", bob.frames(doc.id).Received["doc-unavailable"], 0)
	creator.write(creator.sync("creator", doc.id, syncMessage(doc.hash, doc.chunk)))
	var found document
	bob.answer(finding, "find", &found)
	equal(t, "state", found.State, "ready")
	bob.has(doc.id, []string{hex.EncodeToString(doc.hash)})
}

// She announces it and is gone before its content has come.
func TestALinkToWhatNeverCame(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	doc, bob, creator := announced(t, relay)

	finding := bob.send("find", object{"doc": doc.id})
	equal(t, "something unknown", bob.find(nobodys), "unavailable")
	creator.conn.Close()
	var found document
	bob.answer(finding, "find", &found)
	equal(t, "state", found.State, "unavailable")
}

// draft is a document of one change that no server has.
type draft struct {
	id    string
	hash  []byte
	chunk []byte
}

// announced returns a document whose creator has told the relay its heads and
// has been asked for the rest, and Bob, who is online.
func announced(t *testing.T, relay *relay) (draft, *client, *stranger) {
	t.Helper()
	alice := relay.clientWith(setup{PeerID: "alice", Offline: true})
	doc := draft{id: alice.create(object{"title": "fresh"})}
	var err error
	if doc.hash, err = hex.DecodeString(alice.heads(doc.id)[0]); err != nil {
		t.Fatal(err)
	}
	if doc.chunk, err = base64.StdEncoding.DecodeString(changes(alice, doc.id)[0]); err != nil {
		t.Fatal(err)
	}
	creator := relay.stranger(t)
	creator.joinAs("creator")
	creator.write(creator.sync("creator", doc.id, syncMessage(doc.hash, nil)))
	if _, ok := creator.read().(wire.Sync); !ok {
		t.Fatal("the relay doesn't ask for what was announced")
	}
	return doc, relay.client("bob"), creator
}

// syncMessage is a sync message of version 1 that names one head, needs
// nothing, knows nothing of the receiver, and carries at most one change.
func syncMessage(head, chunk []byte) []byte {
	message := append([]byte{0x42, 1}, head...)
	message = append(message, 0, 1, 0, 0)
	if chunk == nil {
		return append(message, 0)
	}
	message = append(message, 1)
	message = binary.AppendUvarint(message, uint64(len(chunk)))
	return append(message, chunk...)
}
