package peer

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/record"
)

// Resolver says what is to stand where there is a conflict: one of its values, or
// another. An error leaves the conflict as it is, and so does a value that the
// collection's records can't have there, or that a [Validate] option refuses.
type Resolver func(c Conflict) (any, error)

// PreferLocal is the [Resolver] that chooses what was written here.
func PreferLocal(c Conflict) (any, error) { return c.Local, nil }

// PreferRemote is the [Resolver] that chooses what others have written.
func PreferRemote(c Conflict) (any, error) { return c.Remote, nil }

// Resolve has conflicts of the collection's records resolved, such as by
// [PreferLocal] or [PreferRemote].
//
// The resolver is asked in the background about each conflict in which one of the
// values was written here, whenever the record came to have it; what it says is
// written in a change with the message "godwit: resolved". A conflict between values
// of which one was written to resolve another isn't asked about: so peers whose
// resolvers disagree fall silent, with a conflict for people to see. So do two that add
// up counters at the same moment: of 2 beside 2 they make 4 beside 4. If the
// resolver fails or panics, that is logged, and told by [Conflict.Err] and
// [RecordEvent]; the conflict stays, and isn't asked about again, unless there are
// other values, or the collection is rebuilt.
//
// It is asked by one goroutine, without any lock held, and may be asked again if the
// peer was closed meanwhile. It may use the peer, but not close it. The last one
// given is the one that counts.
func Resolve(resolver Resolver) CollectionOption { return ResolveField("", resolver) }

// ResolveField is [Resolve] for one field and what lies in it, before others: a
// path into maps, and items of lists, is written "Address.City". [CollectionOf] knows
// no field that its T doesn't have.
func ResolveField(field string, resolver Resolver) CollectionOption {
	return func(o *collectionOptions) {
		o.resolvers.fields = append(o.resolvers.fields, fieldResolver{field: field, ask: resolver})
	}
}

// ResolveWith is [Resolve] for records as a whole: merge gets a record as it would be
// with what was written here, and as it would be with what others have written. What
// it returns is written where the conflicts are, and nowhere else; lists with
// conflicts in them must keep their length. Fields that a T doesn't have are left to
// Resolve; those of ResolveField are not its business.
func ResolveWith[T any](merge func(local, remote T) (T, error)) CollectionOption {
	return func(o *collectionOptions) {
		o.resolvers.merger = &merger{typ: reflect.TypeFor[T](), merge: mergeOf(merge)}
	}
}

// resolvers are those of a collection.
type resolvers struct {
	fields []fieldResolver
	merger *merger // nil = none
}

// fieldResolver is asked about a field; about all, if it has no name.
type fieldResolver struct {
	field string
	typ   reflect.Type // of the records as it knows them
	ask   Resolver
}

// merger is asked about a record as a whole.
type merger struct {
	typ   reflect.Type // that it merges
	of    reflect.Type // of the collection's records
	merge func(local, remote map[string]any, visit func(merged crdt.Map) error) error
}

func (r resolvers) isEmpty() bool { return len(r.fields) == 0 && r.merger == nil }

// with returns the resolvers with others, which replace those of the same fields.
func (r resolvers) with(more resolvers) resolvers {
	fields := slices.DeleteFunc(slices.Clone(r.fields), func(old fieldResolver) bool {
		return slices.ContainsFunc(more.fields, func(f fieldResolver) bool { return f.field == old.field })
	})
	for i, f := range more.fields {
		if !slices.ContainsFunc(more.fields[i+1:], func(later fieldResolver) bool { return later.field == f.field }) {
			fields = append(fields, f)
		}
	}
	if more.merger == nil {
		more.merger = r.merger
	}
	return resolvers{fields, more.merger}
}

// of returns who is to be asked about a conflict: the resolver of the field or of
// what it lies in, or the merger, or else nobody.
func (r resolvers) of(c record.Conflict) (best *fieldResolver, merger *merger) {
	field := Conflict{Path: c.Path}.Field()
	for i, f := range r.fields {
		if strings.HasPrefix(field+".", f.field+".") || f.field == "" {
			if best == nil || len(f.field) > len(best.field) {
				best = &r.fields[i]
			}
		}
	}
	if r.merger == nil || best != nil && best.field != "" {
		return best, nil
	}
	if _, has := crdt.TypeAt(r.merger.typ, c.Path...); has {
		return nil, r.merger
	}
	return best, nil
}

// answer is what is to stand in the place of a conflict.
type answer struct {
	conflict record.Conflict
	choice   int // which of its values; -1 = another one
	value    any
}

func answerOf(c record.Conflict, value any) (a answer, err error) {
	err = inDraft(map[string]any{draftKey: value}, func(root crdt.Map) error {
		a = answerBy(c, root.Get(draftKey))
		return nil
	})
	return a, err
}

// fits returns ErrInvalid if with the answer a record that is shown couldn't be read
// as a type any more, at the place of the conflict or in what a type reads as a whole.
// What others have written there that can't be read either may stay.
func (a answer) fits(t reflect.Type, shown any) error {
	path := a.conflict.Path
	n := len(path)
	of, has := crdt.TypeAt(t, path...)
	for ; !has; of, has = crdt.TypeAt(t, path[:n]...) {
		n--
	}
	for _, step := range path[:n] {
		shown = child(shown, step)
	}
	now := mismatch(of, replaced(shown, path[n:], a.said()))
	if now == nil {
		return nil
	}
	if was := mismatch(of, shown); was != nil && was.Error() == now.Error() {
		return nil
	}
	return fmt.Errorf("%w: %s: %w", ErrInvalid, Conflict{Path: path}.Field(), now)
}

// said returns what the answer is.
func (a answer) said() any {
	if a.choice >= 0 {
		return a.conflict.Values[a.choice].Value
	}
	return a.value
}

func answerBy(c record.Conflict, v crdt.Value) answer {
	if choice := c.Index(v.Any()); choice >= 0 {
		return answer{conflict: c, choice: choice}
	}
	return answer{c, -1, record.Writable(v)}
}

// resolve writes answers.
func (d *draft) resolve(answers ...answer) error {
	return d.change(func(root crdt.Map) error {
		for _, a := range answers {
			if err := a.write(root); err != nil {
				return err
			}
		}
		return nil
	}, crdt.WithMessage(record.Resolved), record.Tidily())
}

func (a answer) write(root crdt.Map) error {
	var err error
	if a.choice >= 0 {
		err = record.Choose(root, a.conflict, a.choice)
	} else {
		err = record.Resolve(root, a.conflict, a.value)
	}
	if errors.Is(err, record.ErrStale) {
		return stale(a.conflict)
	}
	return err
}

func stale(c record.Conflict) error {
	return fmt.Errorf("%w: %s", ErrStale, Conflict{Path: c.Path}.Field())
}
