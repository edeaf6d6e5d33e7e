package document_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// golden is a document as JavaScript saved it (testdata/record.mjs).
type golden struct {
	Name     string `json:"-"`
	Document []byte
	Heads    []string
	Changes  []string // hashes, in JavaScript's order
}

// unpack reads a gzipped file of testdata.
func unpack(tb testing.TB, name string) []byte {
	tb.Helper()
	packed, err := os.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		tb.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func readGolden(tb testing.TB, file string) []golden {
	tb.Helper()
	var byName map[string]golden
	if err := json.Unmarshal(unpack(tb, file), &byName); err != nil {
		tb.Fatal(err)
	}
	var all []golden
	for name, g := range byName {
		g.Name = name
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b golden) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return all
}

// eachGolden calls f for every recorded document of every version.
func eachGolden(t *testing.T, f func(*testing.T, golden)) {
	for _, file := range []string{"golden-3.5.0.json.gz", "golden-2.2.9.json.gz"} {
		for _, g := range readGolden(t, file) {
			t.Run(file[:len(file)-8]+"/"+g.Name, func(t *testing.T) { f(t, g) })
		}
	}
}

func parse(tb testing.TB, chunk []byte) *document.Document {
	tb.Helper()
	d, err := document.Parse(chunk)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// checkCopies writes a document's rows again, in spans and one by one.
func checkCopies(t *testing.T, d *document.Document) {
	t.Helper()
	var w document.Writer
	for name, write := range map[string]func(*document.Writer, *document.Document) ([]byte, error){
		"in spans": copySpans, "row by row": copyRows,
	} {
		w.Reset()
		chunk, err := write(&w, d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := difference(parse(t, chunk), d); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDocumentsAreWrittenAsJavaScriptWritesThem(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		d := parse(t, g.Document)
		if d.NewerFormat {
			t.Error("taken for a newer format")
		}
		checkCopies(t, d)
	})
}

func TestTheTraceIsWrittenAsJavaScriptWritesIt(t *testing.T) {
	d := parse(t, unpack(t, "trace.automerge.gz"))
	if d.NumOps != 182_316 || d.NumChanges != 259_779 {
		t.Errorf("%d ops, %d changes", d.NumOps, d.NumChanges)
	}
	chunk, err := copySpans(new(document.Writer), d)
	if err != nil {
		t.Fatal(err)
	}
	if most := 129_500; len(chunk) > most {
		t.Errorf("%d bytes, at most %d were wanted", len(chunk), most)
	}
	checkCopies(t, d)
}

// The exemplar is upstream's own, with one of every kind of value.
func TestUpstreamsExemplarIsWrittenAsItWas(t *testing.T) {
	chunk, err := os.ReadFile("../../testdata/upstream/exemplar")
	if err != nil {
		t.Fatal(err)
	}
	checkCopies(t, parse(t, chunk))
}

func TestAMillionRowsAreAFewSpans(t *testing.T) {
	for _, g := range readGolden(t, "golden-3.5.0.json.gz") {
		if g.Name != "1,000,000 nulls" {
			continue
		}
		rows := parse(t, g.Document).Rows()
		var s document.Span
		total, spans := 0, 0
		for ; ; spans++ {
			n, err := rows.Span(&s)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			total += n
			rows.Advance(n)
		}
		if total != 1_000_001 || spans > 4 {
			t.Errorf("%d rows in %d spans", total, spans)
		}
		return
	}
	t.Fatal("no such recording")
}

func TestChangesRebuiltFromRowsHaveJavaScriptsHashes(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		d := parse(t, g.Document)
		if d.NumOps > 500_000 {
			return // it would take seconds; TestAMillionRowsAreAFewSpans has it
		}
		h, err := readHistory(d)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := h.rebuild()
		if err != nil {
			t.Fatal(err)
		}
		checkHashes(t, d, g, changes)
	})
}

func checkHashes(t *testing.T, d *document.Document, g golden, changes []*change.Change) {
	t.Helper()
	if len(changes) != len(g.Changes) || d.NumChanges != len(changes) {
		t.Fatalf("%d changes, JavaScript has %d", len(changes), len(g.Changes))
	}
	for i, c := range changes {
		if c.Hash.String() != g.Changes[i] {
			t.Fatalf("change %d is %s, JavaScript has %s", i, c.Hash, g.Changes[i])
		}
	}
	if len(d.Heads) != len(g.Heads) {
		t.Fatalf("%d heads, JavaScript has %d", len(d.Heads), len(g.Heads))
	}
	for i, head := range d.Heads {
		if !slices.Contains(g.Heads, head.String()) {
			t.Errorf("head %s is none of %v", head, g.Heads)
		}
		if changes[d.HeadIndexes[i]].Hash != head {
			t.Errorf("head %d isn't the change at its index", i)
		}
	}
}
