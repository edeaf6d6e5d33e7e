package peer

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/hub"
	"github.com/godwit-sync/godwit/internal/query"
	"github.com/godwit-sync/godwit/storage"
)

// An index's entries have keys without values: the collection's tag, the index's
// number, and what package query makes of the fields, which ends with the record.

// indexPrefix begins the entries of one index.
func indexPrefix(tag docid.Tag, number uint16) []byte {
	return binary.BigEndian.AppendUint16(append([]byte(keyIndex), tag[:]...), number)
}

// indexesPrefix begins the entries of all indexes of a collection.
func indexesPrefix(tag docid.Tag) []byte { return append([]byte(keyIndex), tag[:]...) }

// indexKey is the key of an entry, of which keysOf says the rest.
func indexKey(tag docid.Tag, key []byte) []byte {
	full := make([]byte, 0, len(keyIndex)+len(tag)+len(key))
	return append(append(append(full, keyIndex...), tag[:]...), key...)
}

// conflictIndex is the number of the index of records that have conflicts. Its
// entries have no fields, and values: see [failures].
const conflictIndex = math.MaxUint16

// keysOf returns a record's entries in all indexes, ascending: the index's number
// and the key in it.
func keysOf(row collectionRow, id crdt.DocumentID, v *view) (keys [][]byte) {
	switch {
	case !v.isLive():
		return nil
	case v.is(viewLarge):
		return v.keys
	}
	return keysIn(row, id, v.data, v.is(viewConflicted))
}

// keysIn is keysOf for a record that says something.
func keysIn(row collectionRow, id crdt.DocumentID, data crdt.Snapshot, conflicted bool) (keys [][]byte) {
	for _, index := range row.Indexes {
		keys = append(keys, index.writer.Keys(id, data)...)
	}
	if conflicted {
		keys = append(keys, append(binary.BigEndian.AppendUint16(nil, conflictIndex), id[:]...))
	}
	return keys
}

// conflictKey returns the key of a record in the index of those with conflicts.
func conflictKey(id crdt.DocumentID) []byte {
	tag, _ := id.Tag()
	return append(indexPrefix(tag, conflictIndex), id[:]...)
}

func (i indexRow) query() query.Index { return query.Index{Number: i.Number, Fields: i.Fields} }

// entriesOf returns what changes in the store if a record's view becomes another:
// the view's row and entries in indexes. What the entries of an index that isn't
// built were isn't known, so all of them are written.
func entriesOf(tag docid.Tag, row collectionRow, id crdt.DocumentID, before, after *view) (e hub.Entries) {
	keys := keysOf(row, id, after)
	switch after {
	case before:
	case nil:
		e.Deletes = append(e.Deletes, viewKey(id))
	default:
		e.Puts = append(e.Puts, storage.Entry{Key: viewKey(id), Value: after.encode(keys)})
	}
	gone, come := query.Diff(keysOf(row, id, before), keys)
	e.Puts = slices.Grow(e.Puts, len(come))
	for _, key := range gone {
		e.Deletes = append(e.Deletes, indexKey(tag, key))
	}
	for _, key := range append(come, unbuilt(row, keys)...) {
		e.Puts = append(e.Puts, storage.Entry{Key: indexKey(tag, key)})
	}
	return e
}

// unbuilt returns those keys that belong to indexes that aren't built.
func unbuilt(row collectionRow, keys [][]byte) (of [][]byte) {
	for _, key := range keys {
		if !row.hasEntries(binary.BigEndian.Uint16(key)) {
			of = append(of, key)
		}
	}
	return of
}
