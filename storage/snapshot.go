package storage

import (
	"container/list"
	"context"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// Snapshot is the caller's entries and the documents as they were at one moment.
// It may be used from any goroutine until it is closed, and holds up nobody: the
// store can be written and closed meanwhile. It keeps what has been replaced since
// on the disk, and in memory some 44 bytes for each commit; so that one that is never
// closed doesn't keep them for ever, the store lets go of a snapshot when it has
// written another GiB, each commit taken for 8 KiB at least: that is 6 MB of memory.
// Then its methods fail with ErrOutdated.
type Snapshot struct {
	store   *Store
	reading *reading
	place   *list.Element // among those that are held; guarded by readings.mu
	since   int64         // readings.written when it began
}

// Snapshot returns the store as it is now. It has to be closed.
func (s *Store) Snapshot() (*Snapshot, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	sn := &Snapshot{store: s, reading: s.readings.begin(s.db)}
	s.readings.hold(sn)
	return sn, nil
}

// Close ends the snapshot. It may be called more than once.
func (sn *Snapshot) Close() {
	if sn.store.enter() != nil {
		return // of a closed store nothing is left to be ended
	}
	defer sn.store.leave()
	sn.store.readings.drop(sn)
}

// Get is [Store.Get] as of the snapshot.
func (sn *Snapshot) Get(key []byte) ([]byte, error) { return get(sn.view, key) }

// Range is [Store.Range] as of the snapshot.
func (sn *Snapshot) Range(ctx context.Context, r Range) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		w := r.window()
		for size := firstPage; !w.isEmpty(); size = min(4*size, pageRows) {
			page, err := entriesPage(ctx, sn.view, &w, size)
			for _, e := range page {
				if !yield(e.Entry, e.damage) {
					return
				}
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
		}
	}
}

// Document is [Store.Document] as of the snapshot.
func (sn *Snapshot) Document(id docid.ID) (Info, error) { return documentInfo(sn.view, id) }

// Changes is [Store.Changes] as of the snapshot: also of a document that has been
// purged since.
func (sn *Snapshot) Changes(ctx context.Context, id docid.ID, from int) iter.Seq2[[]byte, error] {
	return changesOf(ctx, sn.view, id, from)
}

// view runs read on the snapshot, and keeps the store open meanwhile.
func (sn *Snapshot) view(read func(*badger.Txn) error) error {
	if err := sn.store.enter(); err != nil {
		return err
	}
	defer sn.store.leave()
	if !sn.reading.join() {
		return ErrOutdated
	}
	defer sn.reading.leave()
	return sn.store.readIn(sn.reading, read)
}
