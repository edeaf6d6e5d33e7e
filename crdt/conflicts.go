package crdt

// Where several people wrote a value without knowing of each other, one of them
// is shown everywhere; the others are conflicts, until somebody writes again.

// Conflicts returns all values that stand at a key: the last is the one that
// Get returns, the others were written concurrently. It returns
// [ErrNotNative] if the document is open in another engine.
func (m Map) Conflicts(key string) ([]Value, error) {
	if !m.s.readable() {
		return nil, nil
	}
	o, ok := m.object.(interface{ conflicts(string) ([]item, error) })
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
		return nil, nil
	}
	o, ok := l.object.(interface{ conflicts(int) ([]item, error) })
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
