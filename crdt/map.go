package crdt

import "iter"

// Map is a handle of a map of the document. It is valid inside the View or
// Change that it comes from, in that goroutine; the zero Map reads as empty.
type Map struct {
	place
	object mapObject
}

// Get returns the value at a key, absent if there is none.
func (m Map) Get(key string) Value {
	if !m.s.readable() || key == "" {
		return Value{}
	}
	it, err := m.object.get(key)
	return m.value(read(m.s, it, err))
}

// At walks down from the map, like [Value.At].
func (m Map) At(path ...any) Value {
	return Value{m.place, item{KindMap, m.object}}.At(path...)
}

// Has reports whether there is a value at a key.
func (m Map) Has(key string) bool { return m.Get(key).Exists() }

// Keys returns the keys in ascending order.
func (m Map) Keys() []string {
	entries := m.entries()
	keys := make([]string, len(entries))
	for i, e := range entries {
		keys[i] = e.key
	}
	return keys
}

// Len returns the number of keys.
func (m Map) Len() int {
	if !m.s.readable() {
		return 0
	}
	n, err := m.object.len()
	return read(m.s, n, err)
}

// All yields the keys, ascending, with their values, as they are when the loop
// begins.
func (m Map) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, e := range m.entries() {
			if !yield(e.key, m.value(e.item)) {
				return
			}
		}
	}
}

// Any returns the map and what is in it, see [Value.Any].
func (m Map) Any() map[string]any {
	out := map[string]any{}
	if m.tooDeep() {
		return out
	}
	for key, v := range m.All() {
		out[key] = v.Any()
	}
	return out
}

// Set writes a value of Go, as the package says under "Values".
func (m Map) Set(key string, value any) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	n, err := prepare(value)
	if err == nil {
		err = m.set(slot{m: m.object, key: key}, n)
	}
	return at(key, err)
}

// Delete takes a key out. It does nothing if there is none.
func (m Map) Delete(key string) error {
	if err := m.s.writable(); err != nil {
		return err
	}
	if !m.Has(key) {
		return m.s.failure
	}
	return m.s.did(m.object.delete(key))
}

// Increment adds to a counter.
func (m Map) Increment(key string, by int64) error {
	if err := m.checkKey(key); err != nil {
		return err
	}
	return at(key, m.increment(slot{m: m.object, key: key}, by))
}

func (m Map) checkKey(key string) error {
	if err := m.s.writable(); err != nil {
		return err
	}
	return checkKey(key)
}

func (m Map) entries() []entry {
	if !m.s.readable() {
		return nil
	}
	entries, err := m.object.all()
	return read(m.s, entries, err)
}
