package query

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/godwit-sync/godwit/crdt/docid"
)

const (
	// MaxIndexFields is how many fields an index may have.
	MaxIndexFields = 4

	// MaxElements is how many different elements of a list are indexed. A longer
	// list has one entry that stands for all of them, and is looked at whenever
	// any element is searched.
	MaxElements = 256

	// MaxEntries is how many entries a record may have in one index. Lists for
	// which there is no room left have one entry, like a long one.
	MaxEntries = 256

	// MaxBytes is how many bytes the entries for elements of lists may have; beyond
	// that it is the same.
	MaxBytes = 20 << 10
)

// Index keeps the records of a collection in the order of some fields. Each
// record has one entry, whatever it lacks, and one more for each different
// element of a list in one of the fields, but for elements that are lists or
// maps.
type Index struct {
	Number uint16
	Fields []string // dotted paths, as in [Where]
}

// base is the first byte of an ordinary entry's key. That of an entry for an
// element of a list in field i is base+1+i.
const base byte = 0

// parsed returns the fields. They are right if [Index.Err] says so.
func (x Index) parsed() []field {
	fields := make([]field, len(x.Fields))
	for i, name := range x.Fields {
		fields[i], _ = parseField(name)
	}
	return fields
}

// Check returns ErrInvalid if check has an error for one of the fields, which are
// names of fields: see [Index.Err].
func (x Index) Check(check func(path []string) error) error { return checkAll(x.parsed(), check) }

// Roots returns the names at a record's root in or below which the fields are.
func (x Index) Roots() []string {
	roots := make([]string, len(x.Fields))
	for i, f := range x.parsed() {
		roots[i] = f.path[0]
	}
	return roots
}

// Err returns [ErrInvalid] if the index has no, too many, equal or nameless
// fields.
func (x Index) Err() error {
	if len(x.Fields) == 0 || len(x.Fields) > MaxIndexFields {
		return fmt.Errorf("%w: an index on %d fields, want 1 to %d", ErrInvalid, len(x.Fields), MaxIndexFields)
	}
	for i, name := range x.Fields {
		if _, ok := parseField(name); !ok {
			return fmt.Errorf("%w: an index on %q: no field's name", ErrInvalid, name)
		}
		if slices.Contains(x.Fields[:i], name) {
			return fmt.Errorf("%w: an index on %s twice", ErrInvalid, name)
		}
	}
	return nil
}

// String returns the index's number and fields.
func (x Index) String() string {
	return fmt.Sprintf("index %d (%s)", x.Number, strings.Join(x.Fields, ", "))
}

// Writer makes entries of an index. It may be used from any goroutine.
type Writer struct {
	fields []field
	prefix []byte
}

// Writer returns what makes the entries of this index. Each key begins with the
// prefix.
func (x Index) Writer(prefix ...byte) *Writer { return &Writer{x.parsed(), prefix} }

// Keys returns the keys of a record's entries in ascending order; none if
// fields is nil. A key ends with the id and has at most 913 bytes besides the prefix.
func (w *Writer) Keys(id docid.ID, fields Fields) [][]byte {
	if fields == nil {
		return nil
	}
	values := make([]any, len(w.fields))
	for i, f := range w.fields {
		values[i] = f.of(fields)
	}
	keys := [][]byte{w.entry(base, values, -1, nil, id)}
	size := 0
	for i, v := range values {
		list, ok := v.([]any)
		if !ok {
			continue
		}
		of, bytes := w.elementEntries(values, i, elementKeys(list), id)
		if len(keys)+len(of) > MaxEntries-MaxIndexFields || size+bytes > MaxBytes {
			of, bytes = w.elementEntries(values, i, many, id)
		}
		keys, size = append(keys, of...), size+bytes
	}
	return keys
}

// many is in place of the elements of a long list.
var many = [][]byte{{tagMany}}

// elementEntries returns the keys of the entries for elements of the list at place
// i, and their bytes without the prefix.
func (w *Writer) elementEntries(values []any, i int, elements [][]byte, id docid.ID) (keys [][]byte, size int) {
	for _, element := range elements {
		key := w.entry(base+1+byte(i), values, i, element, id)
		keys, size = append(keys, key), size+len(key)-len(w.prefix)
	}
	return keys, size
}

// entry returns the key of an entry in which the value at place i is replaced.
func (w *Writer) entry(kind byte, values []any, i int, by []byte, id docid.ID) []byte {
	key := append(append(make([]byte, 0, 64), w.prefix...), kind)
	for k, v := range values {
		if k == i {
			key = append(key, by...)
		} else {
			key = appendKey(key, v, MaxKey)
		}
	}
	return append(key, id[:]...)
}

// elementKeys returns the different keys of a list's elements, in order.
func elementKeys(list []any) [][]byte {
	var keys [][]byte
	for _, element := range list {
		key := appendKey(nil, element, MaxKey)
		if key[0] == tagList || key[0] == tagMap {
			continue
		}
		// Sorted by insertion, so that a long list costs no more than a short one.
		at, found := slices.BinarySearchFunc(keys, key, bytes.Compare)
		if found {
			continue
		}
		if len(keys) == MaxElements {
			return many
		}
		keys = slices.Insert(keys, at, key)
	}
	return keys
}

// Diff returns which keys are no more in after, and which are there only. Both
// lists are in order, as [Writer.Keys] returns them.
func Diff(before, after [][]byte) (gone, come [][]byte) {
	for len(before) > 0 && len(after) > 0 {
		switch c := bytes.Compare(before[0], after[0]); {
		case c < 0:
			gone, before = append(gone, before[0]), before[1:]
		case c > 0:
			come, after = append(come, after[0]), after[1:]
		default:
			before, after = before[1:], after[1:]
		}
	}
	return append(gone, before...), append(come, after...)
}
