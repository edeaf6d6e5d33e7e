package opset

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// Set is the operations of a document. Those who read it may be many at once;
// who writes must be alone.
type Set struct {
	actors  actors
	self    uint32 // the number of the actor who writes here
	root    *Object
	objects map[ID]*Object // all but the root
	content int64          // at least the bytes that any sequence holds
	maxOp   uint32         // the greatest counter of all operations, pending ones included
	history history
	// irregular is set once an operation was taken that makes no sense, or whose
	// predecessors lie elsewhere, or something that only newer versions know: a
	// document chunk can't carry it, or not as this version writes it.
	irregular bool
	listing   sync.Mutex              // of an irregular document's changes, which those who read may have to rebuild
	weight    atomic.Pointer[weighed] // once somebody has asked

	touched *touched // while somebody observes

	pending []write  // of the transaction that is open
	opened  uint32   // the counter of its first operation
	scratch *scratch // memory of the open transaction
}

// New returns an empty document, in which an actor writes.
func New(self change.ActorID) *Set {
	s := &Set{}
	s.self = s.actors.number(self)
	s.root = newObject(ID{}, change.ActionMakeMap, s)
	return s
}

// Root returns the document's root, a map.
func (s *Set) Root() *Object { return s.root }

// object returns an object by its id, or nil.
func (s *Set) object(id ID) *Object {
	if id == (ID{}) {
		return s.root
	}
	return s.objects[id]
}

// addObject makes the object of an operation, at a place in its parent.
func (s *Set) addObject(id ID, kind change.Action, parent *Object, key string, elem ID) *Object {
	o := newObject(id, kind, s)
	o.parent, o.key, o.elem = parent, key, elem
	if s.objects == nil {
		s.objects = make(map[ID]*Object)
	}
	s.objects[id] = o
	return o
}

// makes reports whether an action makes an object.
func makes(action change.Action) bool {
	switch action {
	case change.ActionMakeMap, change.ActionMakeList, change.ActionMakeText, change.ActionMakeTable:
		return true
	}
	return false
}

// id returns the id of an operation that a change names.
func (s *Set) id(id change.OpID) ID {
	if id.IsZero() {
		return ID{}
	}
	return ID{Counter: uint32(id.Counter), Actor: s.actors.number(id.Actor)}
}

// opID is the reverse of id.
func (s *Set) opID(id ID) change.OpID {
	if id == (ID{}) {
		return change.OpID{}
	}
	return change.OpID{Counter: uint64(id.Counter), Actor: s.actors.ids[id.Actor]}
}

// target is where an operation acts.
type target struct {
	object *Object
	key    string
	elem   ID // in a sequence; of an insertion, what it comes after
}

// slot returns the slot of the target, or nil if there is none. In a map it is
// made if need be.
func (s *Set) slot(t target) *slot {
	if t.object.IsMap() {
		return &t.object.makeEntry(t.key).slot
	}
	return t.object.cell(t.elem)
}

// changed tells a sequence that one of its cells has changed.
func (t target) changed(s *slot) {
	if !t.object.IsMap() {
		t.object.refreshCell(t.elem, s)
	}
}

// insert adds an element to a sequence: as a plain value if it can be.
func (s *Set) insert(t target, o Op) error {
	seq := t.object.seq
	s.touchRun(t.object, o.ID, 1, o.Action)
	if o.Action == change.ActionSet && o.Value.Type != change.ValueCounter && o.mark == nil {
		if _, point := t.object.width(o.Value); point {
			return seq.InsertText(o.ID, t.elem, o.Value.Raw)
		}
		if !t.object.IsText() {
			var buf [32]byte
			return seq.InsertValues(o.ID, t.elem, 1, encode(buf[:0], o.Value))
		}
	}
	if !seq.Has(t.elem) && t.elem != (ID{}) {
		return sequence.ErrUnknown
	}
	number := int32(len(t.object.cells))
	t.object.cells = append(t.object.cells, slot{})
	s.actors.put(&t.object.cells[number], o)
	visible, width := t.object.shown(&t.object.cells[number])
	if o.Action == change.ActionMark {
		t.object.marks++
	}
	return seq.InsertCell(o.ID, t.elem, number, visible, width)
}

// encode appends a scalar as sequences hold it.
func encode(b []byte, v change.Value) []byte {
	b = binary.AppendUvarint(b, uint64(len(v.Raw))<<4|uint64(v.Type))
	return append(b, v.Raw...)
}
