package record

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/godwit-sync/godwit/crdt"
)

// Resolved is the message of changes that resolve conflicts. Such a change is no
// edit: it doesn't bring back what is deleted.
const Resolved = "godwit: resolved"

// Conflict is a place of a record at which several people have written different
// values without knowing of each other.
type Conflict struct {
	Path   []any     // from the root: names and indexes
	Values []Written // the last one is shown
}

// Written is a value of a conflict, with who wrote it.
type Written struct {
	Value    any // as [crdt.Value.Any] has it, as it is now
	Actor    crdt.ActorID
	Change   crdt.Hash
	Op       crdt.OpID
	Resolved bool // it was written to resolve a conflict
}

// Conflicts returns the conflicts of a record, in the order of its fields. It
// costs time linear in the document, and in the history if there are any.
func Conflicts(d *crdt.Doc) ([]Conflict, error) {
	var conflicts []Conflict
	var ops []crdt.OpID
	if err := d.View(func(root crdt.Map) error {
		contests, err := conflicting(root)
		for _, c := range contests {
			conflicts = append(conflicts, conflictOf(c))
			ops = append(ops, c.Writers...)
		}
		return err
	}); err != nil || len(ops) == 0 {
		return nil, err
	}
	changes, err := d.ChangesOf(ops...)
	if err != nil {
		return nil, err
	}
	for i := range conflicts {
		for k := range conflicts[i].Values {
			if c := changes[0]; c != nil {
				conflicts[i].Values[k].Change, conflicts[i].Values[k].Resolved = c.Hash, c.Message == Resolved
			}
			changes = changes[1:]
		}
	}
	return conflicts, nil
}

// HasConflicts reports whether a record has conflicts, in time linear in the
// document: in the number of its keys, and of list items that are no plain values.
func HasConflicts(root crdt.Map) (bool, error) {
	contests, err := conflicting(root)
	return len(contests) > 0, err
}

// conflicting returns the places of a record at which different values stand.
func conflicting(root crdt.Map) ([]crdt.Contest, error) {
	contests, err := root.Contests()
	return slices.DeleteFunc(contests, func(c crdt.Contest) bool {
		name, _ := c.Path[0].(string)
		return Reserved(name) || agree(c.Values)
	}), err
}

func conflictOf(c crdt.Contest) Conflict {
	conflict := Conflict{Path: c.Path, Values: make([]Written, len(c.Values))}
	for i, v := range c.Values {
		conflict.Values[i] = Written{Value: v.Any(), Actor: c.Writers[i].Actor, Op: c.Writers[i]}
	}
	return conflict
}

// agree reports whether all values are equal. Counters never are, also if they show
// the same: what one of them has counted the others haven't.
func agree(values []crdt.Value) bool {
	shown, others := values[len(values)-1], values[:len(values)-1]
	all := shown.Any()
	if counts(all) {
		return false
	}
	return !slices.ContainsFunc(others, func(v crdt.Value) bool {
		unknown := v.Kind() == crdt.KindUnknown || shown.Kind() == crdt.KindUnknown
		return unknown || !same(v.Any(), all)
	})
}

// counts reports whether a value is a counter, or has one in it.
func counts(v any) bool {
	switch v := v.(type) {
	case crdt.Counter:
		return true
	case []any:
		return slices.ContainsFunc(v, counts)
	case map[string]any:
		for _, field := range v {
			if counts(field) {
				return true
			}
		}
	}
	return false
}

// same reports whether two values are the same for those who read them: numbers by
// what they are, strings whether they are texts or not.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key := range a {
			if other, there := b[key]; !there || !same(a[key], other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b)
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b)
	}
	a, b = number(a), number(b)
	if f, ok := a.(float64); ok && math.IsNaN(f) {
		f, ok = b.(float64)
		return ok && math.IsNaN(f)
	}
	return reflect.DeepEqual(a, b)
}

// number returns an integer of any kind in one form.
func number(v any) any {
	switch n := v.(type) {
	case uint64:
		if n <= math.MaxInt64 {
			return int64(n)
		}
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<63 {
			return int64(n)
		}
	}
	return v
}
