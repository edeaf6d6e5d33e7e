package peer

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/record"
)

// Records is a collection whose records are values of a type T, mostly a struct:
// see [crdt.Map.Reconcile] for what of it becomes what, and how two people's
// edits of one record meet. It may be used from any goroutine, and kept as long as the peer.
//
// Documents keep times in UTC and whole milliseconds. What people choose of several,
// such as tags, is best a map[string]bool: two who add the same one to a list have it
// twice. In a list whose items have keys, two who make an item of the same key have
// two: one is shown, the other isn't, and that is no conflict; if both may make one,
// take a map. NaN and infinite numbers are kept, but encoding/json takes none.
//
// What is written is on disk when a method returns, with all that follows from it.
// Reads don't open documents, but for large records, of more than 64 KiB, and wait
// for nobody who writes.
//
// The records are documents like others: [Peer.Document] returns one to be edited
// together, letter by letter; [Peer.Forget] removes one from this peer alone.
type Records[T any] struct {
	c  *collection
	tx *Tx
}

// Collection is a collection whose records are maps, of what [crdt.Value.Any]
// returns, and of what [crdt.Map.Set] takes.
type Collection = Records[map[string]any]

// Collection returns the collection of a name, of up to 256 bytes. It begins to
// exist when it is first asked for. What it is stays: options add to it.
// ErrCollection says that the name can't be used here, storage.ErrDamaged that what is
// kept of the collection can't be read; see [Anew].
func (p *Peer) Collection(name string, opts ...CollectionOption) (*Collection, error) {
	return CollectionOf[map[string]any](p, name, opts...)
}

// CollectionOf is [Peer.Collection] for records of type T. ErrInvalid says that a
// T, or some field of it, can't be kept, or that an index or a resolver is of a field
// that a T doesn't have.
func CollectionOf[T any](p *Peer, name string, opts ...CollectionOption) (*Records[T], error) {
	var options collectionOptions
	for _, opt := range opts {
		opt(&options)
	}
	options.err = errors.Join(options.err, checkType[T](), checkFields[T](&options))
	for i := range options.resolvers.fields {
		options.resolvers.fields[i].typ = reflect.TypeFor[T]()
	}
	if m := options.resolvers.merger; m != nil {
		m.of = reflect.TypeFor[T]()
	}
	c, err := p.collection(name, options)
	if err != nil {
		return nil, err
	}
	return &Records[T]{c: c}, nil
}

// Collections returns the names of all collections that this directory has,
// ascending.
func (p *Peer) Collections() []string {
	var names []string
	for _, c := range p.collections.all() {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

// In returns the collection as it is in a transaction: what its methods write
// becomes durable with that, and they read what was written in it before.
func (r *Records[T]) In(tx *Tx) *Records[T] { return &Records[T]{c: r.c, tx: tx} }

// Name returns the collection's name.
func (r *Records[T]) Name() string { return r.c.name }

// do runs fn in the transaction, or in one of its own.
func (r *Records[T]) do(ctx context.Context, what string, fn func(tx *Tx) error) (err error) {
	if r.tx != nil {
		err = fn(r.tx)
	} else {
		err = r.c.peer.Commit(ctx, fn)
	}
	if err != nil {
		return during(err, "%s in %q", what, r.c.name)
	}
	return nil
}

// Create makes a record with a new id, which is final. Errors are those of
// [Peer.Commit]: storage.ErrDiskFull, for one, and then nothing is written. Many are
// made faster by [Records.CreateAll].
func (r *Records[T]) Create(ctx context.Context, record T) (crdt.DocumentID, error) {
	id := docid.NewRecord(r.c.tag)
	err := r.do(ctx, "create", func(tx *Tx) error { return tx.create(r.c, id, &record) })
	if err != nil {
		return crdt.DocumentID{}, err
	}
	return id, nil
}

// Get returns a record. It fails with ErrNoRecord or ErrDeleted if there is none,
// with ErrInvalid if it isn't a T, since others have written something else, and
// with what ails its document if that can't be read.
func (r *Records[T]) Get(ctx context.Context, id crdt.DocumentID) (record T, err error) {
	err = r.c.read(ctx, r.tx, id, &record)
	if err != nil {
		err = during(err, "get %s in %q", id, r.c.name)
	}
	return record, err
}

// Update has fn change a record, and writes what is different then, field by
// field: what others change meanwhile in other fields, other items of lists, or
// elsewhere in a text stays. What can't be read since others have written something
// else is zero, and stays as it is unless fn makes it something. If fn fails or
// panics, nothing is written. It may be called again, see [Peer.Commit]. Errors are
// those of Get and Commit, and fn's own.
func (r *Records[T]) Update(ctx context.Context, id crdt.DocumentID, fn func(record *T) error) error {
	return r.do(ctx, "update "+id.String(), func(tx *Tx) error {
		d, err := tx.found(ctx, r.c, id)
		if err != nil {
			return err
		}
		return d.change(func(root crdt.Map) error { return edit(root, fn) }, record.Tidily())
	})
}

// Put makes a record be what is given, like [Records.Update], or creates it under
// this id, or restores it if it is deleted. The id must be one of the collection's, of a record
// that was created elsewhere, or by [Records.NewID].
func (r *Records[T]) Put(ctx context.Context, id crdt.DocumentID, record T) error {
	return r.do(ctx, "put "+id.String(), func(tx *Tx) error {
		d, err := tx.open(ctx, r.c, id)
		if err != nil {
			return err
		}
		return d.put(&record)
	})
}

// Delete deletes a record: its history stays, and says so to others. What becomes
// of edits made at the same time, [EditWins] and [DeleteWins] say.
func (r *Records[T]) Delete(ctx context.Context, id crdt.DocumentID) error {
	return r.do(ctx, "delete "+id.String(), func(tx *Tx) error {
		d, err := tx.found(ctx, r.c, id)
		if err != nil {
			return err
		}
		return d.delete()
	})
}

// Restore brings a deleted record back, as it was. It does nothing if the record
// isn't deleted.
func (r *Records[T]) Restore(ctx context.Context, id crdt.DocumentID) error {
	return r.do(ctx, "restore "+id.String(), func(tx *Tx) error {
		d, err := tx.open(ctx, r.c, id)
		if err != nil {
			return err
		}
		return d.restore()
	})
}

// Exists reports whether there is a record, and it isn't deleted. One that can't
// be read exists.
func (r *Records[T]) Exists(ctx context.Context, id crdt.DocumentID) (bool, error) {
	return r.c.exists(ctx, r.tx, id)
}

// Count returns how many records there are that can be read.
func (r *Records[T]) Count(ctx context.Context) (int, error) {
	n, err := r.c.count(ctx, r.tx)
	if err != nil {
		err = during(err, "count %q", r.c.name)
	}
	return n, err
}

// NewID returns an id for a record that is to be [Records.Put].
func (r *Records[T]) NewID() crdt.DocumentID { return docid.NewRecord(r.c.tag) }

// Ready returns when views and indexes are built; at once, as a rule. They are
// built in the background when records were here before the collection was asked
// for, and when an index is added. Until then, Find and Count wait or look at all
// records.
func (r *Records[T]) Ready(ctx context.Context) error {
	if err := r.c.peer.enter(); err != nil {
		return err
	}
	defer r.c.peer.running.Done()
	if err := r.c.ready(ctx); err != nil {
		return during(err, "wait for %q", r.c.name)
	}
	return nil
}

// Building reports whether something is being built, and how far it is.
func (r *Records[T]) Building() (Progress, bool) { return r.c.builder.state() }

// Rebuild drops views and indexes and builds them anew, from the records'
// histories. Nothing should ever make that necessary.
func (r *Records[T]) Rebuild(ctx context.Context) error {
	if err := r.c.peer.enter(); err != nil {
		return err
	}
	defer r.c.peer.running.Done()
	err := r.c.rebuild()
	if err == nil {
		err = r.c.ready(ctx)
	}
	if err != nil {
		return during(err, "rebuild %q", r.c.name)
	}
	return nil
}

// DropIndex removes an index that was added by [Index]; it does nothing if there
// is none of these fields.
func (r *Records[T]) DropIndex(fields ...string) error {
	if err := r.c.peer.enter(); err != nil {
		return err
	}
	defer r.c.peer.running.Done()
	if err := r.c.dropIndex(fields); err != nil {
		return during(err, "drop an index of %q", r.c.name)
	}
	return nil
}
