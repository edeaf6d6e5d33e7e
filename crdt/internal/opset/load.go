package opset

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// ErrDamaged is returned for a document chunk that can't be right.
var ErrDamaged = errors.New("opset: the document is damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// Load returns the document of a chunk, in which an actor writes. The order of
// its rows is verified; that its operations are those of the changes which its
// heads name, [Set.Verify] does.
func Load(self change.ActorID, d *document.Document) (*Set, error) {
	s := &Set{irregular: d.NewerFormat, content: maxContent} // whoever writes first looks how much there is
	s.actors.ids = make([]change.ActorID, 0, len(d.Actors)+1)
	for _, actor := range d.Actors {
		s.actors.number(actor)
	}
	s.self = s.actors.number(self)
	s.root = newObject(ID{}, change.ActionMakeMap, s)
	if err := s.loadHistory(d); err != nil {
		return nil, err
	}
	l := loader{s: s, numOps: d.NumOps, object: s.root}
	const few = 4 << 10
	l.rows.Begin(d)
	l.copies = l.rows.Bytes() > few
	if err := l.load(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	switch {
	case d.NewerFormat:
		s.open()
	case d.HeadIndexes == nil: // nothing else tells which changes the heads are
		return s, s.rebuild()
	}
	return s, nil
}

// loadHistory notes who has made how much.
func (s *Set) loadHistory(d *document.Document) error {
	h := &s.history
	h.saved = d.History
	h.heads = make([]document.Head, 0, len(d.Heads))
	h.actors = make([]authored, 0, len(d.Actors))
	var span document.ChangeSpan
	rows := d.Changes()
	for {
		n, err := rows.Span(&span)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if n == 0 {
			break
		}
		actor := uint32(span.Actor)
		if uint64(span.Seq) != h.lastSeq(actor)+1 || n > 1 && span.SeqStep != 1 {
			return damaged("sequence number %d of actor %d", span.Seq, actor)
		}
		h.authored(actor, uint32(span.Seq)+uint32(n)-1, uint32(span.MaxOp+int64(n-1)*span.MaxOpStep), int32(rows.Row()+n-1))
		s.maxOp = max(s.maxOp, uint32(span.MaxOp), uint32(span.MaxOp+int64(n-1)*span.MaxOpStep))
		rows.Extra(&span, n)
		for left := n * span.Deps; left > 0; {
			deps, err := rows.Deps(left)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			left -= deps.Count
		}
		rows.Advance(n)
	}
	for i, hash := range d.Heads {
		head := document.Head{Hash: hash, Index: -1}
		if d.HeadIndexes != nil {
			head.Index = d.HeadIndexes[i]
		}
		h.heads = append(h.heads, head)
	}
	return nil
}

// loader reads a document's operations. They come object by object, ascending;
// in a map key by key, ascending; in a sequence element by element, in order;
// and in each place by their ids.
type loader struct {
	s      *Set
	rows   document.Rows
	span   document.Span
	object *Object

	ops  []Op // of the place that is being read, ascending; room behind them is for the next ones
	key  string
	elem ID
	cell bool // the place is a cell of the sequence

	seq   sequence.Loader
	order order
	tombs []sequence.Tomb
	left  document.IDs // successors that were read for elements to come

	// copies is set if values that are kept are copied: they lie in one column,
	// which a few bytes of it would keep in memory, with the letters of all texts.
	copies bool

	numOps       int     // rows
	entries      []entry // to be used
	opsBlock     int     // what was allocated last
	entriesBlock int
}

// more returns how many things to allocate at once, of which at most left are
// to come, and notes it.
func more(block *int, left int) int {
	*block = min(max(2**block, 4), 64)
	return max(min(*block, left), 1)
}

// add adds an operation, and what came after it, to the place that is being read.
func (l *loader) add(o Op, succ []ID) {
	o.came(succ)
	if len(l.ops) == cap(l.ops) {
		room := max(more(&l.opsBlock, l.numOps-l.rows.Row()), len(l.ops))
		l.ops = append(make([]Op, 0, len(l.ops)+room), l.ops...)
	}
	l.ops = append(l.ops, o)
}

// addEntry makes a slot that of a new key, which is greater than the others.
func (l *loader) addEntry(key string, s slot) {
	o := l.object
	if len(l.entries) == 0 { // the row that follows the key may have been begun
		l.entries = make([]entry, more(&l.entriesBlock, l.numOps-l.rows.Row()+1))
		o.entries = slices.Grow(o.entries, len(l.entries))
	}
	l.entries[0] = entry{key, s}
	o.addEntry(&l.entries[0])
	l.entries = l.entries[1:]
}

func (l *loader) load() error {
	for {
		n, err := l.rows.Span(&l.span)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		if !l.within(l.span.ID, l.span.IDStep, n) {
			return damaged("operation %v, and no change has so many", l.span.ID)
		}
		if id := ID(l.span.Obj); id != l.object.ID {
			if err := l.begin(id); err != nil {
				return err
			}
		}
		if l.span.InList == l.object.IsMap() {
			return damaged("a key of the wrong kind in object %v", l.object.ID)
		}
		if err := l.take(n); err != nil {
			return err
		}
		l.rows.Advance(n)
	}
	return l.end()
}

// within reports whether changes have so many operations. Otherwise those that
// are written next would get ids that there are.
func (l *loader) within(first document.ID, step int64, n int) bool {
	return max(int64(first.Counter), int64(first.Counter)+int64(n-1)*step) <= int64(l.s.maxOp)
}

// succ reads the next successors of the rows of a span, at most want.
func (l *loader) succ(want int) (document.IDs, error) {
	ids, err := l.rows.Succs(want)
	if err == nil && !l.within(ids.First, ids.Step, ids.Count) {
		err = damaged("successor %v, and no change has so many operations", ids.First)
	}
	return ids, err
}

// begin turns to the next object.
func (l *loader) begin(id ID) error {
	if err := l.end(); err != nil {
		return err
	}
	if l.s.actors.compare(l.object.ID, id) >= 0 {
		return damaged("object %v after %v", id, l.object.ID)
	}
	if l.object = l.s.objects[id]; l.object == nil {
		return damaged("operations of %v, which is no object", id)
	}
	if !l.object.IsMap() {
		l.seq = l.object.seq.Load()
		l.order = order{actors: &l.s.actors}
	}
	return nil
}

// end is done with an object.
func (l *loader) end() error {
	l.close()
	if !l.object.IsMap() {
		if !l.seq.Done() {
			return damaged("elements of %v share an id", l.object.ID)
		}
	}
	return nil
}

// take reads the rows of a span.
func (l *loader) take(n int) error {
	switch {
	case !l.span.InList:
		return l.takeKey(n)
	case l.span.Insert && l.plain():
		return l.takeElements(n)
	}
	for k := range n {
		id, elem := ID(l.span.ID), ID(l.span.Elem)
		id.Counter += uint32(int64(k) * l.span.IDStep)
		elem.Counter += uint32(int64(k) * l.span.ElemStep)
		if err := l.takeCell(id, elem); err != nil {
			return err
		}
	}
	return nil
}

// takeKey reads operations of a map's key.
func (l *loader) takeKey(n int) error {
	if len(l.ops) > 0 && l.key != string(l.span.Name) || len(l.ops) == 0 {
		l.close()
		if count := len(l.object.entries); count > 0 && l.object.entries[count-1].key >= string(l.span.Name) {
			return damaged("key %q is out of order", l.span.Name)
		}
		l.key = l.rows.Key(&l.span)
	}
	for k := range n {
		id := ID(l.span.ID)
		id.Counter += uint32(int64(k) * l.span.IDStep)
		if err := l.takeOp(id); err != nil {
			return err
		}
	}
	return nil
}

// takeOp reads an operation into the place that is open.
func (l *loader) takeOp(id ID) error {
	if last := len(l.ops) - 1; last >= 0 && l.s.actors.compare(l.ops[last].ID, id) >= 0 {
		return damaged("operation %v is out of order", id)
	}
	o := Op{ID: id, Action: l.span.Action}
	raw, err := l.rows.Values(&l.span, 1)
	if err != nil {
		return err
	}
	o.Value = change.Value{Type: l.span.Kind, Raw: l.kept(raw)}
	inserts := l.span.Insert && !l.span.InList
	if o.Action == change.ActionMark || l.span.Expand || l.span.Marked || inserts {
		o.mark = &mark{expand: l.span.Expand, insert: inserts}
		if l.span.Marked {
			name := string(l.span.Mark)
			o.mark.name = &name
		}
	}
	succ, err := l.succs()
	if err != nil {
		return err
	}
	if makes(o.Action) {
		o.Object = l.s.addObject(id, o.Action, l.object, l.key, l.elem)
	}
	l.add(o, succ)
	return nil
}

// kept returns a value to be kept.
func (l *loader) kept(raw []byte) []byte {
	switch {
	case len(raw) == 0:
		return nil
	case l.copies:
		return bytes.Clone(raw)
	}
	return raw
}

// succs reads the successors of one row.
func (l *loader) succs() ([]ID, error) {
	if l.span.Succs == 0 {
		return nil, nil
	}
	list := make([]ID, 0, min(l.span.Succs, 16))
	for len(list) < l.span.Succs {
		ids, err := l.succ(l.span.Succs - len(list))
		if err != nil {
			return nil, err
		}
		for k := range ids.Count {
			id := ID{Counter: uint32(int64(ids.First.Counter) + int64(k)*ids.Step), Actor: ids.First.Actor}
			if last := len(list) - 1; last >= 0 && l.s.actors.compare(list[last], id) >= 0 {
				return nil, damaged("successors of %v are out of order", l.span.ID)
			}
			list = append(list, id)
		}
	}
	return list, nil
}

// takeCell reads an element that is no plain value, or a further operation of
// one.
func (l *loader) takeCell(id, elem ID) error {
	if l.span.Insert {
		l.close()
		if !l.order.next(id, elem, 1) {
			return damaged("element %v is out of order", id)
		}
		l.cell, l.elem, l.key = true, id, ""
		number := int32(len(l.object.cells))
		l.object.cells = append(l.object.cells, slot{})
		l.seq.Cell(id, elem, number, false, sequence.Width{})
		return l.takeOp(id)
	}
	if elem != l.order.element() || elem == (ID{}) {
		return damaged("an operation of element %v is out of order", elem)
	}
	if !l.cell {
		number := int32(len(l.object.cells))
		l.object.cells = append(l.object.cells, slot{})
		was, deaths := l.seq.MakeCell(number)
		l.cell, l.elem, l.key = true, elem, ""
		l.add(Op{ID: elem, Action: change.ActionSet, Value: cloned(valueOf(was))}, deaths)
	}
	return l.takeOp(id)
}

func cloned(v change.Value) change.Value {
	v.Raw = slices.Clone(v.Raw)
	return v
}

// close is done with a place.
func (l *loader) close() {
	if len(l.ops) == 0 {
		return
	}
	n := len(l.ops)
	slot := l.s.slotOf(l.ops[:n:n])
	l.ops = l.ops[n:]
	if !l.cell {
		l.addEntry(l.key, slot)
		return
	}
	if slot.mark() != nil {
		l.object.marks++
	}
	l.object.cells[len(l.object.cells)-1] = slot
	l.seq.SetCell(l.object.shown(&slot))
	l.cell = false
}

// slotOf makes operations of a place, which are in order, a slot, and takes the
// slice. It says of each what has become of it.
func (s *Set) slotOf(ops []Op) slot {
	for i := range ops {
		o := &ops[i]
		if !o.counter() {
			continue
		}
		for _, by := range o.succ() {
			if at, ok := s.actors.search(ops, by); ok && ops[at].Action == change.ActionIncrement {
				o.fate.sum += ops[at].Value.Int()
				o.fate.overwritten--
			}
		}
	}
	return s.actors.slotOf(ops)
}
