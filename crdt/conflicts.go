package crdt

import "slices"

// Where several people wrote a value without knowing of each other, one of them
// is shown everywhere; the others are conflicts, until somebody writes again.

// Conflicts returns all values that stand at a key: the last is the one that
// Get returns, the others were written concurrently. It returns
// [ErrNotNative] if the document is open in another engine.
func (m Map) Conflicts(key string) ([]Value, error) {
	if !m.s.readable() {
		return nil, nil
	}
	o, ok := m.object.(interface{ conflicts(string) []item })
	if !ok {
		return nil, ErrNotNative
	}
	return m.values(o.conflicts(key)), nil
}

// Conflicts returns all values that stand at an index, as [Map.Conflicts] does
// for a key.
func (l List) Conflicts(i int) ([]Value, error) {
	if !l.s.readable() {
		return nil, nil
	}
	o, ok := l.object.(interface{ conflicts(int) []item })
	if !ok {
		return nil, ErrNotNative
	}
	return l.values(o.conflicts(i)), nil
}

func (p place) values(items []item) []Value {
	values := make([]Value, 0, len(items))
	for _, it := range items {
		values = append(values, p.value(it))
	}
	return slices.Clip(values)
}
