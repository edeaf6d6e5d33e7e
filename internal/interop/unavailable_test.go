package interop_test

import "testing"

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
