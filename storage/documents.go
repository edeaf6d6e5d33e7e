package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// pageRows is how many rows an iterator reads at a time.
const pageRows = 512

// Document returns what the store knows of a document; ErrNotFound if it has
// no changes of it. Its cost doesn't depend on the length of the history.
func (s *Store) Document(id docid.ID) (Info, error) {
	if err := s.enter(); err != nil {
		return Info{}, err
	}
	defer s.leave()
	row, err := s.readRow(id)
	return infoOf(id, row, err)
}

func documentInfo(view viewFunc, id docid.ID) (Info, error) {
	var row *document
	err := view(func(txn *badger.Txn) (err error) {
		row, err = readDocument(txn, id)
		return err
	})
	return infoOf(id, row, err)
}

// readRow reads a document's row, nil if there is none. Whoever looks for a document
// may be about to append to it, so the row is remembered.
func (s *Store) readRow(id docid.ID) (row *document, err error) {
	r := s.readings.begin(s.db)
	defer r.leave()
	err = s.readIn(r, func(txn *badger.Txn) (err error) {
		row, err = readDocument(txn, id)
		return err
	})
	if err == nil {
		s.rows.learn(id, row, func() bool { return s.readings.isLatest(r) })
	}
	return row, err
}

// infoOf makes of a row that was read what callers are told.
func infoOf(id docid.ID, row *document, err error) (Info, error) {
	switch {
	case err != nil:
		return Info{}, err
	case row == nil:
		return Info{}, noDocument{id}
	default:
		return row.info(id), nil
	}
}

// Documents yields, ascending by id, every document whose id begins with
// prefix and is greater than after; the zero ID means from the first. Each Info
// is as new as its reading, so documents that come or grow meanwhile may or may
// not be seen. An error is the last thing yielded.
func (s *Store) Documents(ctx context.Context, prefix []byte, after docid.ID) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for {
			page, err := s.documentsPage(ctx, prefix, after)
			for _, info := range page {
				if !yield(info, nil) {
					return
				}
			}
			if err != nil {
				yield(Info{}, err)
				return
			}
			if len(page) < pageRows {
				return
			}
			after = page[len(page)-1].Document
		}
	}
}

func (s *Store) documentsPage(ctx context.Context, prefix []byte, from docid.ID) (page []Info, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("storage: documents: %w", err)
	}
	err = s.view(func(txn *badger.Txn) error {
		start := tagged(tagDocument, prefix)
		it := txn.NewIterator(badger.IteratorOptions{Prefix: start})
		defer it.Close()
		if next := after(documentKey(from)); bytes.Compare(next, start) > 0 {
			start = next
		}
		for it.Seek(start); it.Valid() && len(page) < pageRows; it.Next() {
			key := it.Item().Key()
			if len(key) != 2+docid.Size {
				return damaged("document key %q", key)
			}
			row, err := decodeDocumentItem(txn, it.Item())
			if err != nil {
				return err
			}
			page = append(page, row.info(docid.ID(key[2:])))
		}
		return nil
	})
	return page, err
}

// readDocument returns a document's row, nil if there is none.
func readDocument(txn *badger.Txn, id docid.ID) (*document, error) {
	item, err := txn.Get(documentKey(id))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("storage: document %s: %w", id, err)
	}
	return decodeDocumentItem(txn, item)
}

func decodeDocumentItem(txn *badger.Txn, item *badger.Item) (row *document, err error) {
	spilled := 0
	err = item.Value(func(value []byte) error {
		version, body, err := unsealUpTo(lifeVersion, item.Key(), value)
		if err != nil {
			return err
		}
		var ok bool
		if row, spilled, ok = decodeDocument(version, body); !ok {
			return damaged("document row %q can't be read", item.Key())
		}
		return nil
	})
	for piece := 0; err == nil && piece < spillPieces(spilled); piece++ {
		err = row.readSpill(txn, piece)
	}
	if err == nil && len(row.heads) < spilled {
		err = damaged("document row %q lacks heads", item.Key())
	}
	return row, err
}

func (d *document) readSpill(txn *badger.Txn, piece int) error {
	key := runKey(d.spill.prefix(), 0, piece)
	item, err := txn.Get(key)
	if err != nil {
		return damaged("heads at %q: %v", key, err)
	}
	return item.Value(func(value []byte) error {
		body, err := unseal(key, value)
		if err == nil {
			d.heads = append(d.heads, decodeHeads(body)...)
		}
		return err
	})
}
