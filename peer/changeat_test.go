package peer_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// What somebody makes of what they were shown stands beside what came
// meanwhile, as often as that happens, and everywhere.
func TestChangeAtMerges(t *testing.T) {
	r := startRelay(t)
	ada, bob := openPeer(t, peer.Config{Relay: r.url()}), openPeer(t, peer.Config{Relay: r.url()})
	doc := ada.create(set("text", "Dear geese", "n", 1))
	var seen string
	shown, err := doc.ViewHeads(t.Context(), func(root crdt.Map) error {
		seen = root.Get("text").Str()
		return nil
	})
	if err != nil || seen != "Dear geese" {
		t.Fatalf("shown is %q, %v", seen, err)
	}
	change(t, doc, set("text", "Dear brave geese", "n", 2))
	for _, text := range []string{"Dear geese!", "Oh, Dear geese"} {
		err := doc.ChangeAt(t.Context(), shown, func(root crdt.Map) error {
			if was := root.Get("text").Str(); was != "Dear geese" {
				t.Errorf("what is changed says %q", was)
			}
			return root.Set("text", text)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(t, doc, set("m", 1))
	want := fmt.Sprint(map[string]any{"text": "Oh, Dear brave geese!", "n": int64(2), "m": int64(1)})
	if got := fmt.Sprint(read(t, doc)); got != want {
		t.Errorf("it says %s, want %s", got, want)
	}
	ada.online()
	bob.online()
	agree(t, doc, bob.find(doc.ID()))
}

// A change of what was shown that does nothing, fails, or names something else
// leaves everything as it is.
func TestChangeAtThatIsNone(t *testing.T) {
	p := openPeer(t, peer.Config{})
	doc := p.create(set("n", 1))
	shown := heads(t, doc)
	change(t, doc, set("n", 2))
	before := fmt.Sprint(heads(t, doc))
	sorry := errors.New("changed my mind")
	for name, c := range map[string]struct {
		heads []crdt.Hash
		fn    func(crdt.Map) error
		want  error
	}{
		"nothing":         {shown, func(crdt.Map) error { return nil }, nil},
		"what is there":   {shown, set("n", 1), nil},
		"an error":        {shown, func(root crdt.Map) error { return errors.Join(root.Set("n", 3), sorry) }, sorry},
		"a foreign state": {[]crdt.Hash{{1}}, set("n", 3), crdt.ErrUnknownHeads},
	} {
		if err := doc.ChangeAt(t.Context(), c.heads, c.fn); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if after := fmt.Sprint(heads(t, doc)); after != before {
			t.Errorf("%s: the heads are %s, were %s", name, after, before)
		}
	}
}
