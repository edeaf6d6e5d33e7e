package storage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// WithFreeSpace returns options of a store that believes free.
func WithFreeSpace(o Options, free func(string) (uint64, error)) Options {
	o.freeSpace = free
	return o
}

// WithWriting returns options of a store that calls writing before every
// transaction, which fails if that does.
func WithWriting(o Options, writing func() error) Options {
	o.writing = writing
	return o
}

// HasReading reports whether there is a snapshot that readers can share.
func (s *Store) HasReading() bool { return s.readings.latest.Load() != nil }

// Remembers reports whether an append to a document would read nothing.
func (s *Store) Remembers(id docid.ID) bool {
	_, known := s.rows.get(id)
	return known
}

// WithHeld returns options of a store whose snapshots may hold on to so many bytes.
func WithHeld(o Options, limit int64) Options {
	o.held = limit
	return o
}

// WithPatience returns options of a store whose patient batches wait for so long.
func WithPatience(o Options, patience time.Duration) Options {
	o.patience = patience
	return o
}

// WithMemTable returns options of a small store with memtables of so many bytes.
func WithMemTable(o Options, size int64) Options {
	o.Small, o.memTable = true, size
	return o
}

// Badger returns what a store with these options has its database opened with.
func (o Options) Badger(dir string) badger.Options { return o.withDefaults().badger(dir) }

// WithPlace returns options of a store whose file system says that its place
// is this one; the inode zero means that it doesn't say.
func WithPlace(o Options, inode uint64, handle string) Options {
	o.placeOf = func(*os.File) (place, error) { return place{inode, []byte(handle)}, nil }
	return o
}

// NoticesCopies tells whether the file system of dir says enough for that.
func NoticesCopies(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer f.Close()
	p, err := placeOf(f)
	return err == nil && p.known()
}

// Stage stages a batch's changes and leaves them there.
func (s *Store) Stage(b *Batch) error {
	_, err := s.stageChanges(context.Background(), b)
	return err
}

// PurgeOnly purges a document and leaves its payload, as a crash would.
func (s *Store) PurgeOnly(id docid.ID) error {
	_, err := s.commit(context.Background(), &submission{batch: new(Batch), purge: &id})
	return err
}

// BreakDisk makes every later write fail.
func (s *Store) BreakDisk() error { return s.db.Close() }

// Orphans returns how many keys there are that nothing visible refers to:
// pieces of runs and heads, and markers of such.
func (s *Store) Orphans() (n int, err error) {
	known, wanted := make(map[string]bool), make(map[string]bool)
	err = s.view(func(txn *badger.Txn) error {
		if err := each(txn, tagDocument, func(key, value []byte) error {
			version, body, err := unsealUpTo(lifeVersion, key, value)
			if err != nil {
				return err
			}
			row, spilled, ok := decodeDocument(version, body)
			if !ok {
				return damaged("row %q", key)
			}
			known[string(life{docid.ID(key[2:]), row.born}.prefix())] = true
			for piece := range spillPieces(spilled) {
				wanted[string(runKey(row.spill.prefix(), 0, piece))] = true
			}
			return nil
		}); err != nil {
			return err
		}
		if err := each(txn, tagPayload, func(key, value []byte) error {
			log := key[:len(key)-runIndexSize]
			if !known[string(log)] {
				n++
			}
			if !isLink(log, value) {
				return nil
			}
			l, err := decodeLink(key, value)
			for i := range l.count {
				wanted[string(runKey(l.stage.prefix(), l.offset+i, 0))] = true
			}
			return err
		}); err != nil {
			return err
		}
		for _, tag := range []byte{tagStaged, tagStage, tagPurged} {
			if err := each(txn, tag, func(key, _ []byte) error {
				if tag == tagStaged {
					whole := append(bytes.Clone(key[:len(key)-4]), 0, 0, 0, 0) // the run's or the heads' first piece
					if wanted[string(key)] || wanted[string(whole)] {
						return nil
					}
				}
				n++
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

func each(txn *badger.Txn, tag byte, visit func(key, value []byte) error) error {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{tag}})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().KeyCopy(nil)
		if err := it.Item().Value(func(value []byte) error { return visit(key, value) }); err != nil {
			return err
		}
	}
	return nil
}

// RoundTrip runs every decoder of a value on bytes that may be anything. What
// one accepts must be the same after another encoding and decoding.
func RoundTrip(value []byte) error {
	for version := range byte(lifeVersion + 1) {
		if d, spilled, ok := decodeDocument(version, value); ok && spilled == 0 {
			if again, _, ok := decodeDocument(lifeVersion, d.encode()); !ok || !reflect.DeepEqual(d, again) {
				return fmt.Errorf("document row %+v becomes %+v", d, again)
			}
		}
	}
	const seq = 1 << 40
	if r, ok := decodeRow(seq, value); ok && r.Kind.known() {
		if again, ok := decodeRow(seq, r.encode()); !ok || r != again {
			return fmt.Errorf("journal row %+v becomes %+v", r, again)
		}
	}
	key := []byte("key")
	for _, sealed := range [][]byte{value, seal(key, value)} {
		if l, err := decodeLink(key, sealed); err == nil {
			if again, err := decodeLink(key, l.encode(key)); err != nil || l != again {
				return fmt.Errorf("link %+v becomes %+v, %w", l, again, err)
			}
		}
	}
	p := page{end: 1 << 20}
	if p.add(value, 10) == nil {
		if chunks, err := p.runs[0].split(docid.ID{}); err == nil && len(chunks) != p.runs[0].count {
			return fmt.Errorf("%d chunks of %d", len(chunks), p.runs[0].count)
		}
	}
	return nil
}
