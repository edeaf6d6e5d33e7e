package query

import (
	"context"
	"iter"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// Rows are the records of a collection and the entries of its indexes, all of one
// moment. Ranges have from in them and not to, nil is open; in reverse they begin at their
// end. A sequence ends with the first error.
type Rows interface {
	// Entries yields the keys of an index's entries, as [Writer.Keys] made them,
	// in order. A key may change with the next.
	Entries(ctx context.Context, index uint16, from, to []byte, reverse bool) iter.Seq2[[]byte, error]

	// Records yields the records by id.
	Records(ctx context.Context, from, to []byte, reverse bool) iter.Seq2[Record, error]

	// Record returns what one of them holds, and nil if there is none.
	Record(ctx context.Context, id docid.ID) (Fields, error)
}

// Record is a record as of one moment. Fields are nil if it is gone.
type Record struct {
	ID     docid.ID
	Fields Fields
}

// Match is a record that a query asks for.
type Match struct {
	Record
	order *order
}

// Cursor returns the match's position, for [Query.After].
func (m Match) Cursor() string { return m.order.cursor(m.order.rank(nil, m.Fields, m.ID)) }
