package storage

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"
)

// scanRows is how many journal rows Since looks at before it gives its
// snapshot back, whether they match or not.
const scanRows = 4096

// Since yields, in order, the journal rows after a sequence number and up to
// what LastSeq returns when the iteration begins, of the documents whose ids
// begin with prefix. Rows of kinds that this version doesn't know are skipped.
// An error is the last thing yielded.
//
// Rows are history: one of a document stays when that is purged, and then its
// changes can't be read any more. Whoever keeps something per document drops it
// at a row of [KindPurge] and begins anew at the next, whose First is 0.
// Whoever reads changes for a row looks at [Store.Document] first: if the
// document is gone, or [Info].Born comes after the row, the row is of a former
// life, and its purge is further on in the journal.
func (s *Store) Since(ctx context.Context, after Seq, prefix []byte) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for last := s.LastSeq(); after < last; {
			page, seen, err := s.journalPage(ctx, after, last, prefix)
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if err != nil {
				yield(Row{}, err)
				return
			}
			after = seen
		}
	}
}

// journalPage returns the matching rows of one page, and the last sequence
// number that it looked at. The journal has no gaps: one is damage.
func (s *Store) journalPage(ctx context.Context, from, to Seq, prefix []byte) (page []Row, seen Seq, err error) {
	if err := ctx.Err(); err != nil {
		return nil, from, fmt.Errorf("storage: journal: %w", err)
	}
	if page, seen, ok := s.tail.page(from, to, prefix); ok {
		return page, seen, nil
	}
	seen = from
	err = s.view(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: tagged(tagJournal)})
		defer it.Close()
		it.Seek(journalKey(from + 1))
		for n := 0; seen < to && n < scanRows && len(page) < pageRows; n++ {
			if !it.Valid() {
				return damaged("the journal of %s ends at row %d of %d", s.path, seen, to)
			}
			row, err := decodeRowItem(it.Item())
			if err != nil {
				return err
			}
			if row.Seq != seen+1 {
				return damaged("row %d of the journal of %s is missing", seen+1, s.path)
			}
			seen = row.Seq
			if row.Kind.known() && bytes.HasPrefix(row.Document[:], prefix) {
				page = append(page, row)
			}
			it.Next()
		}
		return nil
	})
	return page, seen, err
}

func decodeRowItem(item *badger.Item) (row Row, err error) {
	key := item.Key()
	if len(key) != 2+8 {
		return row, damaged("journal key %q", key)
	}
	err = item.Value(func(value []byte) error {
		body, err := unseal(key, value)
		if err != nil {
			return err
		}
		var ok bool
		if row, ok = decodeRow(Seq(binary.BigEndian.Uint64(key[2:])), body); !ok {
			return damaged("journal row %q can't be read", key)
		}
		return nil
	})
	return row, err
}

// lastRow returns the sequence number of the newest journal row, zero if there
// is none.
func (s *Store) lastRow() (last Seq, err error) {
	err = s.snapshot(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: tagged(tagJournal), Reverse: true})
		defer it.Close()
		if it.Seek(journalKey(^Seq(0))); !it.Valid() {
			return nil
		}
		row, err := decodeRowItem(it.Item())
		last = row.Seq
		return err
	})
	return last, err
}
