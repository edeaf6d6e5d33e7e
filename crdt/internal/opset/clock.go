package opset

import (
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
)

// ErrUnknownHeads is returned for heads that name no change of the document.
var ErrUnknownHeads = errors.New("opset: the heads are not in the document")

// clock says how much of a document is looked at: by the number of each actor,
// the counter of the last operation of its. That is enough, since an actor
// writes one change after the other.
type clock []uint32

// limit returns the counter of the last operation of an actor that is looked
// at.
func (c clock) limit(actor uint32) uint32 {
	if int(actor) < len(c) {
		return c[actor]
	}
	return 0
}

// covers reports whether an operation is looked at.
func (c clock) covers(id ID) bool { return id.Counter <= c.limit(id.Actor) }

// clockAt returns the clock of some heads, and says of each change whether it
// is one of them or in their past.
func (s *Set) clockAt(heads []change.Hash) (clock, []bool, error) {
	if err := s.rebuild(); err != nil {
		return nil, nil, err
	}
	h := &s.history
	tips := make([]int32, len(heads))
	for i, head := range heads {
		at, ok := h.index(head)
		if !ok {
			return nil, nil, fmt.Errorf("%w: %s", ErrUnknownHeads, head)
		}
		tips[i] = at
	}
	past := h.past(tips)
	if err := h.holdsBase(past); err != nil {
		return nil, nil, err
	}
	c := make(clock, len(h.actors))
	for actor, a := range h.enclosed {
		c[actor] = a.maxOp
	}
	first := h.first()
	for i := range h.records.n {
		if r := h.records.at(i); past[first+i] {
			c[r.actor] = max(c[r.actor], r.maxOp)
		}
	}
	return c, past, nil
}

// slotAt returns a place of an object as it was: copies of the operations that
// there were, with the successors that they had.
func (s *Set) slotAt(c clock, o *Object, p *slot) slot {
	var ops []Op
	for op := range p.all {
		if !c.covers(op.ID) {
			continue
		}
		then := *op
		then.fate = nil
		for _, by := range op.succ() {
			if !c.covers(by) {
				continue
			}
			f := fateOf(&then)
			f.succ = append(f.succ, by)
			if amount, ok := s.incremented(o, p, by); ok && op.counter() {
				f.sum += amount
			} else {
				f.overwritten++
			}
		}
		ops = append(ops, then)
	}
	return s.actors.slotOf(ops)
}

// incremented returns by how much an operation increments those that it
// succeeds at a place. It may itself be elsewhere in the object, if that makes
// no sense.
func (s *Set) incremented(o *Object, p *slot, by ID) (amount int64, ok bool) {
	op := s.actors.findOp(p, by)
	if op == nil && s.irregular {
		if at, known := s.elsewhere(o, by); known {
			op = s.actors.findOp(s.slot(at), by)
		}
	}
	if op == nil || op.Action != change.ActionIncrement {
		return 0, false
	}
	return op.Value.Int(), true
}
