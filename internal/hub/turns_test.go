package hub_test

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/internal/hub"
)

// TestTurns compares the set with a list that is searched.
func TestTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const docs = 60
		turns := hub.NewTurns(docs)
		var model []int
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				d := rapid.IntRange(0, docs-1).Draw(t, "document")
				turns.Add(d)
				if !slices.Contains(model, d) {
					model = append(model, d)
				}
			},
			"add many": func(t *rapid.T) {
				for d := range rapid.IntRange(0, docs).Draw(t, "documents") {
					turns.Add(d)
					if !slices.Contains(model, d) {
						model = append(model, d)
					}
				}
			},
			"take": func(t *rapid.T) {
				want := -1
				if len(model) > 0 {
					want, model = model[0], model[1:]
				}
				if got := turns.Take(); got != want {
					t.Fatalf("took %d, want %d", got, want)
				}
			},
			"": func(t *rapid.T) {
				if turns.Len() != len(model) {
					t.Fatalf("%d wait, want %d", turns.Len(), len(model))
				}
			},
		})
	})
}

// TestTail compares what is kept with the whole log.
func TestTail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tail hub.Tail
		var log [][]byte
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			size := rapid.OneOf(rapid.IntRange(1, 2000), rapid.IntRange(hub.TailBytes-1, hub.TailBytes+1)).Draw(t, "size")
			chunk := bytes.Repeat([]byte{byte(len(log))}, size)
			tail.Add(len(log), chunk)
			log = append(log, bytes.Clone(chunk))
			chunk[0]++ // the caller's again
		}
		if tail.Bytes() > hub.TailBytes {
			t.Fatalf("%d bytes are kept", tail.Bytes())
		}
		first := rapid.IntRange(0, len(log)-1).Draw(t, "first")
		last := rapid.IntRange(first, len(log)-1).Draw(t, "last")
		got := tail.Get(first, last)
		if got != nil && (!bytes.Equal(got[0], log[first]) || !bytes.Equal(got[1], log[last])) {
			t.Fatalf("changes %d and %d are not what was added", first, last)
		}
		if newest := log[len(log)-1]; len(newest) <= hub.TailBytes && tail.Get(len(log)-1) == nil {
			t.Fatal("the newest change is not kept")
		}
		if tail.Get(first, len(log)) != nil {
			t.Fatal("a change that isn't there is returned")
		}
	})
}

func BenchmarkTurns(b *testing.B) {
	for name, n := range map[string]int{"one": 1, "ten": 10, "thousand": 1000} {
		b.Run(name, func(b *testing.B) {
			turns := hub.NewTurns(n)
			b.ReportAllocs()
			for b.Loop() {
				for d := range n {
					turns.Add(d)
				}
				for turns.Take() >= 0 {
				}
			}
		})
	}
}
