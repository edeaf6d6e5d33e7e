package crdt

// Where several people wrote a value without knowing of each other, one of them
// is shown everywhere; the others are conflicts, until somebody writes again.

// contestedMap is a map of an engine that knows conflicts.
type contestedMap interface {
	conflicts(key string) ([]item, error)
	// writers returns the ids of the operations that wrote the conflicts.
	writers(key string) ([]OpID, error)
	// contests calls visit with each place, in the map and in what is shown in
	// it, that has several values.
	contests(visit func(path []any, values []item, writers []OpID)) error
	// settle leaves of the values at a key the one that is shown.
	settle(key string) error
}

// contestedList is such a list.
type contestedList interface {
	conflicts(i int) ([]item, error)
	writers(i int) ([]OpID, error)
	settle(i int) error
}

// settle ends a conflict, if the engine knows of one: what is shown stays.
func (p place) settle(s slot) error {
	if m, ok := s.m.(contestedMap); ok {
		return p.s.did(m.settle(s.key))
	}
	if l, ok := s.l.(contestedList); ok {
		return p.s.did(l.settle(s.i))
	}
	return nil
}

// Conflicts returns all values that stand at a key: the last is the one that
// Get returns, the others were written concurrently. [Map.Set] ends the conflict,
// also if it writes what Get returns: that stays, with what others make of it.
// Conflicts returns [ErrNotNative] if the document is open in another engine.
func (m Map) Conflicts(key string) ([]Value, error) {
	if !m.s.readable() {
		return nil, m.s.unread()
	}
	o, ok := m.object.(contestedMap)
	if !ok {
		return nil, ErrNotNative
	}
	items, err := o.conflicts(key)
	return m.values(items), m.s.saw(err)
}

// Conflicts returns all values that stand at an index, as [Map.Conflicts] does
// for a key.
func (l List) Conflicts(i int) ([]Value, error) {
	if !l.s.readable() {
		return nil, l.s.unread()
	}
	o, ok := l.object.(contestedList)
	if !ok {
		return nil, ErrNotNative
	}
	items, err := o.conflicts(i)
	return l.values(items), l.s.saw(err)
}

func (p place) values(items []item) []Value {
	values := make([]Value, 0, len(items))
	for _, it := range items {
		values = append(values, p.value(it))
	}
	return values
}

// Writers returns the ids of the operations that wrote what [Map.Conflicts]
// returns, in the same order; [Doc.ChangesOf] knows the changes. A value that was
// edited since, a counter, text, map or list, keeps its writer.
func (m Map) Writers(key string) ([]OpID, error) {
	if !m.s.readable() {
		return nil, m.s.unread()
	}
	o, ok := m.object.(contestedMap)
	if !ok {
		return nil, ErrNotNative
	}
	ops, err := o.writers(key)
	return ops, m.s.saw(err)
}

// Writers returns the ids of the operations that wrote what [List.Conflicts]
// returns, as [Map.Writers] does for a key.
func (l List) Writers(i int) ([]OpID, error) {
	if !l.s.readable() {
		return nil, l.s.unread()
	}
	o, ok := l.object.(contestedList)
	if !ok {
		return nil, ErrNotNative
	}
	ops, err := o.writers(i)
	return ops, l.s.saw(err)
}

// Contest is a place at which several values stand.
type Contest struct {
	Path    []any   // from the map that was asked: keys and indexes, as for [Map.At]
	Values  []Value // as [Map.Conflicts] has them: the last one is shown
	Writers []OpID  // as [Map.Writers] has them
}

// Contests returns the places at which several values stand, in the map and in the
// maps and lists that are shown in it; not those in texts. It costs time linear in
// the number of keys and of list items that are no plain values, and returns
// [ErrNotNative] if the document is open in another engine.
func (m Map) Contests() ([]Contest, error) {
	if !m.s.readable() {
		return nil, m.s.unread()
	}
	o, ok := m.object.(contestedMap)
	if !ok {
		return nil, ErrNotNative
	}
	var contests []Contest
	err := o.contests(func(path []any, items []item, writers []OpID) {
		at := place{m.s, m.depth + len(path) - 1}
		contests = append(contests, Contest{path, at.values(items), writers})
	})
	return contests, m.s.saw(err)
}
