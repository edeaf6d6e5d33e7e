package peer_test

import (
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// Positions count what the peer is told, also in documents that are opened again.
func TestPositions(t *testing.T) {
	config := peer.Config{Path: t.TempDir(), Engine: crdt.Native(), Positions: crdt.UTF16}
	p := openPeer(t, config)
	doc := p.create(set("t", "🦊🦊"))
	change(t, doc, func(root crdt.Map) error { return root.Get("t").Text().Insert(4, "!") })
	p.close()
	doc = openPeer(t, config).find(doc.ID())
	change(t, doc, func(root crdt.Map) error { return root.Get("t").Text().Splice(0, 2, "a") })
	if err := doc.View(t.Context(), func(root crdt.Map) error {
		if text := root.Get("t").Text(); text.Len() != 4 || text.String() != "a🦊!" {
			t.Errorf("%q of %d", text, text.Len())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
