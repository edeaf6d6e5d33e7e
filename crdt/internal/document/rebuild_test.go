package document_test

import (
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// history is a document's tables, row by row.
type history struct {
	actors  []change.ActorID
	changes []document.Change
	ops     []document.Op
}

func readHistory(d *document.Document) (*history, error) {
	h := &history{actors: d.Actors}
	changes := d.Changes()
	for {
		var c document.Change
		more, err := changes.Change(&c)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		h.changes = append(h.changes, c)
	}
	rows := d.Rows()
	for {
		var op document.Op
		more, err := rows.Op(&op)
		if err != nil {
			return nil, err
		}
		if !more {
			return h, nil
		}
		h.ops = append(h.ops, op)
	}
}

// rebuild makes the changes again, in the document's order: their hashes come
// out right only if every field of every row was read right.
func (h *history) rebuild() ([]*change.Change, error) {
	ops := h.operations()
	var made []*change.Change
	next := make([]uint64, len(h.actors)) // the actor's first operation that isn't in a change yet
	for i, row := range h.changes {
		d := change.Draft{
			Actor: h.actors[row.Actor], Seq: row.Seq, StartOp: row.MaxOp + 1,
			Time: row.Time, Message: row.Message, Extra: row.Extra,
		}
		for _, dep := range row.Deps {
			d.Deps = append(d.Deps, made[dep].Hash)
		}
		for at := next[row.Actor]; at <= row.MaxOp; at++ {
			op, ok := ops[document.ID{Counter: uint32(at), Actor: uint32(row.Actor)}]
			if !ok {
				continue
			}
			if len(d.Ops) == 0 {
				d.StartOp = at
			}
			slices.SortFunc(op.Pred, change.OpID.Compare)
			d.Ops = append(d.Ops, *op)
		}
		next[row.Actor] = row.MaxOp + 1
		c, err := d.Encode()
		if err != nil {
			return nil, fmt.Errorf("change %d: %w", i, err)
		}
		made = append(made, c)
	}
	return made, nil
}

// operations are the rows as operations of changes, and the deletes that only
// successors tell of.
func (h *history) operations() map[document.ID]*change.Op {
	ops := make(map[document.ID]*change.Op, len(h.ops))
	for i := range h.ops {
		row := &h.ops[i]
		op := &change.Op{
			Obj: h.id(row.Obj), Key: change.MapKey(row.Key.Name), Insert: row.Insert,
			Action: row.Action, Value: row.Value, Expand: row.Expand,
		}
		if row.Key.InList {
			op.Key = change.ElemKey(h.id(row.Key.Elem))
		}
		if row.Marked {
			op.MarkName = &row.Mark
		}
		ops[row.ID] = op
	}
	for i := range h.ops {
		row := &h.ops[i]
		for _, succ := range row.Succ {
			op, ok := ops[succ]
			if !ok {
				op = &change.Op{Obj: h.id(row.Obj), Key: change.MapKey(row.Key.Name), Action: change.ActionDelete}
				switch {
				case row.Insert:
					op.Key = change.ElemKey(h.id(row.ID))
				case row.Key.InList:
					op.Key = change.ElemKey(h.id(row.Key.Elem))
				}
				ops[succ] = op
			}
			op.Pred = append(op.Pred, h.id(row.ID))
		}
	}
	return ops
}

func (h *history) id(id document.ID) change.OpID {
	if id.IsZero() {
		return change.OpID{}
	}
	return change.OpID{Counter: uint64(id.Counter), Actor: h.actors[id.Actor]}
}
