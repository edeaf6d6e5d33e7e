package hub

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/crdt/graph"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/wire"
	"github.com/godwit-sync/godwit/storage"
)

// scanRows is how many rows are looked at before others have their turn.
const scanRows = 4096

// scan reads the rows of a collection.
func (h *Hub) scan(tag docid.Tag, task replica.Scan) (rows []replica.Row, seen uint64, err error) {
	seen = task.After
	looked := 0
	for row, err := range h.catalog.Since(context.Background(), storage.Seq(task.After), nil) {
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %w", errStore, err)
		}
		if uint64(row.Seq) > task.To {
			break
		}
		if looked == scanRows || len(rows) == wire.MaxDocuments {
			return rows, seen, nil
		}
		seen = uint64(row.Seq)
		looked++
		if t, ok := row.Document.Tag(); ok && t == tag && row.Kind == storage.KindChanges {
			rows = append(rows, replica.Row{
				Sequence: seen, Document: row.Document, First: row.First, Count: row.Count, Origin: row.Origin,
			})
		}
	}
	return rows, task.To, nil
}

// list reads the names of a collection's documents.
func (h *Hub) list(tag docid.Tag, after docid.ID) (ids []docid.ID, err error) {
	for info, err := range h.catalog.Documents(context.Background(), tag[:], after) {
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errStore, err)
		}
		if t, ok := info.Document.Tag(); ok && t == tag {
			ids = append(ids, info.Document)
		}
		if len(ids) == wire.MaxDocuments {
			break
		}
	}
	return ids, nil
}

// reading is what was read for a page.
type reading struct {
	hub       *Hub
	budget    int // bytes of changes
	read      int // topics
	documents []wire.Announced
	damaged   []docid.ID // that could not be read
	bytes     int
	heads     int
	changes   int
}

// read reads topics, as many as a page holds.
func (h *Hub) read(topics []replica.Topic, budget int) (*reading, error) {
	r := &reading{hub: h, budget: budget}
	for i := range topics {
		fits, err := r.topic(&topics[i])
		if err != nil {
			return nil, err
		}
		if !fits {
			break
		}
		r.read++
	}
	return r, nil
}

// topic adds a document; false if there is no room for it.
func (r *reading) topic(t *replica.Topic) (fits bool, err error) {
	if r.read > 0 && r.bytes >= r.budget {
		return false, nil
	}
	info, err := r.hub.Store.Document(t.Document)
	a := wire.Announced{Document: t.Document, Heads: info.Heads}
	if err == nil {
		if r.read > 0 && r.heads+len(info.Heads) > wire.MaxHeads {
			return false, nil
		}
		var full bool
		full, err = r.add(&a, t, info)
		if full && len(a.Changes) == 0 {
			return false, nil
		}
	}
	if err != nil {
		damaged, err := r.hub.unreadable(t.Document, err)
		if err != nil {
			return false, err
		}
		if damaged {
			r.damaged = append(r.damaged, t.Document)
		}
		if t.Asked {
			r.documents = append(r.documents, wire.Announced{Document: t.Document})
		}
		return true, nil
	}
	r.heads += len(a.Heads)
	r.bytes += len(a.Changes)
	r.documents = append(r.documents, a)
	return true, nil
}

// unreadable passes over a document that is gone, or damaged. Any other error is the
// store's.
func (h *Hub) unreadable(id docid.ID, err error) (damaged bool, _ error) {
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return false, nil
	case errors.Is(err, storage.ErrDamaged), errors.Is(err, replica.ErrDamaged):
		h.Observer.Failed("read", err)
		h.Logger.Error("a document could not be read", "document", id, "error", err)
		return true, nil
	default:
		return false, fmt.Errorf("%w: %w", errStore, err)
	}
}

// add adds the changes that go with a document, or some of them if the page is full
// then.
func (r *reading) add(a *wire.Announced, t *replica.Topic, info storage.Info) (full bool, err error) {
	if !t.Asked || len(t.Have)+len(t.Refused) == 0 {
		parts := []replica.Range{{First: 0, End: info.Changes}}
		if !t.Asked {
			parts = t.Parts(uint64(info.Born), info.Changes)
		}
		for _, part := range parts {
			if full, err = r.part(a, part); err != nil || full {
				return full, err
			}
		}
		return false, nil
	}
	indices, err := r.hub.lacking(info, t.Have, t.Refused)
	if err != nil {
		return false, err
	}
	for len(indices) > 0 {
		n := 1
		for n < len(indices) && indices[n] == indices[n-1]+1 {
			n++
		}
		if full, err = r.part(a, replica.Range{First: indices[0], End: indices[n-1] + 1}); err != nil || full {
			return full, err
		}
		indices = indices[n:]
	}
	return false, nil
}

// part adds a stretch of a document's log, up to what a page holds, but at least one
// change of its first document.
func (r *reading) part(a *wire.Announced, part replica.Range) (full bool, err error) {
	if part.First >= part.End {
		return false, nil
	}
	at := part.First
	for chunk, err := range r.hub.Store.Changes(context.Background(), a.Document, part.First) {
		if err != nil {
			return false, err
		}
		isFirst := len(a.Changes) == 0 && r.bytes == 0
		if !isFirst && r.bytes+len(a.Changes)+len(chunk) > r.budget {
			return true, nil
		}
		a.Changes = append(a.Changes, chunk...)
		r.changes++
		if at++; at == part.End {
			break
		}
	}
	return false, nil
}

// lacking returns the indices of the changes that somebody lacks and would take, of
// those at least that the log was seen to have.
func (h *Hub) lacking(seen storage.Info, have, refused []change.Hash) (indices []int, err error) {
	err = h.examine(seen.Document, seen.Changes, func(g *graph.Graph, _ func(change.Hash) bool) {
		indices = g.Without(g.Lacking(have), refused)
	})
	return indices, err
}

// examine looks at a document's graph, and tells which changes are remembered as
// refused. The graph has at least as many changes as the log was seen to have: what
// is durable comes to the one in memory a moment later.
func (h *Hub) examine(id docid.ID, changes int, look func(g *graph.Graph, isRefused func(change.Hash) bool)) error {
	d := h.pass(id)
	defer h.release(d)
	d.mu.Lock()
	if in := d.core.Intake(); in != nil && in.Graph().Len() >= changes {
		look(in.Graph(), in.IsRefused)
		d.mu.Unlock()
		return nil
	}
	d.mu.Unlock()
	g, _, err := d.read()
	if err != nil {
		return err
	}
	look(g, d.isRefused)
	return nil
}

func (d *document) isRefused(h change.Hash) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	in := d.core.Intake()
	return in != nil && in.IsRefused(h)
}
