package document_test

import (
	"compress/gzip"
	"io"
	"os"
	"testing"

	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// unpack reads a gzipped file of testdata.
func unpack(tb testing.TB, name string) []byte {
	tb.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return b
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

func TestTheTraceIsWrittenAsJavaScriptWritesIt(t *testing.T) {
	d := parse(t, unpack(t, "trace.automerge.gz"))
	if d.NumOps != 182_316 || d.NumChanges != 259_779 {
		t.Errorf("%d ops, %d changes", d.NumOps, d.NumChanges)
	}
	checkCopies(t, d)
}
