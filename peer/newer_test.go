package peer_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	changes "github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/peer"
)

// Somebody with a newer version changes a document: it can be read as far as it
// is understood, and not changed any more, and all that comes is kept, also when
// it is saved and opened again. What was written before that change was known
// still gets in.
func TestANewerVersionHasChangedIt(t *testing.T) {
	r, dir := startRelay(t), t.TempDir()
	ada := openPeer(t, peer.Config{Path: dir, Relay: r.url(), Engine: crdt.Native()})
	ada.online()
	bob := openPeer(t, peer.Config{Relay: r.url(), Engine: crdt.Native()})
	mallory := meet(t, r)
	put := func(key string, action changes.Action, v changes.Value) {
		mallory.send(mallory.draft(changes.Op{Key: changes.MapKey(key), Action: action, Value: v}))
	}
	put("known", changes.ActionSet, changes.Text("yes"))
	put("large", changes.ActionSet, changes.Text(noise(64<<10)))
	doc := ada.find(mallory.id)
	before := heads(t, doc)
	if newer, err := doc.NewerFormat(t.Context()); newer || err != nil {
		t.Fatal(newer, err)
	}
	put("known", changes.ActionMark+1, changes.Value{})
	put("later", changes.ActionSet, changes.Bool(true))
	await(t, "what comes after it", doc, func() bool { return read(t, doc)["later"] == true })
	isReadOnly(t, doc)

	change := func(root crdt.Map) error { return root.Set("offline", true) }
	if err := doc.ChangeAt(t.Context(), before, change); err != nil {
		t.Fatal(err)
	}
	reaches(t, doc, peer.Synced)
	bob.online()
	copied := bob.find(mallory.id)
	await(t, "the change of what it was", copied, func() bool { return read(t, copied)["offline"] == true })
	isReadOnly(t, copied)
	agree(t, doc, copied)

	forked, err := doc.Fork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	isReadOnly(t, forked)
	ada.close()
	ada = openPeer(t, peer.Config{Path: dir, Engine: crdt.Native()})
	again := ada.find(mallory.id)
	isReadOnly(t, again)
	agree(t, again, copied)
	saved, err := again.Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range mallory.made {
		if !bytes.Contains(saved, c.Bytes()) {
			t.Errorf("%s isn't in what is saved as it came", c.Hash)
		}
	}
}

func isReadOnly(t *testing.T, doc *peer.Document) {
	t.Helper()
	newer, err := doc.NewerFormat(t.Context())
	if !newer || err != nil {
		t.Errorf("of a newer format: %v, %v", newer, err)
	}
	if _, known := read(t, doc)["known"]; known {
		t.Error("what was overwritten shows")
	}
	if err := doc.Change(t.Context(), set("n", 1)); !errors.Is(err, crdt.ErrNewerFormat) {
		t.Errorf("a change: %v", err)
	}
	if status := status(t, doc); status.Err != nil {
		t.Errorf("it can't be opened: %v", status.Err)
	}
}

// The reference engine doesn't open it. It is synced all the same.
func TestTheReferenceDoesntOpenWhatANewerVersionHasChanged(t *testing.T) {
	onReference(t)
	r := startRelay(t)
	ada := openPeer(t, peer.Config{Relay: r.url(), Engine: crdt.Reference()})
	ada.online()
	mallory := meet(t, r)
	mallory.send(mallory.draft(changes.Op{Key: changes.MapKey("a"), Action: changes.ActionMark + 1}))
	doc := ada.find(mallory.id)
	reaches(t, doc, peer.Synced)
	if err := doc.View(t.Context(), func(crdt.Map) error { return nil }); !errors.Is(err, crdt.ErrNewerFormat) {
		t.Errorf("%v, want ErrNewerFormat", err)
	}
}
