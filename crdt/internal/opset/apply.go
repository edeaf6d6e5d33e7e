package opset

import (
	"errors"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// Errors of [Set.Apply].
var (
	ErrMissing = errors.New("opset: a change that it depends on is missing")
	ErrPending = errors.New("opset: a transaction is open")
	ErrReused  = errors.New("opset: the change uses its actor's operation ids again")
	ErrHeads   = errors.New("opset: no change could depend on so many heads")
)

// Apply adds a change, after those that it depends on and its actor's previous
// one. A change that is here already is passed over.
func (s *Set) Apply(c *change.Change) error {
	if len(s.pending) > 0 {
		return ErrPending
	}
	if here, err := s.Holds(c); here || err != nil {
		return err
	}
	if err := s.follows(c); err != nil {
		return err
	}
	if !s.fits(len(c.Bytes()), int(c.Ops)) {
		return fmt.Errorf("%w: %s", ErrFull, c.Hash)
	}
	s.irregular = s.irregular || c.NewerFormat
	r := intake{s: s}
	for t, err := range c.Typings() {
		if err != nil {
			return err
		}
		r.take(&t.Op)
		r.takeRest(&t)
	}
	r.flush()
	s.maxOp = max(s.maxOp, uint32(c.MaxOp()))
	s.history.add(&s.actors, c)
	return nil
}

// follows says whether a change can come next.
func (s *Set) follows(c *change.Change) error {
	for _, dep := range c.Deps {
		has, err := s.Has(dep)
		if err != nil {
			return err
		}
		switch {
		case has:
		case s.history.closed():
			return fmt.Errorf("%w: %s depends on %s", ErrClosed, c.Hash, dep)
		default:
			return fmt.Errorf("%w: %s depends on %s", ErrMissing, c.Hash, dep)
		}
	}
	if len(s.history.heads) >= change.MaxDeps && !slices.ContainsFunc(c.Deps, s.history.isHead) {
		return fmt.Errorf("%w: %s would be one more than %d", ErrHeads, c.Hash, change.MaxDeps)
	}
	actor := s.actors.number(c.Actor)
	if last := s.history.lastSeq(actor); c.Seq != last+1 {
		return fmt.Errorf("%w: %s has sequence number %d after %d", ErrMissing, c.Hash, c.Seq, last)
	}
	if last := s.history.lastOp(actor); c.StartOp <= last {
		return fmt.Errorf("%w: %s begins at operation %d after %d", ErrReused, c.Hash, c.StartOp, last)
	}
	return nil
}

// intake applies operations. Those that follow each other in a text are
// gathered first.
type intake struct {
	s    *Set
	kind gathered
	t    target
	id   ID // of the first operation
	n    int32
	text []byte
}

type gathered uint8

const (
	nothing   gathered = iota
	letters            // inserted one after the other
	deletions          // of elements of which each was the next operation
)

func (r *intake) take(op *change.Op) {
	s := r.s
	id := s.id(op.ID)
	o := s.object(s.id(op.Obj))
	if r.gather(op, id, o) {
		return
	}
	r.flush()
	if o == nil {
		s.irregular = true
		return
	}
	t := target{object: o, key: op.Key.Name, elem: s.id(op.Key.Elem)}
	if r.begin(op, id, t) {
		return
	}
	s.operate(op, id, t)
}

// takeRest takes the letters that follow an operation that was taken. If that was
// gathered, it was as a letter.
func (r *intake) takeRest(t *change.Typing) {
	switch {
	case len(t.Letters) == 0:
	case r.kind == letters:
		r.text = append(r.text, t.Letters...)
		r.n += int32(len(t.Letters) / t.Size)
	default:
		for op := range t.Rest() {
			r.take(&op)
		}
	}
}

// gather makes an operation part of those that were gathered.
func (r *intake) gather(op *change.Op, id ID, o *Object) bool {
	if r.kind == nothing || o != r.t.object || !op.Key.InList || id != r.id.Plus(r.n) {
		return false
	}
	elem := r.s.id(op.Key.Elem)
	switch r.kind {
	case letters:
		if elem != id.Plus(-1) || !letter(op, o) {
			return false
		}
		r.text = append(r.text, op.Value.Raw...)
	case deletions:
		if elem != r.t.elem.Plus(r.n) || !r.s.deletes(op) {
			return false
		}
	}
	r.n++
	return true
}

// begin starts to gather.
func (r *intake) begin(op *change.Op, id ID, t target) bool {
	switch {
	case !op.Key.InList || t.object.IsMap():
		return false
	case letter(op, t.object) && (t.elem == (ID{}) || t.object.seq.Has(t.elem)):
		r.kind, r.text = letters, append(r.text[:0], op.Value.Raw...)
	case r.s.deletes(op) && t.object.seq.Has(t.elem):
		r.kind = deletions
	default:
		return false
	}
	r.t, r.id, r.n = t, id, 1
	return true
}

// letter reports whether an operation inserts a code point.
func letter(op *change.Op, o *Object) bool {
	if !op.Insert || op.Action != change.ActionSet || op.Expand || op.MarkName != nil {
		return false
	}
	_, point := o.width(op.Value)
	return point
}

// deletes reports whether an operation deletes an element, and nothing else.
func (s *Set) deletes(op *change.Op) bool {
	return op.Action == change.ActionDelete && len(op.Pred) == 1 && op.Pred[0] == op.Key.Elem
}

// flush applies what was gathered.
func (r *intake) flush() {
	kind := r.kind
	r.kind = nothing
	switch kind {
	case letters:
		r.s.touchRun(r.t.object, r.id, r.n, change.ActionSet)
		if err := r.t.object.seq.InsertText(r.id, r.t.elem, r.text); err != nil {
			r.s.irregular = true
		}
	case deletions:
		r.s.deleteRun(r.t.object, r.t.elem, r.n, r.id)
	}
}

// deleteRun deletes elements of which each was the next operation, by
// operations that are as well.
func (s *Set) deleteRun(o *Object, elem ID, n int32, by ID) {
	for done := int32(0); done < n; done++ {
		m, err := o.seq.Delete(elem.Plus(done), n-done, sequence.Tomb{By: by.Plus(done), Step: 1})
		s.touchRun(o, elem.Plus(done), m, change.ActionDelete)
		if done += m; done == n {
			return
		}
		target, id := target{object: o, elem: elem.Plus(done)}, elem.Plus(done)
		if err != nil {
			s.irregular = true
			continue
		}
		slot := o.cell(id)
		s.touchSlot(target, slot, change.ActionDelete)
		s.irregular = !s.actors.succeed(slot, id, by.Plus(done), false, 0) || s.irregular
		target.changed(slot)
	}
}

// operate applies one operation. It has an effect if its object can have such a
// key, and if an element that it names is one of that object: what JavaScript
// makes of others depends on when they arrive.
func (s *Set) operate(op *change.Op, id ID, t target) {
	if t.object.IsMap() == op.Key.InList {
		s.irregular = true
		return
	}
	o := Op{ID: id, Action: op.Action, Value: keptOf(op.Value), mark: markOf(op)}
	if op.Insert && op.Key.InList {
		if makes(op.Action) {
			o.Object = s.addObject(id, op.Action, t.object, "", id)
		}
		if err := s.insert(t, o); err != nil {
			delete(s.objects, id)
			s.irregular = true
		}
		return
	}
	if s.slot(t) == nil {
		s.irregular = true
		return
	}
	s.touchSlot(t, s.slot(t), op.Action)
	s.overwrite(op, id, t)
	slot := s.slot(t)
	if op.Action == change.ActionMark {
		t.object.marks++
	}
	if op.Action != change.ActionDelete {
		if makes(op.Action) {
			o.Object = s.addObject(id, op.Action, t.object, t.key, t.elem)
		}
		s.actors.put(slot, o)
		t.object.place(id, t)
	}
	t.changed(slot)
}

// keptOf returns a value to be kept. Of a change that stays in its chunk, whose
// tail is long, so do long values; others would keep that in memory, and what it
// was cut from.
func keptOf(v change.Value) change.Value {
	if len(v.Raw) < longTail {
		return cloned(v)
	}
	return v
}

// overwrite makes an operation succeed its predecessors. Those of other keys of
// the object are succeeded, too; those of other objects are not.
func (s *Set) overwrite(op *change.Op, id ID, t target) {
	increment, amount := op.Action == change.ActionIncrement, amountOf(op)
	for _, pred := range op.Pred {
		p := s.id(pred)
		if s.actors.succeed(s.slot(t), p, id, increment, amount) {
			continue
		}
		s.irregular = true
		if at, ok := s.elsewhere(t.object, p); ok {
			slot := s.slot(at)
			s.touchSlot(at, slot, op.Action)
			s.actors.succeed(slot, p, id, increment, amount)
			at.changed(slot)
		}
	}
}

// amountOf returns by how much an operation increments.
func amountOf(op *change.Op) int64 {
	if op.Action != change.ActionIncrement {
		return 0
	}
	return op.Value.Int()
}
