package interop_test

import (
	"slices"
	"testing"
)

// syncInfo is what a client knows of a server's copy: getSyncInfo's heads under
// the storage id that the server introduced itself with.
type syncInfo struct {
	StorageID string   `json:"storageId"`
	Heads     []string `json:"heads"`
}

func TestClientsSeeThatTheirWorkIsSaved(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice := relay.client("alice")
	doc := alice.create(object{"title": "draft"})
	alice.saved(doc)
	alice.change(doc, put("final", "title"))
	alice.saved(doc)

	var info syncInfo
	alice.call("syncInfo", object{"doc": doc}, &info)
	equal(t, "heads", info.Heads, alice.heads(doc))
	if info.StorageID == "" {
		t.Error("the server has no storage id")
	}
	alice.await("a remote-heads event", func(e event) bool {
		return e.Event == "remote-heads" && e.StorageID == info.StorageID && slices.Equal(e.Heads, info.Heads)
	})
}

// The storage id is that of the store, not of the process.
func TestTheStorageIDSurvivesARestart(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice := relay.client("alice")
	doc := alice.create(object{"title": "draft"})
	alice.saved(doc)
	var before, after syncInfo
	alice.call("syncInfo", object{"doc": doc}, &before)
	relay.kill()
	alice.lost()
	relay.start()
	alice.reconnected()
	alice.call("syncInfo", object{"doc": doc}, &after)
	equal(t, "storage id", after.StorageID, before.StorageID)
}

// A client that gossips about remote heads subscribes to storages through the
// relay; whatever the relay makes of it, ordinary work goes on beside.
func TestClientsThatGossipAboutHeads(t *testing.T) {
	t.Parallel()
	relay := startRelay(t)
	alice := relay.clientWith(setup{PeerID: "alice", Storage: "memory", RemoteHeads: true})
	bob := relay.clientWith(setup{PeerID: "bob", Storage: "memory", RemoteHeads: true})
	var storage syncInfo
	bob.call("storageId", nil, &storage)
	doc := alice.create(object{"title": "draft"})
	alice.call("subscribe", object{"storageIds": []string{storage.StorageID}}, nil)
	alice.saved(doc)
	bob.open(doc)
	bob.change(doc, put("bob", "by"))
	bob.saved(doc)
	converge(t, doc, alice, bob)
	if alice.frames("").Sent["remote-subscription-change"] == 0 {
		t.Error("alice never subscribed")
	}
	relay.running()
}
