package peer

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/query"
	"github.com/godwit-sync/godwit/internal/record"
	"github.com/godwit-sync/godwit/storage"
)

// rows are the views of a collection and the entries of its indexes, as queries
// see them: of one moment, and in a transaction with what was written in it.
type rows struct {
	c       *collection
	tx      *Tx // nil = none
	now     *storage.Snapshot
	indexes []indexRow                        // those that are read
	drawn   map[crdt.DocumentID]crdt.Snapshot // what the transaction has written; nil = gone
}

// rows returns the rows as they are now, for plans with these indexes. They are to be
// closed.
func (c *collection) rows(tx *Tx, indexes []indexRow) (*rows, error) {
	r := &rows{c: c, tx: tx, indexes: indexes}
	if tx != nil {
		if err := tx.usable(); err != nil {
			return nil, err
		}
		r.drawn = map[crdt.DocumentID]crdt.Snapshot{}
		for id, d := range tx.drafts {
			if d.collection == c && len(d.changes) > 0 {
				r.drawn[id] = c.peer.copyOf(id, d.doc, d.known())
			}
		}
	}
	var err error
	r.now, err = c.peer.store.Snapshot()
	return r, err
}

func (r *rows) close() { r.now.Close() }

// Entries implements [query.Rows].
func (r *rows) Entries(ctx context.Context, index uint16, from, to []byte, reverse bool) iter.Seq2[[]byte, error] {
	prefix := indexPrefix(r.c.tag, index)
	stored := func(yield func([]byte, error) bool) {
		for entry, err := range r.now.Range(ctx, rangeOf(prefix, from, to, reverse)) {
			if err != nil {
				yield(nil, err)
				return
			}
			key := entry.Key[len(prefix):]
			if r.isDrawn(documentOf(key)) {
				continue
			}
			if !yield(key, nil) {
				return
			}
		}
	}
	if len(r.drawn) == 0 {
		return stored
	}
	return merged(stored, within(r.entries(index), from, to, func(key []byte) []byte { return key }), bytes.Compare, reverse)
}

// entries returns the transaction's entries in an index.
func (r *rows) entries(index uint16) (keys [][]byte) {
	for _, i := range r.indexes {
		if i.Number != index {
			continue
		}
		for id, fields := range r.drawn {
			if fields != nil {
				keys = append(keys, i.query().Writer().Keys(id, fields)...)
			}
		}
	}
	return keys
}

// Records implements [query.Rows].
func (r *rows) Records(ctx context.Context, from, to []byte, reverse bool) iter.Seq2[query.Record, error] {
	prefix := append([]byte(keyView), r.c.tag[:]...)
	// The ids begin with the tag already.
	cut := func(id []byte) []byte { return id[min(len(id), len(r.c.tag)):] }
	stored := func(yield func(query.Record, error) bool) {
		for entry, err := range r.now.Range(ctx, rangeOf(prefix, cut(from), cut(to), reverse)) {
			record := query.Record{}
			if err == nil {
				record.ID = documentOf(entry.Key)
				record.Fields, err = r.fields(ctx, record.ID, entry.Value)
			}
			if err == nil && (record.Fields == nil || r.isDrawn(record.ID)) {
				continue
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
	if len(r.drawn) == 0 {
		return stored
	}
	var own []query.Record
	for id, fields := range r.drawn {
		if fields != nil {
			own = append(own, query.Record{ID: id, Fields: fields})
		}
	}
	own = within(own, from, to, func(r query.Record) []byte { return r.ID[:] })
	return merged(stored, own, func(a, b query.Record) int { return compareIDs(a.ID, b.ID) }, reverse)
}

// Record implements [query.Rows].
func (r *rows) Record(ctx context.Context, id crdt.DocumentID) (query.Fields, error) {
	if r.isDrawn(id) {
		if fields := r.drawn[id]; fields != nil {
			return fields, nil
		}
		return nil, nil
	}
	row, err := r.now.Get(viewKey(id))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return r.fields(ctx, id, row)
}

func (r *rows) isDrawn(id crdt.DocumentID) bool {
	_, is := r.drawn[id]
	return is
}

// fields returns what a record holds, by its view's row; nil if there is none that
// can be read. Of a large record, the document says it.
func (r *rows) fields(ctx context.Context, id crdt.DocumentID, row []byte) (query.Fields, error) {
	v, err := decodeView(row)
	if err != nil || !v.isLive() {
		return nil, err
	}
	data := v.data
	if v.is(viewLarge) {
		data, err = r.large(ctx, id)
	}
	if data == nil {
		return nil, err
	}
	return data, nil
}

// large returns the copy of a large record; nil if it can't be read. It fails if the
// caller's time is up, or the snapshot's.
func (r *rows) large(ctx context.Context, id crdt.DocumentID) (data crdt.Snapshot, err error) {
	err = r.c.glance(ctx, r.now, r.tx, id, func(doc *crdt.Doc) error {
		data = r.c.peer.copyOf(id, doc, new(record.Beaten))
		return nil
	})
	switch {
	case err == nil:
		return data, nil
	case ctx.Err() != nil, errors.Is(err, storage.ErrClosed), errors.Is(err, storage.ErrOutdated):
		return nil, err
	}
	r.c.peer.warnUnreadable(id, err)
	return nil, nil
}

// rangeOf returns the range of what lies between two keys below a prefix; nil is
// open.
func rangeOf(prefix, from, to []byte, reverse bool) storage.Range {
	r := storage.Range{Prefix: prefix, Reverse: reverse}
	if from != nil {
		r.From = slices.Concat(prefix, from)
	}
	if to != nil {
		r.To = slices.Concat(prefix, to)
	}
	return r
}

// within returns what lies between two keys; nil is open.
func within[E any](all []E, from, to []byte, key func(E) []byte) []E {
	return slices.DeleteFunc(all, func(e E) bool {
		return from != nil && bytes.Compare(key(e), from) < 0 || to != nil && bytes.Compare(key(e), to) >= 0
	})
}

// merged yields what is stored, which is in order, and what isn't, in order.
func merged[E any](stored iter.Seq2[E, error], own []E, compare func(a, b E) int, reverse bool) iter.Seq2[E, error] {
	order := compare
	if reverse {
		order = func(a, b E) int { return compare(b, a) }
	}
	slices.SortFunc(own, order)
	return func(yield func(E, error) bool) {
		rest := own
		for e, err := range stored {
			for err == nil && len(rest) > 0 && order(rest[0], e) < 0 {
				if !yield(rest[0], nil) {
					return
				}
				rest = rest[1:]
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
		for _, e := range rest {
			if !yield(e, nil) {
				return
			}
		}
	}
}
