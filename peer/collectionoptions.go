package peer

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/query"
	"github.com/godwit-sync/godwit/internal/record"
)

// CollectionOption is an option of [Peer.Collection] and [CollectionOf].
type CollectionOption func(*collectionOptions)

type collectionOptions struct {
	indexes    [][]string
	deletes    record.Policy
	validators []validator
	resolvers  resolvers
	mode       *mode // nil: as it was
	anew       bool  // if it is damaged
	err        error // why they can't be followed
}

// Index has records found and ordered by some fields: by the first one, among
// those that are equal by the second, and so on. A field is a key of the record,
// as a Go struct's tag names it; a path into nested maps is written "Address.City".
// An index stays until [Records.DropIndex]; one that is added later is built in the
// background. A collection has up to 15 of them.
func Index(fields ...string) CollectionOption {
	return func(o *collectionOptions) {
		fields = slices.Clone(fields)
		o.err = errors.Join(o.err, query.Index{Fields: fields}.Err())
		o.indexes = append(o.indexes, fields)
	}
}

// Anew has a collection made anew if what is kept of it can't be read any more, which
// is storage.ErrDamaged. Views and indexes are built from its records, of which nothing
// is lost; but how it was isn't known any more, so give all options that it should
// have, [LocalOnly] above all. It is subscribed, also if it wasn't, and the relay lists all
// that it has: what was evicted or forgotten comes back. To prevent that call
// [Records.Unsubscribe] before [Peer.Run]. Of a collection that is sound it changes
// nothing.
func Anew() CollectionOption {
	return func(o *collectionOptions) { o.anew = true }
}

// EditWins lets a record live on if somebody edits it while somebody else deletes
// it. That is the rule if nothing is said. It holds for deletes made here from now
// on, as they are written into the record.
func EditWins() CollectionOption {
	return func(o *collectionOptions) { o.deletes = record.EditWins }
}

// DeleteWins lets a record be deleted even if somebody edits it at the same time;
// see [EditWins].
func DeleteWins() CollectionOption {
	return func(o *collectionOptions) { o.deletes = record.DeleteWins }
}

// validator looks at a record as it is about to be committed.
type validator struct {
	typ   reflect.Type // of the records as it knows them
	check func(ctx context.Context, id crdt.DocumentID, root crdt.Map) error
}

// Validate has check look at each record that is about to be committed here, as it
// will be: if it returns an error, or panics, nothing of the transaction is
// written. It isn't called for what others bring, for deletes, and for what is
// written by [Document.Change]: a record that these have made invalid can be updated
// only so that it is valid. What resolvers answer is looked at, too. It must not use
// the peer. Whoever writes gets its error, wrapped together with ErrInvalid. Those of a
// T that were given when the collection was asked for before are replaced.
func Validate[T any](check func(ctx context.Context, id crdt.DocumentID, record T) error) CollectionOption {
	return func(o *collectionOptions) { o.validators = append(o.validators, validated(check)) }
}

// replace reports whether others look at the same records in place of a validator.
func (o collectionOptions) replace(old validator) bool {
	return slices.ContainsFunc(o.validators, func(v validator) bool { return v.typ == old.typ })
}

// checked runs do and makes a panic an error.
func checked(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return do()
}
