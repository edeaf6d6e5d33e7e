package opset

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// manyOps is how many operations memory is kept for between commits.
const manyOps = 64

// Pending reports whether something was written since the last commit.
func (s *Set) Pending() bool { return len(s.pending) > 0 }

// Commit makes one change of what was written since the last commit; an empty
// one if nothing was. Time is in seconds and decides nothing.
func (s *Set) Commit(message string, time int64) (*change.Change, error) {
	deps, err := s.deps()
	if err != nil {
		return nil, err
	}
	d := change.Draft{
		Actor:   s.actors.ids[s.self],
		Seq:     s.history.lastSeq(s.self) + 1,
		StartOp: uint64(s.maxOp) + 1,
		Time:    time,
		Message: message,
		Deps:    deps,
	}
	if len(s.pending) > 0 {
		d.StartOp = uint64(s.opened)
		d.Ops = s.ops[:0]
	}
	for i := range s.pending {
		d.Ops = s.operations(d.Ops, &s.pending[i])
	}
	c, err := d.Encode()
	if err != nil {
		return nil, err
	}
	s.history.add(&s.actors, c)
	s.pending = s.pending[:0]
	if s.ops = d.Ops[:0]; cap(s.ops) > manyOps {
		s.ops = nil
	}
	return c, nil
}

// deps returns what the next change depends on: the heads, and its author's
// previous change.
func (s *Set) deps() ([]change.Hash, error) {
	deps := s.Heads()
	if s.history.lastSeq(s.self) == 0 {
		return deps, nil
	}
	last := int(s.history.actors[s.self].last)
	if slices.ContainsFunc(s.history.heads, func(head document.Head) bool { return head.Index == last }) {
		return deps, nil
	}
	if err := s.rebuild(); err != nil {
		return nil, err
	}
	return append(deps, s.history.changes[last].hash), nil
}

// operations appends what was written as a change has it.
func (s *Set) operations(ops []change.Op, w *write) []change.Op {
	op := change.Op{Obj: s.opID(w.object.ID), Insert: w.insert, Action: w.action, Value: w.value}
	if w.mark != nil {
		op.MarkName, op.Expand = w.mark.name, w.mark.expand
	}
	if w.object.IsMap() {
		op.Key = change.MapKey(w.key)
	} else {
		op.Key = change.ElemKey(s.opID(w.elem))
	}
	if !w.run {
		for _, pred := range w.pred {
			op.Pred = append(op.Pred, s.opID(pred))
		}
		return append(ops, op)
	}
	for text, k := w.text, int32(0); k < w.n; k++ {
		if w.insert {
			op.Value = change.Value{Type: change.ValueText}
			op.Value.Raw, text = sequence.Cut(sequence.Text, text)
			if k > 0 {
				op.Key.Elem = s.opID(w.id.Plus(k - 1))
			}
		} else {
			op.Key.Elem = s.opID(w.elem.Plus(k))
			op.Pred = []change.OpID{op.Key.Elem}
		}
		ops = append(ops, op)
	}
	return ops
}
