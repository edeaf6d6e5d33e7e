package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/record"
	"github.com/godwit-sync/godwit/storage"
)

// A view is what is kept of a record so that reading it doesn't open the
// document: a copy of what it says, written in the commit of the change that made
// it so. It follows from the log, of which it shows so many changes, and can be
// dropped at any time.
type view struct {
	flags  viewFlags
	length int           // of the log that it shows
	data   crdt.Snapshot // none of a record that is deleted, unreadable or large
	keys   [][]byte      // of a large one: its entries in indexes
}

type viewFlags byte

const (
	viewDeleted    viewFlags = 1 << iota // there is a tombstone that counts
	viewConflicted                       // some field has several values
	viewUnreadable                       // the document can't be opened, which says why
	viewLarge                            // it is read from the document
	viewAbsent                           // there is nothing in it but what any record of its key has
)

// maxView is the length of a copy beyond which a record is large, in bytes.
const maxView = 64 << 10

const viewVersion = 1

func viewKey(id crdt.DocumentID) []byte { return documentKey(keyView, id) }

func (v *view) is(f viewFlags) bool { return v != nil && v.flags&f != 0 }

// isThere reports whether there is a record.
func (v *view) isThere() bool { return v != nil && !v.is(viewDeleted|viewAbsent) }

// isLive reports whether there is a record that can be read.
func (v *view) isLive() bool { return v != nil && !v.is(viewDeleted|viewAbsent|viewUnreadable) }

// encode returns the view's row. Instead of a large copy it holds the keys of the
// record's entries in indexes, unless these are too many as well.
func (v *view) encode(keys [][]byte) []byte {
	row := append(make([]byte, 0, 2+binary.MaxVarintLen64+len(v.data)), viewVersion, byte(v.flags))
	row = binary.AppendUvarint(row, uint64(v.length))
	if !v.is(viewLarge) {
		return append(row, v.data...)
	}
	size := len(row)
	for _, key := range keys {
		row = append(binary.AppendUvarint(row, uint64(len(key))), key...)
	}
	if len(row) > maxView {
		row = row[:size]
	}
	return row
}

// decodeView reads a view's row, of which it is a part.
func decodeView(row []byte) (v view, err error) {
	if len(row) < 3 || row[0] != viewVersion {
		return v, fmt.Errorf("%w: a view of %d bytes can't be read", storage.ErrDamaged, len(row))
	}
	length, n := binary.Uvarint(row[2:])
	if n <= 0 {
		return v, fmt.Errorf("%w: a view has no length", storage.ErrDamaged)
	}
	v = view{flags: viewFlags(row[1]), length: int(length)}
	rest := row[2+n:]
	if !v.is(viewLarge) {
		v.data = crdt.Snapshot(rest)
		return v, nil
	}
	for len(rest) > 0 {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			return v, fmt.Errorf("%w: the view of a large record can't be read", storage.ErrDamaged)
		}
		v.keys = append(v.keys, rest[n:n+int(size)])
		rest = rest[n+int(size):]
	}
	return v, nil
}

// storedView returns a record's view as it is kept; nil if there is none.
func (p *Peer) storedView(id crdt.DocumentID) (*view, error) {
	row, err := p.store.Get(viewKey(id))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case errors.Is(err, storage.ErrClosed):
		return nil, ErrClosed
	case err != nil:
		return nil, err
	}
	v, err := decodeView(row)
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// viewOf makes the view of a record, for a collection with these indexes. It fails
// only if the engine does.
func (p *Peer) viewOf(row collectionRow, id crdt.DocumentID, doc *crdt.Doc, length int, known *record.Beaten) *view {
	v := &view{length: length}
	err := p.suspects.while(id, func() error {
		err := v.take(doc, maxView, known)
		if err == nil && v.is(viewLarge) {
			err = v.takeKeys(row, id, doc)
		}
		return err
	})
	if err != nil {
		p.warnUnreadable(id, err)
		return &view{length: length, flags: viewUnreadable}
	}
	return v
}

// copyOf returns what a record says, however large it is; nil if there is none, or
// it can't be read.
func (p *Peer) copyOf(id crdt.DocumentID, doc *crdt.Doc, known *record.Beaten) crdt.Snapshot {
	var v view
	if err := p.suspects.while(id, func() error { return v.take(doc, math.MaxInt, known) }); err != nil {
		p.warnUnreadable(id, err)
		return nil
	}
	return v.data
}

// take makes the view show a record. One whose copy would exceed the limit is large.
func (v *view) take(doc *crdt.Doc, limit int, known *record.Beaten) error {
	if doc.NewerFormat() {
		v.flags |= viewUnreadable
		return nil
	}
	state, err := known.StateOf(doc)
	if err != nil {
		return err
	}
	switch state {
	case record.Absent:
		v.flags |= viewAbsent
		return nil
	case record.Deleted:
		v.flags |= viewDeleted
		return nil
	}
	return doc.View(func(root crdt.Map) (err error) {
		if v.data, err = root.SnapshotWithin(limit, record.Reserved); err != nil {
			return err
		}
		if v.data == nil {
			v.flags |= viewLarge
		}
		conflicted, err := record.HasConflicts(root)
		if conflicted {
			v.flags |= viewConflicted
		}
		return err
	})
}

// takeKeys finds the entries of a large record. It copies what is indexed, and
// nothing else.
func (v *view) takeKeys(row collectionRow, id crdt.DocumentID, doc *crdt.Doc) error {
	indexed := row.roots()
	return doc.View(func(root crdt.Map) error {
		data, err := root.Snapshot(func(key string) bool { return !indexed[key] })
		v.keys = keysIn(row, id, data, v.is(viewConflicted))
		return err
	})
}
