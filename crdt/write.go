package crdt

import (
	"bytes"
	"fmt"
	"math"
)

// slot is a place in a container where one value stands or can be put.
type slot struct {
	m   mapObject // of a key
	key string

	l      listObject // of an index
	i      int
	insert bool // the index is a new one, before what stands there
}

func (s slot) get() (item, error) {
	if s.m != nil {
		return s.m.get(s.key)
	}
	return s.l.get(s.i)
}

func (s slot) put(scalar item) error {
	switch {
	case s.m != nil:
		return s.m.put(s.key, scalar)
	case s.insert:
		return s.l.insert(s.i, []item{scalar})
	}
	return s.l.put(s.i, scalar)
}

func (s slot) putObject(kind Kind) (item, error) {
	if s.m != nil {
		return s.m.putObject(s.key, kind)
	}
	return s.l.putObject(s.i, s.insert, kind)
}

func (s slot) increment(by int64) error {
	if s.m != nil {
		return s.m.increment(s.key, by)
	}
	return s.l.increment(s.i, by)
}

// set writes a node to a slot of the container at p.
func (p place) set(to slot, n node) error {
	there, err := to.get()
	if p.s.saw(err) != nil {
		return p.s.failure
	}
	if err := p.replace(to, there, n); err != nil {
		return err
	}
	return p.settle(to)
}

// replace writes a node over what is there, with as little as does it.
func (p place) replace(to slot, there item, n node) error {
	if p.same(there, n) {
		return p.s.failure
	}
	if err := p.fits(n); err != nil {
		return err
	}
	switch {
	case there.kind == KindText && n.kind == KindText:
		return p.value(there).Text().edit(n.data.(string))
	case there.kind == KindString && n.kind == KindText:
		n.kind = KindString
	case there.kind == KindCounter && n.kind == KindCounter:
		return p.incrementFrom(to, there, int64(n.data.(Counter))-int64(there.data.(Counter)))
	}
	return p.put(to, n)
}

// put writes a node without looking at what is there.
func (p place) put(to slot, n node) error {
	switch n.kind {
	case KindMap, KindList, KindText:
		object, err := to.putObject(n.kind)
		if p.s.did(err) != nil {
			return p.s.failure
		}
		return p.fill(object, n)
	default:
		return p.s.did(to.put(n.item))
	}
}

// fill writes a node's content into an empty container.
func (p place) fill(object item, n node) error {
	switch object := object.data.(type) {
	case textObject:
		if n.data == "" {
			return nil
		}
		return p.s.did(object.splice(p.s.unit, 0, 0, n.data.(string)))
	case listObject:
		return p.insert(object, 0, n.items)
	case mapObject:
		for _, f := range n.fields {
			if f.omit {
				continue
			}
			if err := p.put(slot{m: object, key: f.key}, f.node); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p place) insert(to listObject, i int, nodes []node) error {
	for len(nodes) > 0 {
		scalars := leading(nodes)
		n := len(scalars)
		if n > 0 {
			if err := p.s.did(to.insert(i, scalars)); err != nil {
				return err
			}
		} else {
			if err := p.put(slot{l: to, i: i, insert: true}, nodes[0]); err != nil {
				return err
			}
			n = 1
		}
		i, nodes = i+n, nodes[n:]
	}
	return nil
}

// leading returns the scalars that some nodes begin with.
func leading(nodes []node) []item {
	var scalars []item
	for _, n := range nodes {
		if n.kind == KindMap || n.kind == KindList || n.kind == KindText {
			break
		}
		scalars = append(scalars, n.item)
	}
	return scalars
}

func (p place) increment(to slot, by int64) error {
	there, err := to.get()
	if p.s.saw(err) != nil {
		return p.s.failure
	}
	if there.kind != KindCounter {
		return fmt.Errorf("%w: %s", ErrNotCounter, there.kind)
	}
	return p.incrementFrom(to, there, by)
}

func (p place) incrementFrom(to slot, there item, by int64) error {
	if by == 0 {
		return nil
	}
	now := int64(there.data.(Counter))
	if abs(by) > maxSafeInteger || abs(now) > maxSafeInteger || abs(now+by) > maxSafeInteger {
		return fmt.Errorf("%w: counter %d incremented by %d", ErrUnsafeInteger, now, by)
	}
	return p.s.did(to.increment(by))
}

func abs(n int64) int64 {
	if n == math.MinInt64 {
		return math.MaxInt64
	}
	return max(n, -n)
}

// fits says whether a node may be written into the container at p.
func (p place) fits(n node) error {
	if n.unsafe() {
		return ErrUnsafeInteger
	}
	if p.depth+n.depth() > MaxDepth {
		return ErrTooDeep
	}
	return nil
}

// tooDeep stops readers of whole trees before foreign nesting costs the stack.
func (p place) tooDeep() bool {
	if p.s == nil || p.depth <= MaxDepth {
		return false
	}
	if p.s.failure == nil {
		p.s.failure = ErrTooDeep
	}
	return true
}

// same reports whether what is there is what a node says.
func (p place) same(there item, n node) bool {
	switch {
	case there.kind == KindMap && n.kind == KindMap:
		return p.sameMap(p.value(there).Map(), n)
	case there.kind == KindList && n.kind == KindList:
		return p.sameList(p.value(there).List(), n)
	case there.kind == KindText && n.kind == KindText:
		return p.value(there).Str() == n.data
	case there.kind == KindString && n.kind == KindText:
		return there.data == n.data
	case there.kind == n.kind:
		return sameData(there, n.item)
	default:
		return !n.exact && sameInteger(there, n.item)
	}
}

// sameData compares scalars of one kind.
func sameData(a, b item) bool {
	switch a.kind {
	case KindUnknown:
		return false
	case KindBytes:
		return bytes.Equal(a.data.([]byte), b.data.([]byte))
	case KindFloat:
		return math.Float64bits(a.data.(float64)) == math.Float64bits(b.data.(float64))
	default:
		return a.data == b.data
	}
}

// sameInteger compares integers, whether they are signed or not.
func sameInteger(a, b item) bool {
	i, isInt := a.data.(int64)
	u, isUint := b.data.(uint64)
	if !isInt || !isUint {
		i, isInt = b.data.(int64)
		u, isUint = a.data.(uint64)
	}
	return isInt && isUint && i >= 0 && uint64(i) == u
}

func (p place) sameMap(m Map, n node) bool {
	if m.tooDeep() {
		return false
	}
	left := m.Len()
	for _, f := range n.fields {
		if f.omit {
			continue
		}
		if there := m.Get(f.key); !m.same(there.item, f.node) {
			return false
		}
		left--
	}
	return left == 0
}

func (p place) sameList(l List, n node) bool {
	if l.tooDeep() || l.Len() != len(n.items) {
		return false
	}
	for i, it := range l.items() {
		if !l.same(it, n.items[i]) {
			return false
		}
	}
	return true
}
