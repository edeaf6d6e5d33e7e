package opset

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// ID names an operation, and the object or element that it made. The zero ID
// is the root.
type ID = sequence.ID

// Op is an operation that a document keeps: all but deletions, which are known
// by those whom they succeed.
type Op struct {
	ID     ID
	Action change.Action
	Value  change.Value
	Object *Object // which it made
	mark   *mark
	fate   *fate // nil while nothing has come after it
}

// fate is what has become of an operation.
type fate struct {
	succ        []ID   // what came in its place, or increments it; as they came
	overwritten uint32 // by how many of those
	sum         int64  // of a counter's increments
}

// fateOf returns what has become of an operation, to be changed.
func fateOf(o *Op) *fate {
	if o.fate == nil {
		o.fate = new(fate)
	}
	return o.fate
}

// came notes all that came in the operation's place.
func (o *Op) came(succ []ID) {
	if len(succ) > 0 {
		o.fate = &fate{succ: succ, overwritten: uint32(len(succ))}
	}
}

// succ returns what came in the operation's place, or increments it, as it came.
func (o *Op) succ() []ID {
	if o.fate == nil {
		return nil
	}
	return o.fate.succ
}

// sum returns what a counter's increments add up to.
func (o *Op) sum() int64 {
	if o.fate == nil {
		return 0
	}
	return o.fate.sum
}

// counter reports whether increments of the operation add up.
func (o *Op) counter() bool {
	return o.Action == change.ActionSet && o.Value.Type == change.ValueCounter
}

// Counter returns a counter's value.
func (o *Op) Counter() int64 { return o.Value.Int() + o.sum() }

// alive reports whether nothing has come in the operation's place. Increments
// are never alive, nor is what only newer versions know.
func (o *Op) alive() bool {
	return (o.fate == nil || o.fate.overwritten == 0) && o.Action != change.ActionIncrement && o.Action.Known()
}

// isMark reports whether the operation is a mark, which is no value.
func (o *Op) isMark() bool { return o.Action == change.ActionMark }

// ifMark returns the operation if it is one, and a mark, or else nil.
func (o *Op) ifMark() *Op {
	if o != nil && o.isMark() {
		return o
	}
	return nil
}

// fewOps is up to how many operations of a place are looked through. Tests make
// it less.
var fewOps = 32

// slot is one place of a document: a map's key or a sequence's element.
type slot struct {
	few  []Op  // ascending
	many *many // instead, once there have been more
}

// len returns the number of operations, live or not.
func (s *slot) len() int {
	if s.many != nil {
		return s.many.all.Len()
	}
	return len(s.few)
}

// least returns the operation that came first by its id, or nil.
func (s *slot) least() *Op {
	if s.many != nil {
		first, _ := s.many.all.Min()
		return first.op
	}
	if len(s.few) == 0 {
		return nil
	}
	return &s.few[0]
}

// winner returns the operation whose value stands here, or nil.
func (s *slot) winner() *Op {
	for o := range s.latest {
		return o
	}
	return nil
}

// live yields the operations that nothing has overwritten, ascending.
func (s *slot) live(yield func(*Op) bool) {
	if s.many != nil {
		s.many.alive(yield)
		return
	}
	for i := range s.few {
		if o := &s.few[i]; o.alive() && !yield(o) {
			return
		}
	}
}

// latest yields the live operations that are no marks, descending: the first one
// wins.
func (s *slot) latest(yield func(*Op) bool) {
	if s.many != nil {
		s.many.latest(yield)
		return
	}
	for i := len(s.few) - 1; i >= 0; i-- {
		if o := &s.few[i]; o.alive() && !o.isMark() && !yield(o) {
			return
		}
	}
}

// lives returns the number of live operations.
func (s *slot) lives() int {
	if s.many != nil {
		return s.many.live.Len()
	}
	n := 0
	for range s.live {
		n++
	}
	return n
}

// ids returns the live operations: what a write here overwrites.
func (s *slot) ids() []ID {
	var ids []ID
	for o := range s.live {
		ids = append(ids, o.ID)
	}
	return ids
}

// counts reports whether a counter stands here.
func (s *slot) counts() bool {
	for o := range s.live {
		if o.counter() {
			return true
		}
	}
	return false
}

// conflicts returns the live operations, which must not be modified.
func (s *slot) conflicts() []Op {
	if s.many == nil && !slices.ContainsFunc(s.few, func(o Op) bool { return !o.alive() }) {
		return s.few
	}
	var ops []Op
	for o := range s.live {
		ops = append(ops, *o)
	}
	return ops
}

// all yields the place's operations, live or not, ascending.
func (s *slot) all(yield func(*Op) bool) {
	if s.many != nil {
		s.many.all.Scan(func(o named) bool { return yield(o.op) })
		return
	}
	for i := range s.few {
		if !yield(&s.few[i]) {
			return
		}
	}
}

// search finds an operation among some.
func (a *actors) search(ops []Op, id ID) (int, bool) {
	if n := len(ops); n > 0 && a.compare(ops[n-1].ID, id) < 0 {
		return n, false
	}
	return slices.BinarySearchFunc(ops, id, func(o Op, id ID) int { return a.compare(o.ID, id) })
}

// findOp returns an operation of the slot, or nil.
func (a *actors) findOp(s *slot, id ID) *Op {
	if s.many != nil {
		return s.many.find(id)
	}
	if i, ok := a.search(s.few, id); ok {
		return &s.few[i]
	}
	return nil
}

// put adds an operation to a slot.
func (a *actors) put(s *slot, o Op) {
	if s.many != nil {
		kept := o // here, so that what goes into a slice isn't allocated
		s.many.put(&kept)
		return
	}
	i, _ := a.search(s.few, o.ID)
	*s = a.slotOf(slices.Insert(s.few, i, o))
}

// slotOf makes operations, which are in order, a slot. It takes the slice.
func (a *actors) slotOf(ops []Op) slot {
	if len(ops) <= fewOps {
		return slot{few: ops}
	}
	m := newMany(a)
	for i := range ops {
		m.put(&ops[i])
	}
	return slot{many: m}
}

// remove takes an operation out of the slot.
func (a *actors) remove(s *slot, id ID) {
	if s.many != nil {
		s.many.remove(id)
	} else if i, ok := a.search(s.few, id); ok {
		s.few = slices.Delete(s.few, i, i+1)
	}
}

// succeed notes that an operation of the slot was succeeded by another one,
// which increments it or takes its place. It reports whether there is such an
// operation.
func (a *actors) succeed(s *slot, id, by ID, increment bool, amount int64) bool {
	o := a.findOp(s, id)
	if o == nil {
		return false
	}
	f := fateOf(o)
	f.succ = append(f.succ, by)
	if increment && o.counter() {
		f.sum += amount
		return true
	}
	if s.many != nil && o.alive() {
		s.many.live.Delete(named{id, o})
	}
	f.overwritten++
	return true
}

// revive takes back what succeed did last to an operation of the slot.
func (a *actors) revive(s *slot, id ID, increment bool, amount int64) {
	o := a.findOp(s, id)
	f := fateOf(o)
	f.succ = f.succ[:len(f.succ)-1]
	if increment && o.counter() {
		f.sum -= amount
		return
	}
	f.overwritten--
	if s.many != nil && o.alive() {
		s.many.live.Set(named{id, o})
	}
}
