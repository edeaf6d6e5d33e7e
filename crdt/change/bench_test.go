package change_test

import (
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
)

// keystroke is a recorded change of one letter typed after another.
func keystroke(tb testing.TB) []byte { return longestOf(tb, "text with emoji", 1) }

// longestOf returns a scenario's longest chunk of so many operations; of the
// most operations if ops is zero.
func longestOf(tb testing.TB, scenario string, ops uint64) []byte {
	var found golden
	for _, g := range readGolden(tb, "testdata/golden-3.5.0.json.gz") {
		if g.Scenario != scenario {
			continue
		}
		if ops == 0 && g.Ops >= found.Ops || g.Ops == ops && len(g.Chunk) > len(found.Chunk) {
			found = g
		}
	}
	if found.Chunk == nil {
		tb.Fatalf("no change of %d operations in %q", ops, scenario)
	}
	return found.Chunk
}

func BenchmarkParseKeystroke(b *testing.B) { benchmarkParse(b, keystroke(b), change.Parse) }

func BenchmarkReadHeaderKeystroke(b *testing.B) { benchmarkParse(b, keystroke(b), change.ReadHeader) }

func BenchmarkParseDelete240000(b *testing.B) {
	benchmarkParse(b, longestOf(b, "240,000 letters", 0), change.Parse)
}

func BenchmarkParseRows(b *testing.B) {
	benchmarkParse(b, longestOf(b, "more than ten thousand rows", 0), change.Parse)
}

func BenchmarkEncodeKeystroke(b *testing.B) {
	c, err := change.Parse(keystroke(b))
	if err != nil {
		b.Fatal(err)
	}
	d := redraft(b, c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkParse(b *testing.B, chunk []byte, parse func([]byte) (*change.Change, error)) {
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse(chunk); err != nil {
			b.Fatal(err)
		}
	}
}
