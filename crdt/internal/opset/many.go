package opset

import (
	"slices"

	"github.com/tidwall/btree"
)

// many is the operations of a place that has many of them: in trees, since they
// may come and go in any order.
type many struct {
	all    *byID
	live   *btree.BTreeG[named] // marks, which never win, before others; each ascending
	actors *actors
}

// byID is operations in the order of their ids.
type byID = btree.BTreeG[named]

// named is an operation with its id.
type named struct {
	id ID
	op *Op
}

var unlocked = btree.Options{NoLocks: true} // the document has its lock

func newByID(a *actors) *byID {
	return btree.NewBTreeGOptions(func(x, y named) bool { return a.compare(x.id, y.id) < 0 }, unlocked)
}

func newMany(a *actors) *many {
	return &many{
		all: newByID(a),
		live: btree.NewBTreeGOptions(func(x, y named) bool {
			if m, n := x.op.isMark(), y.op.isMark(); m != n {
				return m
			}
			return a.compare(x.id, y.id) < 0
		}, unlocked),
		actors: a,
	}
}

// find returns an operation, or nil.
func (m *many) find(id ID) *Op {
	found, _ := m.all.Get(named{id: id})
	return found.op
}

func (m *many) put(o *Op) {
	m.all.Set(named{o.ID, o})
	if o.alive() {
		m.live.Set(named{o.ID, o})
	}
}

func (m *many) remove(id ID) {
	if o := m.find(id); o != nil {
		m.all.Delete(named{id, o})
		m.live.Delete(named{id, o})
	}
}

// latest yields the live operations that are no marks, descending.
func (m *many) latest(yield func(*Op) bool) {
	m.live.Reverse(func(o named) bool { return !o.op.isMark() && yield(o.op) })
}

// alive yields the live operations, ascending.
func (m *many) alive(yield func(*Op) bool) {
	ops := m.live.Items()
	slices.SortFunc(ops, func(x, y named) int { return m.actors.compare(x.id, y.id) })
	for _, o := range ops {
		if !yield(o.op) {
			return
		}
	}
}

// liveMark returns the least of the live operations if it is a mark, or nil.
func (m *many) liveMark() *Op {
	first, ok := m.live.Min()
	if !ok || !first.op.isMark() {
		return nil
	}
	mark := first.op
	m.live.Ascend(named{op: &Op{}}, func(value named) bool { // the first that is no mark
		if m.actors.compare(value.id, mark.ID) < 0 {
			mark = nil
		}
		return false
	})
	return mark
}
