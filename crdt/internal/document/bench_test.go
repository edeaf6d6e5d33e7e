package document_test

import (
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
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

// BenchmarkWrite writes what was read in spans, and deflates.
func BenchmarkWrite(b *testing.B) {
	var t tape
	d := parse(b, unpack(b, "trace.automerge.gz"))
	if _, err := copyTo(&t, d); err != nil {
		b.Fatal(err)
	}
	var w document.Writer
	var size int
	b.ReportAllocs()
	for b.Loop() {
		w.Reset()
		for _, step := range t.steps {
			step(&w)
		}
		chunk, err := w.Chunk(d.Actors, headsOf(d))
		if err != nil {
			b.Fatal(err)
		}
		size = len(chunk)
	}
	b.ReportMetric(float64(size), "bytes")
}

// BenchmarkWriteRows does the same row by row.
func BenchmarkWriteRows(b *testing.B) {
	d := parse(b, unpack(b, "trace.automerge.gz"))
	h, err := readHistory(d)
	if err != nil {
		b.Fatal(err)
	}
	var w document.Writer
	b.ReportAllocs()
	for b.Loop() {
		w.Reset()
		for i := range h.changes {
			w.Change(&h.changes[i])
		}
		for i := range h.ops {
			w.Op(&h.ops[i])
		}
		if _, err := w.Chunk(d.Actors, headsOf(d)); err != nil {
			b.Fatal(err)
		}
	}
}

// tape remembers what is written.
type tape struct{ steps []func(*document.Writer) }

func (t *tape) add(step func(*document.Writer)) { t.steps = append(t.steps, step) }

func (t *tape) Span(s *document.Span, values []byte) {
	span := *s
	t.add(func(w *document.Writer) { w.Span(&span, values) })
}

func (t *tape) Changes(s *document.ChangeSpan, extra []byte) {
	span := *s
	t.add(func(w *document.Writer) { w.Changes(&span, extra) })
}

func (t *tape) Succs(ids document.IDs)     { t.add(func(w *document.Writer) { w.Succs(ids) }) }
func (t *tape) Deps(deps document.Indexes) { t.add(func(w *document.Writer) { w.Deps(deps) }) }

func (t *tape) Chunk([]change.ActorID, []document.Head) ([]byte, error) { return nil, nil }
