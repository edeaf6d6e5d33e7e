package document

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/column"
)

// Writer makes a document chunk of rows, which it takes as it gets them: their
// order, and that they make sense, is the caller's affair. The zero Writer is
// ready; after [Writer.Reset] it can be used again, in the same memory.
type Writer struct {
	objActor, objCtr, keyActor, keyStr, idActor       column.RunWriter
	action, valueMeta, succCount, succActor, markName column.RunWriter
	keyCtr, idCtr, succCtr                            column.DeltaWriter
	insert, expand                                    column.FlipWriter
	values                                            []byte

	author, message, depCount, extraMeta column.RunWriter
	seq, maxOp, time, dep                column.DeltaWriter
	extra                                []byte

	ops, succs, changes int // rows

	body, packed []byte
}

// Reset begins another document.
func (w *Writer) Reset() {
	for _, c := range []*column.RunWriter{
		&w.objActor, &w.objCtr, &w.keyActor, &w.keyStr, &w.idActor,
		&w.action, &w.valueMeta, &w.succCount, &w.succActor, &w.markName,
		&w.author, &w.message, &w.depCount, &w.extraMeta,
	} {
		c.Reset()
	}
	for _, c := range []*column.DeltaWriter{&w.keyCtr, &w.idCtr, &w.succCtr, &w.seq, &w.maxOp, &w.time, &w.dep} {
		c.Reset()
	}
	w.insert.Reset()
	w.expand.Reset()
	w.values, w.extra = w.values[:0], w.extra[:0]
	w.ops, w.succs, w.changes = 0, 0, 0
}

// Span appends the rows of a span, with all their values. Their successors
// follow, by [Writer.Succs].
func (w *Writer) Span(s *Span, values []byte) {
	n := s.Rows
	w.object(s.Obj, n)
	if s.InList {
		w.elements(s.Elem, s.ElemStep, n)
	} else {
		w.noElements(n)
		w.keyStr.AppendText(s.Name, n)
	}
	w.idActor.AppendUint(uint64(s.ID.Actor), n)
	w.idCtr.AppendRun(int64(s.ID.Counter), s.IDStep, n)
	w.operation(s.Insert, s.Action, column.Meta(uint8(s.Kind), s.Size), s.Succs, n)
	w.values = append(w.values, values...)
	w.expand.Append(s.Expand, n)
	if s.Marked {
		w.markName.AppendText(s.Mark, n)
	} else {
		w.markName.AppendNull(n)
	}
}

// Succs appends successors of the rows that were appended before.
func (w *Writer) Succs(ids IDs) {
	w.succActor.AppendUint(uint64(ids.First.Actor), ids.Count)
	w.succCtr.AppendRun(int64(ids.First.Counter), ids.Step, ids.Count)
}

// Op appends a row with its successors.
func (w *Writer) Op(op *Op) {
	w.object(op.Obj, 1)
	if op.Key.InList {
		w.elements(op.Key.Elem, 0, 1)
	} else {
		w.noElements(1)
		w.keyStr.AppendString(op.Key.Name, 1)
	}
	w.idActor.AppendUint(uint64(op.ID.Actor), 1)
	w.idCtr.Append(int64(op.ID.Counter))
	w.operation(op.Insert, op.Action, column.Meta(uint8(op.Value.Type), len(op.Value.Raw)), len(op.Succ), 1)
	w.values = append(w.values, op.Value.Raw...)
	for _, id := range op.Succ {
		w.Succs(IDs{Count: 1, First: id})
	}
	w.expand.Append(op.Expand, 1)
	if op.Marked {
		w.markName.AppendString(op.Mark, 1)
	} else {
		w.markName.AppendNull(1)
	}
}

func (w *Writer) object(obj ID, n int) {
	if obj.IsZero() {
		w.objActor.AppendNull(n)
		w.objCtr.AppendNull(n)
		return
	}
	w.objActor.AppendUint(uint64(obj.Actor), n)
	w.objCtr.AppendUint(uint64(obj.Counter), n)
}

func (w *Writer) elements(first ID, step int64, n int) {
	w.keyStr.AppendNull(n)
	if first.IsZero() {
		w.keyActor.AppendNull(n)
	} else {
		w.keyActor.AppendUint(uint64(first.Actor), n)
	}
	w.keyCtr.AppendRun(int64(first.Counter), step, n)
}

func (w *Writer) noElements(n int) {
	w.keyActor.AppendNull(n)
	w.keyCtr.AppendNull(n)
}

func (w *Writer) operation(insert bool, action change.Action, meta uint64, succs, n int) {
	w.insert.Append(insert, n)
	w.action.AppendUint(uint64(action), n)
	w.valueMeta.AppendUint(meta, n)
	w.succCount.AppendUint(uint64(succs), n)
	w.ops += n
	w.succs += succs * n
}

// Changes appends the rows of a span, with all their extra bytes. Their
// dependencies follow, by [Writer.Deps].
func (w *Writer) Changes(s *ChangeSpan, extra []byte) {
	n := s.Rows
	w.author.AppendUint(uint64(s.Actor), n)
	w.seq.AppendRun(s.Seq, s.SeqStep, n)
	w.maxOp.AppendRun(s.MaxOp, s.MaxOpStep, n)
	w.time.AppendRun(s.Time, s.TimeStep, n)
	if s.HasMessage {
		w.message.AppendText(s.Message, n)
	} else {
		w.message.AppendNull(n)
	}
	w.depCount.AppendUint(uint64(s.Deps), n)
	w.extraMeta.AppendUint(column.Meta(uint8(change.ValueBytes), s.ExtraSize), n)
	w.extra = append(w.extra, extra...)
	w.changes += n
}

// Deps appends dependencies of the changes that were appended before.
func (w *Writer) Deps(deps Indexes) {
	w.dep.AppendRun(int64(deps.First), int64(deps.Step), deps.Count)
}

// Change appends a row with its dependencies.
func (w *Writer) Change(c *Change) {
	w.author.AppendUint(uint64(c.Actor), 1)
	w.seq.Append(int64(c.Seq))
	w.maxOp.Append(int64(c.MaxOp))
	w.time.Append(c.Time)
	if c.HasMessage {
		w.message.AppendString(c.Message, 1)
	} else {
		w.message.AppendNull(1)
	}
	w.depCount.AppendUint(uint64(len(c.Deps)), 1)
	for _, dep := range c.Deps {
		w.dep.Append(int64(dep))
	}
	w.extraMeta.AppendUint(column.Meta(uint8(change.ValueBytes), len(c.Extra)), 1)
	w.extra = append(w.extra, c.Extra...)
	w.changes++
}
