package replica_test

import (
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
)

// TestAnswerAboutOthers: an answer says what became of the documents of its page, each
// once. What it says of others is not passed on.
func TestAnswerAboutOthers(t *testing.T) {
	a := replica.NewAnnouncer(replica.Terms{Subscription: 1, Tag: modelTag, Listener: [16]byte{1}, Keeps: true})
	var ids []docid.ID
	var said []wire.Announced
	for n := range 3 {
		id := docid.RecordFor("model", string(rune('a'+n)))
		ids, said = append(ids, id), append(said, wire.Announced{Document: id})
		a.Push(replica.Row{Sequence: uint64(n + 1), Document: id, Count: 1})
	}
	if task := a.Next(replica.Live); len(task.Topics) != len(ids) {
		t.Fatalf("%+v", task)
	}
	page, ok := a.Page(replica.Live, len(said), said)
	if !ok {
		t.Fatal("no page")
	}
	other := docid.RecordFor("model", "other")
	taken, refused, err := a.Answered(wire.Answer{Page: page.Number, Refused: []wire.NotTaken{
		{Document: other, Reason: "twin"}, {Document: ids[1], Reason: "quota"}, {Document: ids[1], Reason: "twin"},
	}})
	if err != nil || !slices.Equal(taken, []docid.ID{ids[0], ids[2]}) {
		t.Errorf("taken are %v, %v", taken, err)
	}
	if len(refused) != 1 || refused[0].Document != ids[1] || refused[0].Reason != "quota" {
		t.Errorf("refused are %+v", refused)
	}
}
