package peer

import (
	"fmt"
	"maps"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/record"
)

// mergeOf returns a merger's function: it calls visit with what merge makes of a
// record's two sides.
func mergeOf[T any](merge func(local, remote T) (T, error)) func(local, remote map[string]any, visit func(crdt.Map) error) error {
	return func(local, remote map[string]any, visit func(crdt.Map) error) error {
		var l, r T
		for _, side := range []struct {
			record map[string]any
			into   *T
		}{{local, &l}, {remote, &r}} {
			read := func(root crdt.Map) error { return misfit(root.Hydrate(side.into)) }
			if err := inDraft(side.record, read); err != nil {
				return err
			}
		}
		var merged T
		err := checked(func() (err error) {
			merged, err = merge(l, r)
			return err
		})
		if err != nil {
			return err
		}
		return inDraft(&merged, visit)
	}
}

// ask asks the merger about some conflicts of a record.
func (m *merger) ask(shown map[string]any, found []record.Conflict, own func(crdt.ActorID) bool) (answers []answer, err error) {
	local := sideOf(shown, found, func(c record.Conflict) int { return c.Local(own) })
	remote := sideOf(shown, found, func(c record.Conflict) int { return c.Remote(own) })
	err = m.merge(local, remote, func(merged crdt.Map) error {
		for _, c := range found {
			if err := sameLists(merged, shown, c.Path); err != nil {
				return err
			}
			a := answerBy(c, merged.At(c.Path...))
			if err := a.fits(m.of, shown); err != nil {
				return err
			}
			answers = append(answers, a)
		}
		return nil
	})
	return answers, err
}

// sideOf returns a record as it would be with certain values of its conflicts; with
// what is shown where that is none.
func sideOf(shown map[string]any, found []record.Conflict, choice func(record.Conflict) int) map[string]any {
	var side any = shown
	for _, c := range found {
		if i := choice(c); i >= 0 {
			side = replaced(side, c.Path, c.Values[i].Value)
		}
	}
	return side.(map[string]any)
}

// replaced returns what a tree would be with another value at a path.
func replaced(tree any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	switch step := path[0].(type) {
	case string:
		m := maps.Clone(tree.(map[string]any))
		m[step] = replaced(child(tree, step), path[1:], value)
		return m
	default:
		l := slices.Clone(tree.([]any))
		l[step.(int)] = replaced(l[step.(int)], path[1:], value)
		return l
	}
}

// child returns what a step of a path leads to in a tree, which has it.
func child(tree, step any) any {
	if name, isName := step.(string); isName {
		return tree.(map[string]any)[name]
	}
	return tree.([]any)[step.(int)]
}

// sameLists fails if a list on the way to a conflict is another: nobody knows then
// which of its items is which.
func sameLists(merged crdt.Map, shown any, path []any) error {
	for i, step := range path {
		if items, isList := shown.([]any); isList && merged.At(path[:i]...).List().Len() != len(items) {
			return fmt.Errorf("%w: %s is of another length than it was", ErrInvalid, Conflict{Path: path[:i]}.Field())
		}
		shown = child(shown, step)
	}
	return nil
}
