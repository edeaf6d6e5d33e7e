package opset_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// What a text has no room for is refused as a whole, from here and from others;
// what it has room for isn't, and it never matters how much there is elsewhere.
func TestFull(t *testing.T) {
	opset.MaxContent(t, 10_000)
	s := opset.New(me)
	text, err := s.PutObject(s.Root(), "t", change.ActionMakeText)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Splice(text, sequence.Points, 0, 0, strings.Repeat("a", 6000)); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if err := s.Put(s.Root(), fmt.Sprint(i), change.Text("more than enough")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Commit("", 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Splice(text, sequence.Points, 0, 0, strings.Repeat("b", 5000)); !errors.Is(err, opset.ErrFull) {
		t.Fatal(err)
	}
	s.Rollback()
	saved, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{3000, 500} {
		opset.MaxContent(t, 1<<20)
		other := load(t, saved)
		if err := other.Splice(other.Root().Get("t").Object, sequence.Points, 0, 0, strings.Repeat("é", room)); err != nil {
			t.Fatal(err)
		}
		c, err := other.Commit("", 0)
		if err != nil {
			t.Fatal(err)
		}
		opset.MaxContent(t, 10_000)
		if err := s.Apply(c); errors.Is(err, opset.ErrFull) != (room == 3000) {
			t.Fatalf("%d letters: %v", room, err)
		}
		if room == 3000 && text.Len(sequence.Points) != 6000 {
			t.Fatalf("%d letters after a change that was refused", text.Len(sequence.Points))
		}
	}
}
