package document_test

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// writer is what spans are written with.
type writer interface {
	Changes(*document.ChangeSpan, []byte)
	Deps(document.Indexes)
	Span(*document.Span, []byte)
	Succs(document.IDs)
	Chunk([]change.ActorID, []document.Head) ([]byte, error)
}

// copySpans writes a document's rows again, span by span.
func copySpans(w *document.Writer, d *document.Document) ([]byte, error) { return copyTo(w, d) }

func copyTo(w writer, d *document.Document) ([]byte, error) {
	changes := d.Changes()
	var cs document.ChangeSpan
	for {
		n, err := changes.Span(&cs)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		w.Changes(&cs, changes.Extra(&cs, n))
		for left := n * cs.Deps; left > 0; {
			deps, err := changes.Deps(left)
			if err != nil {
				return nil, err
			}
			w.Deps(deps)
			left -= deps.Count
		}
		changes.Advance(n)
	}
	rows := d.Rows()
	var s document.Span
	for {
		n, err := rows.Span(&s)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		values, err := rows.Values(&s, n)
		if err != nil {
			return nil, err
		}
		w.Span(&s, values)
		for left := n * s.Succs; left > 0; {
			ids, err := rows.Succs(left)
			if err != nil {
				return nil, err
			}
			w.Succs(ids)
			left -= ids.Count
		}
		rows.Advance(n)
	}
	return w.Chunk(d.Actors, headsOf(d))
}

// copyRows writes a document's rows again, one by one.
func copyRows(w *document.Writer, d *document.Document) ([]byte, error) {
	changes := d.Changes()
	var c document.Change
	for {
		more, err := changes.Change(&c)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		w.Change(&c)
	}
	rows := d.Rows()
	var op document.Op
	for {
		more, err := rows.Op(&op)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		w.Op(&op)
	}
	return w.Chunk(d.Actors, headsOf(d))
}

func headsOf(d *document.Document) []document.Head {
	var heads []document.Head
	for i, hash := range d.Heads {
		head := document.Head{Hash: hash}
		if d.HeadIndexes != nil {
			head.Index = d.HeadIndexes[i]
		}
		heads = append(heads, head)
	}
	return heads
}

// difference tells in what two documents differ, once inflated; nothing if
// they don't.
func difference(got, want *document.Document) string {
	if !slices.Equal(got.Actors, want.Actors) || !slices.Equal(got.Heads, want.Heads) ||
		!slices.Equal(got.HeadIndexes, want.HeadIndexes) {
		return "actors or heads"
	}
	if !slices.Equal(got.Listed(), want.Listed()) {
		return fmt.Sprintf("columns %v, want %v", got.Listed(), want.Listed())
	}
	specs, gotData := got.Columns()
	_, wantData := want.Columns()
	for i := range specs {
		if !bytes.Equal(gotData[i], wantData[i]) {
			return fmt.Sprintf("column %d: %.60x, want %.60x", specs[i], gotData[i], wantData[i])
		}
	}
	return ""
}
