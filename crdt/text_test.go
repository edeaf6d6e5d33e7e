package crdt_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt"
)

// setText sets a text and returns how many operations that took.
func setText(tb testing.TB, from, to string) uint64 {
	tb.Helper()
	d := newDoc(tb, "ada", func(root crdt.Map) error { return root.Set("t", from) })
	defer d.Close()
	c := edit(tb, d, func(root crdt.Map) error {
		text := root.Get("t").Text()
		if err := text.Set(to); err != nil {
			return err
		}
		if got := text.String(); got != to {
			tb.Fatalf("%q set to %q is %q", from, to, got)
		}
		return nil
	})
	if c == nil {
		return 0
	}
	return c.Ops
}

func TestTextsAreEditedByLetters(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ops      uint64
	}{
		{"", "", 0},
		{"same", "same", 0},
		{"", "four", 4},
		{"kitten", "sitting", 5},
		{"abcabba", "cbabac", 5},
		{"a\nb\nc", "a\nc", 2},
		{"é", "e", 2},
		{"e\u0301", "e", 3}, // letter and accent are one
		{"👩‍👩‍👧!", "👨‍👩‍👧!", 10}, // a family of five code points is one letter
		{"🇩🇪🇫🇷", "🇩🇪🇪🇸", 4},
		{"x😀y", "x😀😀y", 1},
	} {
		if ops := setText(t, c.from, c.to); ops != c.ops {
			t.Errorf("%q to %q takes %d operations, want %d", c.from, c.to, ops, c.ops)
		}
	}
}

// TestFarApartEditsOfALongText appends to every fifth line, which is
// more than letters are compared for.
func TestFarApartEditsOfALongText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var from, to strings.Builder
	for i := range 6000 {
		line := make([]byte, 20)
		for j := range line {
			line[j] = byte('a' + random.IntN(26))
		}
		from.WriteString(string(line) + "!\n")
		if i%5 == 0 {
			line = append(line, "...."...)
		}
		to.WriteString(string(line) + "!\n")
	}
	if ops := setText(t, from.String(), to.String()); ops != 6000/5*4 {
		t.Errorf("%d operations, want 4800", ops)
	}
}

func TestAnyTextBecomesAnyOther(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		from, to := drawText(rt), drawText(rt)
		if ops := setText(t, from, to); int(ops) > len([]rune(from))+len([]rune(to)) {
			rt.Errorf("%d operations", ops)
		}
	})
}
