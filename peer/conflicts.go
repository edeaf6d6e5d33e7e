package peer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/record"
	"github.com/godwit-sync/godwit/storage"
)

// Conflict is a place in a record at which several people have written different
// values without knowing of each other. One of them is shown, the same everywhere,
// until somebody writes there again, or resolves the conflict.
//
// Its values are of the type of the field, in a collection of structs; what others
// have written as something else is what [crdt.Value.Any] returns.
type Conflict struct {
	ID   crdt.DocumentID // of the record
	Path []any           // from the record: names and, in lists, indexes
	// Local is what was written here, Remote what others have written. Of several
	// it is the one that is shown, or would be; if there is none, what is shown.
	Local, Remote any
	Values        []ConflictValue // the last one is shown
	// Err says why a resolver hasn't resolved it. It isn't asked again, unless there
	// are other values.
	Err error

	found record.Conflict
}

// ConflictValue is one of the values of a conflict, with who wrote it.
type ConflictValue struct {
	Value    any
	Actor    crdt.ActorID
	Change   crdt.Hash
	Local    bool // written here, in this life of the directory
	Resolved bool // written to resolve a conflict
}

// Field returns the path without the indexes of lists, with dots: "Items.Price".
func (c Conflict) Field() string {
	var names []string
	for _, step := range c.Path {
		if name, ok := step.(string); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, ".")
}

// Conflicts returns the conflicts of a record, in the order of its fields. It opens
// the document if there are any. Errors are those of [Records.Get].
func (r *Records[T]) Conflicts(ctx context.Context, id crdt.DocumentID) (conflicts []Conflict, err error) {
	err = r.do(ctx, "look for conflicts of "+id.String(), func(tx *Tx) error {
		found, err := tx.conflicts(ctx, r.c, id)
		if err != nil || found == nil {
			return err
		}
		conflicts, err = r.c.peer.conflictsOf(reflect.TypeFor[T](), id, found.conflicts)
		return err
	})
	return conflicts, err
}

// Conflicted yields the records that have conflicts, ascending by id. An error is
// the last thing yielded, ErrClosed if the peer is closed meanwhile. The loop may take
// its time, and write records.
func (r *Records[T]) Conflicted(ctx context.Context) iter.Seq2[crdt.DocumentID, error] {
	return func(yield func(crdt.DocumentID, error) bool) {
		if err := r.c.conflicted(ctx, func(id crdt.DocumentID) bool { return yield(id, nil) }); err != nil {
			yield(crdt.DocumentID{}, during(err, "look for conflicts in %q", r.c.name))
		}
	}
}

// ResolveConflict ends a conflict that [Records.Conflicts] has returned by a value:
// one of those that stand there, or another. It fails with ErrStale if other values
// stand there by now, and with ErrInvalid if the record would be no T with that
// value, or none that [Validate] takes. Its change bears the message "godwit: resolved".
func (r *Records[T]) ResolveConflict(ctx context.Context, id crdt.DocumentID, conflict Conflict, value any) error {
	return r.do(ctx, "resolve a conflict of "+id.String(), func(tx *Tx) error {
		if len(conflict.found.Path) == 0 {
			return fmt.Errorf("%w: a conflict that Conflicts has not returned", ErrInvalid)
		}
		answer, err := answerOf(conflict.found, value)
		if err != nil {
			return err
		}
		d, err := tx.found(ctx, r.c, id)
		if err != nil {
			return err
		}
		if err := d.look(func(root crdt.Map) error {
			if !root.At(answer.conflict.Path...).Exists() {
				return stale(answer.conflict)
			}
			return answer.fits(reflect.TypeFor[T](), root.Any())
		}); err != nil {
			return err
		}
		return d.resolve(answer)
	})
}

// Resolved returns when the collection's resolvers have been asked about all conflicts
// that are here, or with the error that keeps their answers from being written. There
// is nothing to wait for without resolvers.
func (r *Records[T]) Resolved(ctx context.Context) error {
	if err := r.c.peer.enter(); err != nil {
		return err
	}
	defer r.c.peer.running.Done()
	if err := r.c.resolved(ctx); err != nil {
		return during(err, "resolve conflicts in %q", r.c.name)
	}
	return nil
}

// conflicts are those of a record.
type conflicts struct {
	conflicts []record.Conflict
	shown     map[string]any // the record
}

// conflicts returns the conflicts of a record; nil if it has none.
func (tx *Tx) conflicts(ctx context.Context, c *collection, id crdt.DocumentID) (found *conflicts, err error) {
	if v, err := tx.peer.storedView(id); err == nil && v.isLive() && !v.is(viewConflicted) && tx.drafts[id] == nil {
		return nil, c.check(id)
	}
	d, err := tx.found(ctx, c, id)
	if err != nil {
		return nil, err
	}
	err = d.guard(func() error {
		all, err := record.Conflicts(d.doc)
		if err != nil || len(all) == 0 {
			return err
		}
		found = &conflicts{conflicts: all}
		return d.doc.View(func(root crdt.Map) error {
			found.shown = root.Any()
			return nil
		})
	})
	return found, err
}

// conflicted calls yield with the records that have conflicts until that returns
// false.
func (c *collection) conflicted(ctx context.Context, yield func(crdt.DocumentID) bool) error {
	v := visit{peer: c.peer}
	if err := v.enter(); err != nil {
		return err
	}
	defer v.leave()
	if err := c.await(ctx, (*collectionRow).hasViews); err != nil {
		return err
	}
	for entry, err := range c.peer.store.Range(ctx, storage.Range{Prefix: indexPrefix(c.tag, conflictIndex)}) {
		switch {
		case errors.Is(err, storage.ErrClosed):
			return ErrClosed
		case err != nil:
			return err
		}
		if more, err := v.aside(func() bool { return yield(documentOf(entry.Key)) }); err != nil || !more {
			return err
		}
	}
	return nil
}

// conflictsOf says what conflicts of a record are to people.
func (p *Peer) conflictsOf(t reflect.Type, id crdt.DocumentID, found []record.Conflict) ([]Conflict, error) {
	failed, err := p.readFailures(id)
	if err != nil {
		return nil, err
	}
	own := p.isOwn(id)
	conflicts := make([]Conflict, len(found))
	for i, f := range found {
		if conflicts[i], err = conflictOf(t, id, f, own); err != nil {
			return nil, err
		}
		conflicts[i].Err = failed.of(f)
	}
	return conflicts, nil
}

// isOwn returns what says of an actor whether it is this peer's in a document.
func (p *Peer) isOwn(id crdt.DocumentID) func(crdt.ActorID) bool {
	own := p.identity.actorOf(id)
	return func(actor crdt.ActorID) bool { return actor == own }
}

func conflictOf(t reflect.Type, id crdt.DocumentID, found record.Conflict, own func(crdt.ActorID) bool) (Conflict, error) {
	c := Conflict{ID: id, Path: found.Path, Values: make([]ConflictValue, len(found.Values)), found: found}
	of, isTyped := crdt.TypeAt(t, found.Path...)
	for i, w := range found.Values {
		value := w.Value
		if isTyped {
			var err error
			if value, err = typed(of, value); err != nil {
				return c, err
			}
		}
		c.Values[i] = ConflictValue{value, w.Actor, w.Change, own(w.Actor), w.Resolved}
	}
	c.Local, c.Remote = c.valueOr(found.Local(own)), c.valueOr(found.Remote(own))
	return c, nil
}

// valueOr returns a value by its index, and what is shown if that is -1.
func (c Conflict) valueOr(i int) any {
	if i < 0 {
		i = len(c.Values) - 1
	}
	return c.Values[i].Value
}
