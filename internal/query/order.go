package query

import (
	"github.com/godwit-sync/godwit/crdt/docid"
)

// maxOrder is how many fields a query may sort by.
const maxOrder = 8

// order is a total order of records: by fields, then by id in the direction of
// the last field.
type order struct {
	fields  []sortField
	reverse bool // all of it
}

// rank appends a record's place: keys that compare as the order has it, and the
// id.
func (o order) rank(dst []byte, fields Fields, id docid.ID) []byte {
	start := len(dst)
	for _, s := range o.fields {
		from := len(dst)
		dst = appendKey(dst, s.of(fields), MaxKey)
		if s.descending {
			complement(dst[from:])
		}
	}
	dst = append(dst, id[:]...)
	if o.idDescending() {
		complement(dst[len(dst)-docid.Size:])
	}
	if o.reverse {
		complement(dst[start:])
	}
	return dst
}

// id returns whose rank it is.
func (o order) id(rank string) docid.ID {
	id := docid.ID([]byte(rank[len(rank)-docid.Size:]))
	if o.idDescending() != o.reverse {
		complement(id[:])
	}
	return id
}

func (o order) idDescending() bool {
	return len(o.fields) > 0 && o.fields[len(o.fields)-1].descending
}

// backward reports whether an index that has the order's fields is read from
// its end, and false as ok if it can't be read in this order: some fields
// ascend while others descend.
func (o order) backward() (backward, ok bool) {
	for _, s := range o.fields {
		if s.descending != o.idDescending() {
			return false, false
		}
	}
	return o.idDescending() != o.reverse, true
}

// without returns the order of records that agree in some fields.
func (o order) without(fixed func(name string) bool) order {
	left := order{reverse: o.reverse}
	for _, s := range o.fields {
		if !fixed(s.name) {
			left.fields = append(left.fields, s)
		}
	}
	return left
}
