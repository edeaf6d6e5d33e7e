package document_test

import (
	"testing"

	"github.com/godwit-sync/godwit/crdt/internal/document"
)

func BenchmarkParse(b *testing.B) {
	chunk := unpack(b, "trace.automerge.gz")
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := document.Parse(chunk); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadSpans(b *testing.B) {
	d := parse(b, unpack(b, "trace.automerge.gz"))
	b.ReportAllocs()
	spans := 0
	for b.Loop() {
		rows := d.Rows()
		var s document.Span
		for spans = 0; ; spans++ {
			n, err := rows.Span(&s)
			if err != nil {
				b.Fatal(err)
			}
			if n == 0 {
				break
			}
			if _, err := rows.Values(&s, n); err != nil {
				b.Fatal(err)
			}
			for left := n * s.Succs; left > 0; {
				ids, err := rows.Succs(left)
				if err != nil {
					b.Fatal(err)
				}
				left -= ids.Count
			}
			rows.Advance(n)
		}
	}
	b.ReportMetric(float64(spans), "spans")
}

func BenchmarkReadRows(b *testing.B) {
	d := parse(b, unpack(b, "trace.automerge.gz"))
	b.ReportAllocs()
	for b.Loop() {
		rows := d.Rows()
		var op document.Op
		for {
			more, err := rows.Op(&op)
			if err != nil {
				b.Fatal(err)
			}
			if !more {
				break
			}
		}
	}
}

func BenchmarkReadChanges(b *testing.B) {
	d := parse(b, unpack(b, "trace.automerge.gz"))
	b.ReportAllocs()
	for b.Loop() {
		changes := d.Changes()
		var c document.Change
		for {
			more, err := changes.Change(&c)
			if err != nil {
				b.Fatal(err)
			}
			if !more {
				break
			}
		}
	}
}

// BenchmarkCopySpans reads in spans, writes in spans and deflates.
func BenchmarkCopySpans(b *testing.B) { benchmarkCopy(b, copySpans) }

// BenchmarkCopyRows reads and writes row by row, and deflates.
func BenchmarkCopyRows(b *testing.B) { benchmarkCopy(b, copyRows) }

func benchmarkCopy(b *testing.B, write func(*document.Writer, *document.Document) ([]byte, error)) {
	d := parse(b, unpack(b, "trace.automerge.gz"))
	b.ReportAllocs()
	var w document.Writer
	var size int
	for b.Loop() {
		w.Reset()
		chunk, err := write(&w, d)
		if err != nil {
			b.Fatal(err)
		}
		size = len(chunk)
	}
	b.ReportMetric(float64(size), "bytes")
}
