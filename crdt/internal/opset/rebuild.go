package opset

import (
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// A document chunk holds operations, not changes. The changes are made of them
// again: each operation belongs to the first change of its actor that ends at
// or behind its counter, and its predecessors are those that it succeeded.

// Verify rebuilds the changes of a loaded document and checks that they lead to
// its heads.
func (s *Set) Verify() error {
	if s.history.closed() {
		return ErrClosed
	}
	return s.rebuild()
}

// stint is operations of one actor with consecutive counters.
type stint struct {
	counter uint32
	n       int32
	object  *Object

	op   *Op // a single one that the document keeps
	key  string
	ref  ID // for one that inserts, of a cell or a run: what the first came after
	elem ID // for others in sequences
	pred []ID

	insert bool
	span   sequence.Span // of a run of elements
	step   int32         // of a run of deletions: from one element to the next
}

// rebuild makes the changes of a loaded document, if they haven't been made and
// can be.
func (s *Set) rebuild() error {
	d := s.history.saved
	if d == nil || s.history.closed() {
		return nil
	}
	b := rebuilder{s: s, stints: make([][]stint, len(s.actors.ids)), at: make([]int, len(s.actors.ids))}
	b.gather()
	if err := b.changes(d); err != nil {
		return fmt.Errorf("%w: rebuild its changes: %w", ErrDamaged, err)
	}
	h := &s.history
	for i := range h.records.n {
		r := h.records.at(i)
		b.records.add(*r, h.records.tail(i), h.records.rareOf(r))
	}
	h.saved, h.records = nil, b.records
	return nil
}

type rebuilder struct {
	s      *Set
	stints [][]stint // of each actor, ascending
	at     []int     // the next one of each
	ops    []*Op

	records records

	draft change.Draft  // of the change that is being made
	preds []change.OpID // of its operations
	newer bool          // some of them is unknown
	chunk []byte        // its bytes
}

// gather lists the operations of the document by their actors.
func (b *rebuilder) gather() {
	b.object(b.s.root)
	for _, o := range b.s.objects {
		b.object(o)
	}
	for _, stints := range b.stints {
		slices.SortFunc(stints, func(x, y stint) int { return int(int64(x.counter) - int64(y.counter)) })
	}
}

func (b *rebuilder) add(actor uint32, st stint) { b.stints[actor] = append(b.stints[actor], st) }

func (b *rebuilder) object(o *Object) {
	if o.IsMap() {
		for _, e := range o.entries {
			b.slot(o, &e.slot, e.key, ID{}, ID{})
		}
		return
	}
	for span := range o.seq.Spans() {
		if span.Kind == sequence.Cell {
			b.slot(o, &o.cells[span.Cell], "", span.ID, span.Ref)
			continue
		}
		b.add(span.ID.Actor, stint{counter: span.ID.Counter, n: span.N, object: o, insert: true, ref: span.Ref, span: span})
		if t, ok := span.Deleted(); ok {
			b.deaths(o, &span, t)
		} else if !span.Visible {
			for k := range span.N {
				for _, by := range span.Deletions(k) {
					elem := span.ID.Plus(k)
					b.add(by.Actor, stint{counter: by.Counter, n: 1, object: o, elem: elem, pred: []ID{elem}})
				}
			}
		}
	}
}

// deaths adds a run of deletions.
func (b *rebuilder) deaths(o *Object, span *sequence.Span, t sequence.Tomb) {
	st := stint{counter: t.By.Counter, n: span.N, object: o, elem: span.ID, step: 1}
	if t.Step < 0 {
		st.counter = t.At(span.N - 1).Counter
		st.elem, st.step = span.ID.Plus(span.N-1), -1
	}
	b.add(t.By.Actor, st)
}

// slot adds the operations of a place.
func (b *rebuilder) slot(o *Object, p *slot, key string, elem, ref ID) {
	b.ops = b.s.merged(b.ops[:0], p)
	preds := map[ID][]ID{} // by what succeeded them
	for _, op := range b.ops {
		for _, by := range op.succ() {
			preds[by] = append(preds[by], op.ID)
		}
	}
	for i, op := range b.ops {
		st := stint{counter: op.ID.Counter, n: 1, object: o, op: op, key: key, elem: elem, pred: preds[op.ID]}
		if i == 0 && elem != (ID{}) {
			st.insert, st.ref = true, ref
		} else if op.mark != nil {
			st.insert = op.mark.insert
		}
		b.add(op.ID.Actor, st)
		delete(preds, op.ID)
	}
	for by, pred := range preds { // what is left are deletions
		b.add(by.Actor, stint{counter: by.Counter, n: 1, object: o, key: key, elem: elem, pred: pred})
	}
}

// changes makes the changes, in the document's order.
func (b *rebuilder) changes(d *document.History) error {
	var row document.Change
	covered := make([]bool, d.NumChanges) // by a later one
	for rows := d.Changes(); ; {
		more, err := rows.Change(&row)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := b.change(&row); err != nil {
			return err
		}
		for _, dep := range row.Deps {
			covered[dep] = true
		}
	}
	tips := map[change.Hash]int{}
	for i := range b.records.n {
		if !covered[i] {
			tips[b.records.at(i).hash] = i
		}
	}
	if len(tips) != len(d.Heads) {
		return damaged("its changes lead to %d heads, not %d", len(tips), len(d.Heads))
	}
	for k, head := range d.Heads {
		i, ok := tips[head]
		if !ok {
			return damaged("no change has the hash of the head %s", head)
		}
		if d.HeadIndexes != nil && d.HeadIndexes[k] != i { // what came since may depend on it
			return damaged("the head %s is change %d, not %d", head, i, d.HeadIndexes[k])
		}
		if k, ok := b.s.history.head(head); ok {
			b.s.history.heads[k].Index = i
		}
	}
	return nil
}

// change makes a change and its record. It isn't checked: if its hash leads to the
// heads it is what they name.
func (b *rebuilder) change(row *document.Change) error {
	actor := uint32(row.Actor)
	d := &b.draft
	*d = change.Draft{
		Actor: b.s.actors.ids[actor], Seq: row.Seq, StartOp: row.MaxOp + 1,
		Time: row.Time, Message: row.Message, Extra: row.Extra,
		Deps: d.Deps[:0], Ops: d.Ops[:0],
	}
	b.preds, b.newer = b.preds[:0], false
	r := record{actor: actor, seq: uint32(row.Seq), maxOp: uint32(row.MaxOp), dep: -1, time: row.Time}
	others := rare{message: row.Message, extra: row.Extra}
	for i, dep := range row.Deps {
		d.Deps = append(d.Deps, b.records.at(dep).hash)
		if i == 0 {
			r.dep = int32(dep)
		} else {
			others.deps = append(others.deps, int32(dep))
		}
	}
	if err := b.operations(actor, uint32(row.MaxOp)); err != nil {
		return err
	}
	var tail []byte
	b.chunk, tail, r.hash = d.Seal(b.chunk)
	if len(tail) >= longTail {
		tail = slices.Clone(tail) // or the record would keep our memory
	}
	others.newer = b.newer
	b.records.add(r, tail, others)
	return nil
}

// operations takes an actor's next operations, up to a counter.
func (b *rebuilder) operations(actor, maxOp uint32) error {
	d, stints := &b.draft, b.stints[actor]
	for b.at[actor] < len(stints) {
		st := &stints[b.at[actor]]
		if st.counter > maxOp {
			break
		}
		if len(d.Ops) == 0 {
			d.StartOp = uint64(st.counter)
		}
		if uint64(st.counter) != d.StartOp+uint64(len(d.Ops)) {
			return damaged("operation %d of actor %d is missing", d.StartOp+uint64(len(d.Ops)), actor)
		}
		n := min(st.n, int32(maxOp-st.counter)+1)
		if len(d.Ops)+int(n) > change.MaxOps {
			return damaged("a change of more than %d operations", change.MaxOps)
		}
		b.expand(st, n)
		if n < st.n {
			st.skip(n)
			break
		}
		b.at[actor]++
	}
	if len(d.Ops) > 0 && d.StartOp+uint64(len(d.Ops))-1 != uint64(maxOp) {
		return damaged("operation %d of actor %d is missing", maxOp, actor)
	}
	return nil
}

// skip takes the first n operations off a run.
func (st *stint) skip(n int32) {
	st.counter += uint32(n)
	st.n -= n
	if st.insert {
		st.ref = ID{Counter: st.counter - 1, Actor: st.span.ID.Actor}
		for range n {
			if st.span.Kind != sequence.Fill {
				_, st.span.Content = sequence.Cut(st.span.Kind, st.span.Content)
			}
		}
		return
	}
	st.elem = st.elem.Plus(n * st.step)
}

// expand adds the first n operations of a run as a change has them.
func (b *rebuilder) expand(st *stint, n int32) {
	s := b.s
	op := change.Op{Obj: s.opID(st.object.ID), Insert: st.insert, Action: change.ActionDelete}
	op.Key = change.MapKey(st.key)
	if !st.object.IsMap() {
		op.Key = change.ElemKey(s.opID(st.elem))
		if st.insert {
			op.Key.Elem = s.opID(st.ref)
		}
	}
	op.Pred = b.ids(st.pred...)
	switch {
	case st.op != nil:
		op.Action, op.Value = st.op.Action, st.op.Value
		b.newer = b.newer || !op.Action.Known()
		if st.op.mark != nil {
			op.MarkName, op.Expand = st.op.mark.name, st.op.mark.expand
		}
		b.draft.Ops = append(b.draft.Ops, op)
	case st.insert:
		b.expandElements(op, st, n)
	case st.step == 0:
		b.draft.Ops = append(b.draft.Ops, op)
	default:
		for k := range n {
			op.Pred = b.ids(st.elem.Plus(k * st.step))
			op.Key.Elem = op.Pred[0]
			b.draft.Ops = append(b.draft.Ops, op)
		}
	}
}

// ids returns ids as a change has them.
func (b *rebuilder) ids(of ...ID) []change.OpID {
	first := len(b.preds)
	for _, id := range of {
		b.preds = append(b.preds, b.s.opID(id))
	}
	return b.preds[first:]
}

func (b *rebuilder) expandElements(op change.Op, st *stint, n int32) {
	op.Action = change.ActionSet
	content, id := st.span.Content, ID{Counter: st.counter, Actor: st.span.ID.Actor}
	for k := range n {
		first := content
		if st.span.Kind != sequence.Fill {
			first, content = sequence.Cut(st.span.Kind, content)
		}
		op.Value = change.Value{Type: change.ValueText, Raw: first}
		if st.span.Kind != sequence.Text {
			op.Value = decode(first)
		}
		if k > 0 {
			op.Key.Elem = b.s.opID(id.Plus(k - 1))
		}
		b.draft.Ops = append(b.draft.Ops, op)
	}
}
