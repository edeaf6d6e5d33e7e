package storage

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"
)

// Range is a stretch of the caller's entries, in the order of their keys.
type Range struct {
	Prefix  []byte // of all keys
	From    []byte // the smallest key, itself included; nil = from the first
	To      []byte // before which it ends; nil = behind the last
	Reverse bool   // the greatest key comes first
}

// Range yields the caller's entries of a range, all of them as they were when the
// iteration began, of which it holds a [Snapshot]. The slices are the caller's to
// keep. An entry that is damaged comes with its key alone, and with ErrDamaged. Any
// other error is the last thing yielded.
func (s *Store) Range(ctx context.Context, r Range) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		now, err := s.Snapshot()
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer now.Close()
		now.Range(ctx, r)(yield)
	}
}

// Scan yields, ascending by key, the caller's entries whose keys begin with
// prefix, as [Store.Range] does.
func (s *Store) Scan(ctx context.Context, prefix []byte) iter.Seq2[Entry, error] {
	return s.Range(ctx, Range{Prefix: prefix})
}

// firstPage is how many entries are read first: many who read want no more than
// that.
const firstPage = 32

// window is what is left to read of a range, in the store's own keys.
type window struct {
	prefix    []byte
	low, high []byte // the first key, and the one before which it ends
	reverse   bool
	done      bool
}

func (r Range) window() window {
	w := window{prefix: entryKey(r.Prefix), reverse: r.Reverse}
	w.low, w.high = w.prefix, behind(w.prefix)
	if from := entryKey(r.From); r.From != nil && bytes.Compare(from, w.low) > 0 {
		w.low = from
	}
	if to := entryKey(r.To); r.To != nil && bytes.Compare(to, w.high) < 0 {
		w.high = to
	}
	return w
}

// behind is the smallest key greater than all that begin with prefix, an entry's.
func behind(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; ; i-- { // the tag of entries isn't 0xff
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
}

func (w *window) isEmpty() bool { return w.done || bytes.Compare(w.low, w.high) >= 0 }

func (w *window) iterate(txn *badger.Txn) *badger.Iterator {
	if !w.reverse {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: w.prefix})
		it.Seek(w.low)
		return it
	}
	// The key before which it ends may be there, and not begin with the prefix.
	it := txn.NewIterator(badger.IteratorOptions{Prefix: entryKey(nil), Reverse: true})
	if it.Seek(w.high); it.Valid() && bytes.Equal(it.Item().Key(), w.high) {
		it.Next()
	}
	return it
}

// holds reports whether the iterator is still inside, and notes its end.
func (w *window) holds(it *badger.Iterator) bool {
	if it.Valid() {
		key := it.Item().Key()
		if w.reverse && bytes.Compare(key, w.low) >= 0 || !w.reverse && bytes.Compare(key, w.high) < 0 {
			return true
		}
	}
	w.done = true
	return false
}

// pass takes out what has been read up to a key, which is the caller's to lose.
func (w *window) pass(key []byte) {
	if w.reverse {
		w.high = key
	} else {
		w.low = append(key, 0)
	}
}

// found is an entry, or why its value can't be read.
type found struct {
	Entry
	damage error
}

func entriesPage(ctx context.Context, view viewFunc, w *window, rows int) (page []found, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("storage: scan: %w", err)
	}
	size := 0
	err = view(func(txn *badger.Txn) error {
		it := w.iterate(txn)
		defer it.Close()
		for ; w.holds(it) && len(page) < rows && size < pageBytes; it.Next() {
			key := it.Item().KeyCopy(nil)
			sealed, err := it.Item().ValueCopy(nil)
			if err != nil {
				return fmt.Errorf("storage: scan: %w", err)
			}
			value, damage := unseal(key, sealed)
			page = append(page, found{Entry{Key: key[2:], Value: value}, damage})
			size += len(key) + len(value)
		}
		return nil
	})
	if len(page) > 0 {
		w.pass(entryKey(page[len(page)-1].Key))
	}
	return page, err
}
