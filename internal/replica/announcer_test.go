package replica_test

import (
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

// announced makes an announcer that keeps account, with a page for each of some rows:
// all of the same document.
func announced(t *testing.T, pages int) (a *replica.Announcer, id docid.ID) {
	t.Helper()
	id = docid.RecordFor("model", "one")
	start := &wire.Cursor{Sequence: 1}
	a = replica.NewAnnouncer(replica.Terms{Tag: modelTag, Listener: [16]byte{1}, Cursor: start, End: 1, Keeps: true, Acked: start})
	a.Next(replica.CatchUp)
	if _, ok := a.Page(replica.CatchUp, 0, nil); !ok {
		t.Fatal("there is no page that ends the catch-up")
	}
	if _, _, err := a.Answered(wire.Answer{Page: 1}); err != nil {
		t.Fatal(err)
	}
	for n := range pages {
		a.Push(replica.Row{Sequence: uint64(n + 2), Document: id, First: n, Count: 1})
		task := a.Next(replica.Live)
		if task == nil || len(task.Topics) != 1 {
			t.Fatalf("the task is %+v", task)
		}
		a.Page(replica.Live, 1, []wire.Announced{{Document: id, Heads: []change.Hash{{1}}}})
	}
	return a, id
}

func takes(t *testing.T, a *replica.Announcer, m wire.Answer, want ...docid.ID) {
	t.Helper()
	taken, _, err := a.Answered(m)
	if err != nil || !slices.Equal(taken, want) {
		t.Errorf("page %d: taken are %v (%v), want %v", m.Page, taken, err, want)
	}
}

// An answer that comes late doesn't undo a refusal that is about more of a document.
func TestARefusalStands(t *testing.T) {
	a, id := announced(t, 3)
	takes(t, a, wire.Answer{Page: 3, Refused: []wire.NotTaken{{Document: id, Reason: "quota"}}})
	takes(t, a, wire.Answer{Page: 2})
	takes(t, a, wire.Answer{Page: 4}, id)
}

// What can't be read isn't taken, whatever is said to pages that had named it.
func TestWithheldIsNotTaken(t *testing.T) {
	a, id := announced(t, 2)
	a.Withheld([]docid.ID{id})
	takes(t, a, wire.Answer{Page: 2})
	takes(t, a, wire.Answer{Page: 3})
	a, id = announced(t, 1)
	takes(t, a, wire.Answer{Page: 2}, id)
}
