package replica_test

import (
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

// TestLeftOfAListing: a listing tells about how much is left, from its first page on,
// also if it goes on where another one ended, and whoever lists never counts.
func TestLeftOfAListing(t *testing.T) {
	s := newShelf("relay")
	for n := range 10_000 {
		s.append(docid.RecordFor("model", fmt.Sprint(n)), "", fact{})
	}
	after := s.list(modelTag, docid.ID{})[wire.MaxDocuments-1]
	for _, cursor := range []*wire.Cursor{nil, {Sequence: s.last(), After: after}} {
		a := replica.NewAnnouncer(replica.Terms{Subscription: 1, Tag: modelTag, Cursor: cursor, End: s.last()})
		left := len(s.docs)
		if cursor != nil {
			left -= wire.MaxDocuments
		}
		for left > 0 {
			task := a.Next(replica.CatchUp)
			if task.List != nil {
				a.Listed(s.list(modelTag, task.List.After))
				continue
			}
			half := (len(task.Topics) + 1) / 2
			page, ok := a.Page(replica.CatchUp, half, make([]wire.Announced, half))
			if !ok {
				t.Fatal("no page")
			}
			left -= half
			if said := int(page.Left); said < left*3/4-16 || said > left*5/4+16 || said == 0 != (left == 0) {
				t.Errorf("%d are left, and %d are said to be", left, said)
			}
			if _, _, err := a.Answered(wire.Answer{Page: page.Number}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
