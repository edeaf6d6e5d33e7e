package peer

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// CreateAll makes records of many values, such as the rows of a file, as [Records.Create]
// would, in as few commits as can hold them. It returns the ids of those that are on
// disk, in the order of the values: if it fails, which it also does when ctx ends, all
// before the value at len(ids) are there, and none from it on. That value is to blame
// if the error is ErrInvalid or [ErrTooMuch]. What makes the values may use the peer. In
// a transaction all are part of that.
func (r *Records[T]) CreateAll(ctx context.Context, values iter.Seq[T]) (ids []crdt.DocumentID, err error) {
	if r.tx != nil {
		err = r.createIn(r.tx, values, &ids)
	} else {
		ids, err = r.createApart(ctx, values)
	}
	if err != nil {
		err = during(err, "create in %q, after %d records", r.c.name, len(ids))
	}
	return ids, err
}

func (r *Records[T]) createIn(tx *Tx, values iter.Seq[T], ids *[]crdt.DocumentID) error {
	for v := range values {
		id := docid.NewRecord(r.c.tag)
		if err := tx.create(r.c, id, &v); err != nil {
			return err
		}
		*ids = append(*ids, id)
	}
	return nil
}

func (r *Records[T]) createApart(ctx context.Context, values iter.Seq[T]) (ids []crdt.DocumentID, err error) {
	b := batch[T]{records: r, size: MaxRecords}
	for v := range values {
		if b.waiting = append(b.waiting, v); len(b.waiting) < MaxRecords {
			continue
		}
		if err := b.write(ctx); err != nil {
			return b.ids, err
		}
	}
	err = b.write(ctx)
	return b.ids, err
}

// batch is what waits to be created in a few commits.
type batch[T any] struct {
	records *Records[T]
	waiting []T
	size    int               // how many a commit has held so far, at most
	ids     []crdt.DocumentID // of those that are durable
}

// write commits what waits. Of what can't be in one commit it tries less, in the end
// the one value that can't be a record.
func (b *batch[T]) write(ctx context.Context) error {
	for len(b.waiting) > 0 {
		n := min(b.size, len(b.waiting))
		var ids []crdt.DocumentID
		err := b.records.c.peer.Commit(ctx, func(tx *Tx) error {
			ids = nil
			return b.records.createIn(tx, slices.Values(b.waiting[:n]), &ids)
		})
		switch {
		case err == nil:
			b.ids, b.waiting = append(b.ids, ids...), b.waiting[n:]
		case n > 1 && areToBlame(err):
			b.size = n / 2
		default:
			return err
		}
	}
	return nil
}

// areToBlame reports whether values are why they can't be committed.
func areToBlame(err error) bool {
	return errors.Is(err, ErrTooMuch) || errors.Is(err, ErrInvalid) || errors.Is(err, crdt.ErrTooLarge)
}
