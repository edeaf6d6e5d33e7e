package crdt

import (
	"fmt"
	"iter"
)

// List is a handle of a list of the document. It is valid inside the View or
// Change that it comes from, in that goroutine; the zero List reads as empty.
type List struct {
	place
	object listObject
}

// Get returns the value at an index, absent if it is out of range.
func (l List) Get(i int) Value {
	if !l.s.readable() || i < 0 {
		return Value{}
	}
	it, err := l.object.get(i)
	return l.value(read(l.s, it, err))
}

// Len returns the number of values.
func (l List) Len() int {
	if !l.s.readable() {
		return 0
	}
	n, err := l.object.len()
	return read(l.s, n, err)
}

// All yields the values as they are when the loop begins.
func (l List) All() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		for i, it := range l.items() {
			if !yield(i, l.value(it)) {
				return
			}
		}
	}
}

// Any returns the list and what is in it, see [Value.Any].
func (l List) Any() []any {
	out := []any{}
	if l.tooDeep() {
		return out
	}
	for _, v := range l.All() {
		out = append(out, v.Any())
	}
	return out
}

// Set writes a value of Go over that at an index, as the package says under
// "Values".
func (l List) Set(i int, value any) error {
	if err := l.check(i, 1); err != nil {
		return err
	}
	n, err := prepare(value)
	if err == nil {
		err = l.set(slot{l: l.object, i: i}, n)
	}
	return at(i, err)
}

// Insert writes values before that at an index; Len is the end.
func (l List) Insert(i int, values ...any) error {
	if err := l.check(i, 0); err != nil {
		return err
	}
	nodes := make([]node, len(values))
	for j, value := range values {
		n, err := prepare(value)
		if err == nil {
			err = l.fits(n)
		}
		if err != nil {
			return at(i+j, err)
		}
		nodes[j] = n
	}
	return l.insert(l.object, i, nodes)
}

// Append writes values at the end.
func (l List) Append(values ...any) error { return l.Insert(l.Len(), values...) }

// Delete takes out n values, from an index on.
func (l List) Delete(i, n int) error {
	if err := l.check(i, n); err != nil {
		return err
	}
	if n == 0 {
		return nil
	}
	return l.s.did(l.object.delete(i, n))
}

// Increment adds to a counter.
func (l List) Increment(i int, by int64) error {
	if err := l.check(i, 1); err != nil {
		return err
	}
	return at(i, l.increment(slot{l: l.object, i: i}, by))
}

// check says whether n values from i on may be written.
func (l List) check(i, n int) error {
	if err := l.s.writable(); err != nil {
		return err
	}
	return checkRange(i, n, l.Len(), l.s)
}

func (l List) items() []item {
	if !l.s.readable() {
		return nil
	}
	items, err := l.object.all()
	return read(l.s, items, err)
}

// checkRange says whether [i, i+n) lies within a length that was read.
func checkRange(i, n, length int, s *session) error {
	if s.failure != nil {
		return s.failure
	}
	if i < 0 || n < 0 || i > length || n > length-i {
		return fmt.Errorf("%w: position %d, length %d, of %d in all", ErrRange, i, n, length)
	}
	return nil
}
