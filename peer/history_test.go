package peer_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// An app lists what has happened to a document, shows it as it was, and learns
// what is different now: also what others did.
func TestHistory(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url(), Engine: crdt.Native()}), openPeer(t, peer.Config{Relay: r.url()})
	doc := ada.create(set("text", "Dear geese"))
	first := heads(t, doc)
	ada.online()
	bob.online()
	copied := bob.find(doc.ID())
	err := copied.Change(t.Context(), func(root crdt.Map) error {
		return root.Get("text").Text().Append("!")
	}, crdt.WithMessage("louder"))
	if err != nil {
		t.Fatal(err)
	}
	agree(t, doc, copied)
	changes, err := doc.Changes(t.Context(), nil)
	if err != nil || len(changes) != 2 || changes[1].Message != "louder" || changes[0].Actor == changes[1].Actor {
		t.Fatalf("the history is %v, %v", changes, err)
	}
	if news, err := doc.Changes(t.Context(), first); err != nil || len(news) != 1 || news[0].Hash != changes[1].Hash {
		t.Errorf("since the first there is %v, %v", news, err)
	}
	if err := doc.ViewAt(t.Context(), first, func(root crdt.Map) error {
		if was := root.Get("text").Str(); was != "Dear geese" {
			t.Errorf("it was %q", was)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	patches, err := doc.Diff(t.Context(), first, heads(t, doc))
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for p := range patches {
		got += fmt.Sprint(p.Action, p.Path, p.Index, p.Text)
	}
	if want := "splice [text] 10!"; got != want {
		t.Errorf("the difference is %s, want %s", got, want)
	}
}

func TestHistoryThatIsNone(t *testing.T) {
	doc := openPeer(t, peer.Config{Engine: crdt.Native()}).create(set("n", 1))
	unknown := []crdt.Hash{{1}}
	_, listing := doc.Changes(t.Context(), unknown)
	_, comparing := doc.Diff(t.Context(), unknown, nil)
	viewing := doc.ViewAt(t.Context(), unknown, func(crdt.Map) error { return nil })
	for _, err := range []error{listing, comparing, viewing} {
		if !errors.Is(err, crdt.ErrUnknownHeads) {
			t.Errorf("%v, want ErrUnknownHeads", err)
		}
	}
}
