package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// pageBytes is about how much an iterator reads at a time.
const pageBytes = 256 << 10

// Changes yields the type-1 chunks of a document's log in order, from index
// from up to the log's length when the iteration begins. Every chunk's checksum
// is verified; one that is missing or damaged ends the iteration with an
// ErrDamaged that names the document and the index. An unknown document yields
// ErrNotFound, and so does one that is purged meanwhile. The slices are the caller's to keep but share memory with their
// neighbours. An error is the last thing yielded.
func (s *Store) Changes(ctx context.Context, id docid.ID, from int) iter.Seq2[[]byte, error] {
	return changesOf(ctx, s.view, id, from)
}

func changesOf(ctx context.Context, view viewFunc, id docid.ID, from int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		info, err := documentInfo(view, id)
		if err == nil && from < 0 {
			err = fmt.Errorf("%w: changes of %s from index %d", ErrInvalid, id, from)
		}
		for err == nil && from < info.Changes {
			var page []run
			page, err = changesPage(ctx, view, life{id, info.Born}, from, info.Changes)
			for _, r := range page {
				chunks, bad := r.split(id)
				for _, chunk := range chunks[min(from-r.first, len(chunks)):] {
					if from++; from > info.Changes {
						return
					}
					if !yield(chunk, nil) {
						return
					}
				}
				if bad != nil {
					err = bad
					break
				}
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// run is a stretch of a log as it was read.
type run struct {
	first, count int
	chunks       []byte
}

// split cuts a run into its chunks and verifies them. With an error it returns
// those before the damage.
func (r run) split(id docid.ID) ([][]byte, error) {
	chunks := make([][]byte, 0, min(r.count, len(r.chunks)))
	rest := r.chunks
	for len(chunks) < r.count {
		chunk, kind, next, err := change.Split(rest)
		if err != nil || kind != change.TypeChange || !intact(chunk) {
			return chunks, damaged("change %d of %s", r.first+len(chunks), id)
		}
		chunks, rest = append(chunks, chunk), next
	}
	if len(rest) > 0 {
		return chunks, damaged("bytes after change %d of %s", r.first+r.count-1, id)
	}
	return chunks, nil
}

// intact tells whether a chunk's checksum is the beginning of its hash, which
// covers what follows the checksum.
func intact(chunk []byte) bool {
	sum := sha256.Sum256(chunk[8:])
	return bytes.Equal(sum[:4], chunk[4:8])
}

// changesPage reads the runs that hold the changes from index from on, about a
// page of them, none that begins at index end or later.
func changesPage(ctx context.Context, view viewFunc, of life, from, end int) ([]run, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("storage: changes of %s: %w", of.id, err)
	}
	p := page{id: of.id, next: from, end: end}
	err := view(func(txn *badger.Txn) error {
		if err := of.check(txn); err != nil {
			return err
		}
		p.txn = txn
		return p.read(of.prefix(), 0, end)
	})
	if err == nil && len(p.runs) == 0 {
		err = damaged("change %d of %s is missing", from, of.id)
	}
	return p.runs, err
}

// check tells whether the document still lives this life.
func (l life) check(txn *badger.Txn) error {
	row, err := readDocument(txn, l.id)
	if err == nil && (row == nil || row.born != l.born) {
		err = fmt.Errorf("%w: document %s has been purged", ErrNotFound, l.id)
	}
	return err
}

// page collects runs of one document.
type page struct {
	txn       *badger.Txn
	id        docid.ID
	next, end int // the index wanted next, and where to stop
	size      int
	runs      []run
}

func (p *page) full() bool { return p.size >= pageBytes || p.next >= p.end }

// read collects runs of a log, whose index 0 is the document's index base,
// until the page is full or the document's index end is reached.
func (p *page) read(log []byte, base, end int) error {
	it := p.txn.NewIterator(badger.IteratorOptions{Prefix: log})
	defer it.Close()
	it.Seek(runKey(log, p.next-base, 0))
	for it.Valid() && !p.full() && p.next < end {
		last, piece, ok := parseRunKey(log, it.Item().Key())
		if !ok || piece != 0 {
			return p.damaged()
		}
		value, err := it.Item().ValueCopy(nil)
		if err != nil {
			return fmt.Errorf("storage: change %d of %s: %w", p.next, p.id, err)
		}
		if isLink(log, value) {
			if err := p.follow(it.Item().Key(), value, last); err != nil {
				return err
			}
			it.Next()
			continue
		}
		if value, err = p.joinPieces(it, log, value, last); err != nil {
			return err
		}
		if err := p.add(value, base+last); err != nil {
			return err
		}
	}
	return nil
}

// follow reads the staged changes that a link stands for.
func (p *page) follow(key, value []byte, last int) error {
	l, err := decodeLink(key, value)
	if err != nil {
		return err
	}
	first := last + 1 - l.count
	if first > p.next {
		return p.damaged()
	}
	return p.read(l.stage.prefix(), first-l.offset, last+1)
}

// joinPieces moves past a run and returns the bytes of all its pieces.
func (p *page) joinPieces(it *badger.Iterator, log, value []byte, last int) ([]byte, error) {
	for piece := 1; ; piece++ {
		if it.Next(); !it.Valid() {
			return value, nil
		}
		index, number, ok := parseRunKey(log, it.Item().Key())
		if !ok {
			return nil, p.damaged()
		}
		if index != last {
			return value, nil
		}
		if number != piece {
			return nil, p.damaged()
		}
		if err := it.Item().Value(func(more []byte) error {
			if len(more) < 2 || more[0] != formatVersion || more[1] != runNext {
				return p.damaged()
			}
			value = append(value, more[2:]...)
			return nil
		}); err != nil {
			return nil, err
		}
	}
}

// add appends the run that ends at an index of the document.
func (p *page) add(value []byte, last int) error {
	if len(value) < 2 || value[0] != formatVersion || value[1] != runFirst {
		return p.damaged()
	}
	f := fields{rest: value[2:]}
	count := f.int()
	first := last + 1 - count
	if f.bad || count == 0 || first > p.next || last < p.next {
		return p.damaged()
	}
	p.runs = append(p.runs, run{first: first, count: count, chunks: f.rest})
	p.size += len(f.rest)
	p.next = last + 1
	return nil
}

func (p *page) damaged() error { return damaged("change %d of %s", p.next, p.id) }
