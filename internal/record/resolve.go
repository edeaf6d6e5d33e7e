package record

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt"
)

// Resolvable reports whether somebody may resolve the conflict unasked: who wrote
// one of its values, unless another one was written to resolve it. So the first
// who resolve it end it, though they disagree: what they wrote may be a conflict
// for people to see, but nobody's to resolve. Own says of an actor whether it is
// somebody's.
func (c Conflict) Resolvable(own func(crdt.ActorID) bool) bool {
	return c.Local(own) >= 0 && !slices.ContainsFunc(c.Values, func(w Written) bool { return w.Resolved })
}

// Local returns which value is shown of those that somebody wrote; -1 if none is.
func (c Conflict) Local(own func(crdt.ActorID) bool) int {
	return c.last(func(w Written) bool { return own(w.Actor) })
}

// Remote returns which value is shown of those that others wrote; -1 if none is.
func (c Conflict) Remote(own func(crdt.ActorID) bool) int {
	return c.last(func(w Written) bool { return !own(w.Actor) })
}

func (c Conflict) last(is func(Written) bool) int {
	for i, w := range slices.Backward(c.Values) {
		if is(w) {
			return i
		}
	}
	return -1
}

// Index returns which of the values one is equal to, as [crdt.Value.Any] has it: the
// value that is shown, if it is that; -1 if it is none. Counters are what they count.
func (c Conflict) Index(value any) int {
	value = counted(value)
	return c.last(func(w Written) bool { return same(counted(w.Value), value) })
}

func counted(value any) any {
	if n, ok := value.(crdt.Counter); ok {
		return int64(n)
	}
	return value
}

// Choose ends a conflict in favour of one of its values, inside a change with the
// message [Resolved]. The value that is shown stays the object that it is, with
// what others make of it; another one is copied into its place. It returns
// [ErrStale] if the conflict is another one by now.
func Choose(root crdt.Map, c Conflict, i int) error {
	s, values, err := siteOf(root, c)
	if err != nil {
		return err
	}
	if i == len(values)-1 {
		return s.set(Writable(values[i]))
	}
	return s.replace(Writable(values[i]))
}

// Resolve ends a conflict by another value, inside a change with the message
// [Resolved]. A string, or a [crdt.Value] that is an integer, becomes what the value that
// is shown is: a plain string, a counter. It returns [ErrStale] if the conflict is
// another one by now.
func Resolve(root crdt.Map, c Conflict, value any) error {
	s, values, err := siteOf(root, c)
	if err != nil {
		return err
	}
	return s.replace(like(values[len(values)-1], value))
}

// like returns a value as one of the kind that another one is.
func like(shown crdt.Value, value any) any {
	switch v := value.(type) {
	case string:
		if shown.Kind() == crdt.KindString {
			return crdt.ImmutableString(v)
		}
	case crdt.Value:
		if shown.Kind() == crdt.KindCounter && v.Kind() == crdt.KindInt {
			return crdt.Counter(v.Int())
		}
	}
	return value
}

// site is a place of a record: a key of a map, or an index of a list.
type site struct {
	m     crdt.Map
	key   string
	l     crdt.List
	index int
	list  bool
}

// siteOf returns the place of a conflict, which must be what it was, and its values.
func siteOf(root crdt.Map, c Conflict) (site, []crdt.Value, error) {
	last := len(c.Path) - 1
	in := root.At(c.Path[:last]...)
	var s site
	switch step := c.Path[last].(type) {
	case int:
		s = site{l: in.List(), index: step, list: true}
	case string:
		s = site{m: in.Map(), key: step}
	}
	if !root.At(c.Path...).Exists() {
		return s, nil, ErrStale
	}
	values, writers, err := s.values()
	if err == nil && !slices.EqualFunc(writers, c.Values, func(op crdt.OpID, w Written) bool { return op == w.Op }) {
		err = ErrStale
	}
	return s, values, err
}

func (s site) values() (values []crdt.Value, writers []crdt.OpID, err error) {
	if s.list {
		if values, err = s.l.Conflicts(s.index); err == nil {
			writers, err = s.l.Writers(s.index)
		}
		return values, writers, err
	}
	if values, err = s.m.Conflicts(s.key); err == nil {
		writers, err = s.m.Writers(s.key)
	}
	return values, writers, err
}

func (s site) set(value any) error {
	if s.list {
		return s.l.Set(s.index, value)
	}
	return s.m.Set(s.key, value)
}

// replace writes a value that has nothing to do with what was there: a text isn't
// edited, for others who do the same would edit it as well.
func (s site) replace(value any) error {
	if err := s.set(nil); err != nil {
		return err
	}
	return s.set(value)
}

// Writable returns a value as it can be written, also in another document: what is in
// it keeps its kind. It must be called in the View or Change that has the value.
func Writable(v crdt.Value) any {
	switch v.Kind() {
	case crdt.KindMap:
		m := map[string]any{}
		for key, field := range v.Map().All() {
			m[key] = Writable(field)
		}
		return m
	case crdt.KindList:
		l := []any{}
		for _, item := range v.List().All() {
			l = append(l, Writable(item))
		}
		return l
	case crdt.KindText:
		return v.Str()
	}
	return v
}
