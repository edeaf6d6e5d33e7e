package peer

import (
	"context"
	"iter"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/query"
)

// Query says which records are wanted, in which order, and how many: its zero
// value is all of them. [Where] begins one.
type Query = query.Query

// Field is a field that a condition is about to be said of; see [Where].
type Field = query.Field

// Where begins a query with a condition on a field:
//
//	peer.Where("Department").Is("R&D").And("Age").Above(30).OrderBy("Name").Limit(50)
//
// A dot leads into a map, as in "Address.City". Query{}.OrderBy has no condition. A
// field that the collection's type doesn't have is an error; a [Collection] has any.
func Where(field string) Field { return query.Where(field) }

// Record is a record that was found.
type Record[T any] struct {
	ID    crdt.DocumentID
	Value T
	State State // Pending, Synced, Refused or Local; see [Records.Status]
	// Err says which fields others have written as something else than a T has:
	// they are zero in Value. nil = all of it could be read.
	Err error

	match query.Match
}

// Cursor returns the record's position, for [Query.After]: the next page begins
// behind it.
func (r Record[T]) Cursor() string { return r.match.Cursor() }

// Find yields what a query asks for, all of it as it was at one moment while the
// iteration began: whatever is written meanwhile, every record that fulfilled the
// conditions then is yielded, once, as it was, and of a transaction either
// everything is seen or nothing. That holds for large records, too. A record's
// State is that of when it is yielded. Records that can't be read are passed over.
//
// Pages, asked for with [Query.After], are of a moment each, in one order: a record
// that fulfils the conditions all the time, and stays in its place, is on one page.
//
// An error is the last thing yielded: ErrInvalid for a query that makes no sense,
// ErrClosed if the peer is closed meanwhile. The loop may take its time, and write
// records. What is replaced meanwhile stays on the disk until it ends, or fails with
// storage.ErrOutdated after a GiB of writing: then go on with a page.
func (r *Records[T]) Find(ctx context.Context, q Query) iter.Seq2[Record[T], error] {
	return func(yield func(Record[T], error) bool) {
		err := r.c.find(ctx, r.tx, r.asked(q), func(m query.Match) bool { return yield(r.record(m), nil) })
		if err != nil {
			yield(Record[T]{}, during(err, "find in %q", r.c.name))
		}
	}
}

// asked returns a query that fails if it names a field that no T has.
func (r *Records[T]) asked(q Query) Query { return q.Checked(leadsInto[T]) }

func (r *Records[T]) record(m query.Match) Record[T] {
	found := Record[T]{ID: m.ID, State: r.state(m.ID), match: m}
	found.Err = misfit(m.Fields.(crdt.Snapshot).Hydrate(&found.Value))
	return found
}

func (r *Records[T]) state(id crdt.DocumentID) State {
	state := r.c.stateOf(id, r.c.peer.known(id))
	if state == Synced && r.tx != nil && r.tx.writes(id) {
		return Pending
	}
	return state
}

// CountWhere returns how many records fulfil the conditions of a query, whatever
// its limit and cursor are: as many as [Records.Find] would yield without them.
func (r *Records[T]) CountWhere(ctx context.Context, q Query) (int, error) {
	n, err := r.c.countWhere(ctx, r.tx, r.asked(q))
	if err != nil {
		err = during(err, "count in %q", r.c.name)
	}
	return n, err
}

// Explain says in words how a query is run now, with the indexes that are built. It
// runs nothing.
func (r *Records[T]) Explain(ctx context.Context, q Query) (string, error) {
	text, err := r.c.explain(ctx, r.asked(q))
	if err != nil {
		err = during(err, "explain a query of %q", r.c.name)
	}
	return text, err
}
