package opset_test

import (
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// A letter that was put over another is found by its own operation, and by the
// one that it was put over.
func TestAnchorsOfLettersThatWereOverwritten(t *testing.T) {
	s := opset.New("ada")
	text, err := s.PutObject(s.Root(), "t", change.ActionMakeText)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Splice(text, sequence.Points, 0, 0, "abc"); err != nil {
		t.Fatal(err)
	}
	first := s.Anchor(text, sequence.Points, 1)
	if err := s.PutAt(text, 1, change.Text("🦊")); err != nil {
		t.Fatal(err)
	}
	second := s.Anchor(text, sequence.Points, 1)
	if first == second {
		t.Fatal("both are one operation")
	}
	check := func(forward, back int) {
		t.Helper()
		for _, op := range []change.OpID{first, second} {
			next, ok := s.Anchored(text, sequence.UTF16, op, false)
			before, also := s.Anchored(text, sequence.UTF16, op, true)
			if !ok || !also || next != forward || before != back {
				t.Errorf("%v is at %d, or going back at %d, want %d and %d", op, next, before, forward, back)
			}
		}
	}
	check(1, 1)
	if err := s.Splice(text, sequence.Points, 1, 1, ""); err != nil {
		t.Fatal(err)
	}
	check(1, 0)
}
