package sequence_test

import (
	"math"
	"testing"

	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// A text may be longer than positions go: it ends there, for those who ask.
func TestLongerThanCounted(t *testing.T) {
	s := sequence.New(byNumber{})
	for counter := uint32(1); counter <= 10; counter++ {
		wide := Width{1 << 29, 1 << 30, math.MaxInt32}
		if err := s.InsertCell(ID{Counter: counter}, ID{}, int32(counter), true, wide); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := s.Width(), (Width{math.MaxInt32, math.MaxInt32, math.MaxInt32}); got != want {
		t.Fatalf("%v, not %v", got, want)
	}
	for u := range sequence.Bytes + 1 {
		for _, pos := range []int32{0, 1<<30 + 1, math.MaxInt32 - 1} {
			if e := s.At(u, pos); e.Kind != sequence.Cell || e.Within < 0 || e.Within >= e.Width[u] {
				t.Fatalf("at %d: %+v", pos, e)
			}
		}
	}
	for counter := uint32(1); counter <= 10; counter++ {
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		if err := s.SetCell(ID{Counter: counter}, counter%3 == 0, Width{7, 8, 9}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := s.Width(), (Width{21, 24, 27}); got != want {
		t.Fatalf("%v, not %v", got, want)
	}
}
