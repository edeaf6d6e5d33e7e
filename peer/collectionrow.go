package peer

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/query"
	"github.com/godwit-sync/godwit/internal/record"
	"github.com/godwit-sync/godwit/storage"
)

// collectionRow is what is durable of a collection besides its records.
type collectionRow struct {
	Name    string        `cbor:"name"`
	Deletes record.Policy `cbor:"deletes"` // what a delete says of edits made at the same time
	Indexes []indexRow    `cbor:"indexes"`
	Next    uint16        `cbor:"next"`              // the number of the next index; none is used twice
	Dropped []uint16      `cbor:"dropped,omitempty"` // indexes that may have entries left
	Views   viewState     `cbor:"views"`
	Reached []byte        `cbor:"reached,omitempty"` // while building: the id up to which all is done
	Format  int           `cbor:"format"`            // of the views
	Mode    mode          `cbor:"mode,omitempty"`
	Left    bool          `cbor:"left,omitempty"`   // the relay is not followed any more
	Afresh  bool          `cbor:"afresh,omitempty"` // what the relay has is to be listed anew: records were evicted
}

// indexRow is one index.
type indexRow struct {
	Number uint16   `cbor:"number"`
	Fields []string `cbor:"fields"`
	Built  bool     `cbor:"built"`

	writer *query.Writer // of entries that begin with the number
}

func newIndexRow(number uint16, fields []string) indexRow {
	i := indexRow{Number: number, Fields: fields}
	i.begin()
	return i
}

// begin makes what follows from what is durable.
func (i *indexRow) begin() { i.writer = i.query().Writer(byte(i.Number>>8), byte(i.Number)) }

// viewState says how far the views of a collection are.
type viewState string

const (
	viewsBuilt    viewState = "built"
	viewsBuilding viewState = "building" // some records may have none, or an old one
	viewsDropping viewState = "dropping" // all entries of indexes are to go first
)

// viewFormat is what views look like now. Those of another format are built anew:
// also those that say that this program can't read a record.
const viewFormat = 2

// maxIndexes is how many indexes a collection may have: so few that what changes
// in them with one record, whatever is in it, fits into a batch.
const maxIndexes = 15

func newCollectionRow(name string) collectionRow {
	return collectionRow{Name: name, Deletes: record.EditWins, Views: viewsBuilding, Format: viewFormat}
}

func collectionKey(tag docid.Tag) []byte { return append([]byte(keyCollection), tag[:]...) }

func (r collectionRow) entry(tag docid.Tag) (storage.Entry, error) {
	value, err := cbor.Marshal(r)
	return storage.Entry{Key: collectionKey(tag), Value: value}, err
}

func decodeCollectionRow(entry storage.Entry) (row collectionRow, err error) {
	err = cbor.Unmarshal(entry.Value, &row)
	if err != nil || len(entry.Key) != len(collectionKey(docid.Tag{})) {
		return row, fmt.Errorf("%w: the collection at %q: %w", storage.ErrDamaged, entry.Key, err)
	}
	for i := range row.Indexes {
		row.Indexes[i].begin()
	}
	if row.Format != viewFormat {
		row.Format = viewFormat
		row.rebuild()
	}
	return row, nil
}

func (r collectionRow) clone() collectionRow {
	r.Indexes = slices.Clone(r.Indexes)
	r.Dropped = slices.Clone(r.Dropped)
	r.Reached = bytes.Clone(r.Reached)
	return r
}

// adopt takes over what options say, and reports whether anything is different.
func (r *collectionRow) adopt(options collectionOptions) (changed bool) {
	if options.deletes != "" && options.deletes != r.Deletes {
		r.Deletes, changed = options.deletes, true
	}
	if options.mode != nil && *options.mode != r.Mode {
		r.Mode, changed = *options.mode, true
	}
	for _, fields := range options.indexes {
		if !r.has(fields) {
			r.Indexes = append(r.Indexes, newIndexRow(r.Next, fields))
			r.Next++
			r.Reached, changed = nil, true
		}
	}
	return changed
}

func (r *collectionRow) has(fields []string) bool {
	return slices.ContainsFunc(r.Indexes, func(i indexRow) bool { return slices.Equal(i.Fields, fields) })
}

// dropIndex takes an index out, and reports whether it was there.
func (r *collectionRow) dropIndex(fields []string) bool {
	i := slices.IndexFunc(r.Indexes, func(i indexRow) bool { return slices.Equal(i.Fields, fields) })
	if i < 0 {
		return false
	}
	r.Dropped = append(r.Dropped, r.Indexes[i].Number)
	r.Indexes = slices.Delete(r.Indexes, i, i+1)
	return true
}

// roots returns the names at a record's root at which something is indexed.
func (r *collectionRow) roots() map[string]bool {
	roots := map[string]bool{}
	for _, index := range r.Indexes {
		for _, name := range index.query().Roots() {
			roots[name] = true
		}
	}
	return roots
}

// hasIndexesOf reports whether both have the same indexes, equally far.
func (r *collectionRow) hasIndexesOf(o *collectionRow) bool {
	return slices.EqualFunc(r.Indexes, o.Indexes, indexRow.equal)
}

// isBuilt reports whether nothing is left to be done in the background.
func (r *collectionRow) isBuilt() bool {
	unbuilt := slices.ContainsFunc(r.Indexes, func(i indexRow) bool { return !i.Built })
	return r.Views == viewsBuilt && !unbuilt && len(r.Dropped) == 0
}

// hasViews reports whether every record has a view.
func (r *collectionRow) hasViews() bool { return r.Views == viewsBuilt }

// hasEntries reports whether an index has the entries of every record, but for one
// that is no more.
func (r *collectionRow) hasEntries(number uint16) bool {
	if number == conflictIndex {
		return r.hasViews()
	}
	return !slices.ContainsFunc(r.Indexes, func(i indexRow) bool { return i.Number == number && !i.Built })
}

// rebuild has everything built anew.
func (r *collectionRow) rebuild() {
	r.Views, r.Reached = viewsDropping, nil
	for i := range r.Indexes {
		r.Indexes[i].Built = false
	}
}

// lost reports whether something that was built isn't any more.
func (r *collectionRow) lost(before collectionRow) bool {
	return before.Views == viewsBuilt && r.Views != viewsBuilt || slices.ContainsFunc(before.Indexes, func(i indexRow) bool {
		return i.Built && !slices.ContainsFunc(r.Indexes, i.equal)
	})
}

// finish notes that everything is built.
func (r *collectionRow) finish() {
	r.Views, r.Reached = viewsBuilt, nil
	for i := range r.Indexes {
		r.Indexes[i].Built = true
	}
}

func (i indexRow) equal(o indexRow) bool { return i.Number == o.Number && i.Built == o.Built }
