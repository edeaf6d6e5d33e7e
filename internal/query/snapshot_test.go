package query_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/query"
)

// A record's entries are the same, and the same queries find it, whether its
// fields come from Go or from a document.
func TestSnapshotsAreFields(t *testing.T) {
	r := record{"name": "Ada 🦊", "age": int64(36), "size": 1.5, "visits": crdt.Counter(3), "born": time.UnixMilli(-4_858_000_000_000).UTC(), "key": []byte{0, 1}, "left": nil, "tags": []any{"go", int64(1), "go"}, "address": map[string]any{"city": "London"}}
	d, err := crdt.New(crdt.ActorID("ada............."))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var s crdt.Snapshot
	if _, err := d.Change(func(root crdt.Map) error {
		for key, v := range r {
			if err := root.Set(key, v); err != nil {
				return err
			}
		}
		s, err = root.Snapshot(nil)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	for _, name := range []string{"name", "age", "size", "visits", "born", "key", "left", "tags", "address.city", "nothing"} {
		x := query.Index{Fields: []string{name, "name"}}
		if got, want := x.Writer().Keys(docid.ID{1}, s), x.Writer().Keys(docid.ID{1}, r); !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%s: %x, want %x", name, got, want)
		}
	}
	w.put(docid.ID{1}, record(s.Any()))
	q := query.Where("age").Above(30).And("visits").Is(3).And("tags").Contains("go").And("address.city").Prefix("Lon").And("left").Missing()
	if got := result(t, q, w, nil); len(got) != 1 {
		t.Errorf("found %v", got)
	}
}
