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
	Succ   []ID    // what came in its place, or increments it; ascending
	mark   *mark
	sum    int64 // of a counter's increments
}

// counter reports whether increments of the operation add up.
func (o *Op) counter() bool {
	return o.Action == change.ActionSet && o.Value.Type == change.ValueCounter
}

// Counter returns a counter's value.
func (o *Op) Counter() int64 { return o.Value.Int() + o.sum }

// slot is one place of a document: a map's key or a sequence's element.
type slot struct {
	live []Op // ascending: the last one wins
	past []Op // ascending: those that were overwritten, and increments
}

// winner returns the operation whose value stands here, or nil.
func (s *slot) winner() *Op {
	for i := len(s.live) - 1; i >= 0; i-- {
		if s.live[i].Action != change.ActionMark { // which is no value
			return &s.live[i]
		}
	}
	return nil
}

// ids returns the live operations: what a write here overwrites.
func (s *slot) ids() []ID {
	if len(s.live) == 0 {
		return nil
	}
	ids := make([]ID, len(s.live))
	for i := range s.live {
		ids[i] = s.live[i].ID
	}
	return ids
}

// search finds an operation among some.
func (a *actors) search(ops []Op, id ID) (int, bool) {
	if n := len(ops); n > 0 && a.compare(ops[n-1].ID, id) < 0 {
		return n, false
	}
	return slices.BinarySearchFunc(ops, id, func(o Op, id ID) int { return a.compare(o.ID, id) })
}

// put adds an operation to a slot. Increments are never alive.
func (a *actors) put(s *slot, o Op) {
	ops := &s.live
	if o.Action == change.ActionIncrement {
		ops = &s.past
	}
	i, _ := a.search(*ops, o.ID)
	*ops = slices.Insert(*ops, i, o)
}

// succeed notes that an operation of the slot was succeeded by another one,
// which increments it or takes its place. It reports whether there is such an
// operation.
func (a *actors) succeed(s *slot, id, by ID, increment bool, amount int64) bool {
	if i, ok := a.search(s.live, id); ok {
		o := &s.live[i]
		a.addSucc(o, by)
		if increment && o.counter() {
			o.sum += amount
			return true
		}
		dead := *o
		s.live = slices.Delete(s.live, i, i+1)
		at, _ := a.search(s.past, id)
		s.past = slices.Insert(s.past, at, dead)
		return true
	}
	i, ok := a.search(s.past, id)
	if ok {
		o := &s.past[i]
		a.addSucc(o, by)
		if increment && o.counter() {
			o.sum += amount
		}
	}
	return ok
}

func (a *actors) addSucc(o *Op, by ID) {
	i := len(o.Succ)
	for i > 0 && a.compare(o.Succ[i-1], by) > 0 {
		i--
	}
	o.Succ = slices.Insert(o.Succ, i, by)
}

// revive takes back what succeed did.
func (a *actors) revive(s *slot, id, by ID, increment bool, amount int64) {
	ops := s.past
	i, dead := a.search(ops, id)
	if !dead {
		ops = s.live
		if i, dead = a.search(ops, id); !dead {
			return
		}
		dead = false
	}
	o := &ops[i]
	o.Succ = slices.DeleteFunc(o.Succ, func(s ID) bool { return s == by })
	if increment && o.counter() {
		o.sum -= amount
	}
	if dead && a.alive(s, o) {
		back := *o
		s.past = slices.Delete(s.past, i, i+1)
		a.put(s, back)
	}
}

// alive reports whether an operation has no successors but increments that add
// up.
func (a *actors) alive(s *slot, o *Op) bool {
	if len(o.Succ) == 0 {
		return o.Action != change.ActionIncrement
	}
	if !o.counter() {
		return false
	}
	for _, by := range o.Succ {
		if i, ok := a.search(s.past, by); !ok || s.past[i].Action != change.ActionIncrement {
			return false
		}
	}
	return true
}

// remove takes an operation out of the slot.
func (a *actors) remove(s *slot, id ID) {
	if i, ok := a.search(s.live, id); ok {
		s.live = slices.Delete(s.live, i, i+1)
	} else if i, ok := a.search(s.past, id); ok {
		s.past = slices.Delete(s.past, i, i+1)
	}
}
