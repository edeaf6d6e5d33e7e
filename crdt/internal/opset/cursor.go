package opset

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// Anchor returns the operation whose value stands at a position of a sequence,
// which must be within its length: it is there still when the position isn't.
func (s *Set) Anchor(o *Object, u sequence.Unit, pos int) change.OpID {
	return s.opID(o.opOf(o.seq.At(u, int32(pos))).ID)
}

// Anchored returns the position of what an operation put into a sequence. If
// that isn't visible any more, it is the position of what comes behind it; or,
// going back, of the nearest visible element among the one that it was inserted
// after, the one that this was inserted after, and so on. It is false if there
// is no such operation.
func (s *Set) Anchored(o *Object, u sequence.Unit, op change.OpID, back bool) (pos int, ok bool) {
	actor, ok := s.actors.find(op.Actor)
	if !ok || op.Counter == 0 || op.Counter > uint64(s.maxOp) {
		return 0, false
	}
	id, ok := s.elementOf(o, ID{Counter: uint32(op.Counter), Actor: actor})
	if !ok {
		return 0, false
	}
	if back {
		id = o.shownFrom(id)
	}
	if id == (ID{}) {
		return 0, true
	}
	w, err := o.seq.Position(id)
	return int(w[u]), err == nil
}

// elementOf returns the element that an operation inserted or was put over.
func (s *Set) elementOf(o *Object, id ID) (ID, bool) {
	if o.seq.Has(id) {
		return id, true
	}
	for i := range o.cells {
		slot := &o.cells[i]
		if s.actors.findOp(slot, id) != nil {
			return slot.least().ID, true
		}
	}
	return ID{}, false
}

// shownFrom follows an element to the one that it was inserted after, and so on,
// until it finds one that shows, or a mark; the head otherwise.
func (o *Object) shownFrom(id ID) ID {
	for id != (ID{}) {
		e, err := o.seq.Element(id)
		if err != nil || e.Visible || e.Cell > 0 && o.cells[e.Cell].liveMark() != nil {
			return id
		}
		id = o.seq.FirstAlike(id)
		if e, err = o.seq.Element(id); err != nil {
			return id
		}
		id = e.Ref
	}
	return id
}
