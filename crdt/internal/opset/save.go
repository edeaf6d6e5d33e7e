package opset

import (
	"bytes"
	"errors"
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

var writers = sync.Pool{New: func() any { return new(document.Writer) }}

// Save returns the document as one chunk, or, if that can't carry it, as its
// changes; what follows a closed chunk comes behind it.
func (s *Set) Save() ([]byte, error) {
	if len(s.pending) > 0 {
		return nil, ErrPending
	}
	if s.irregular {
		return s.saveChanges()
	}
	if s.history.saved != nil && s.history.records.n == 0 {
		return slices.Clone(s.history.saved.Chunk()), nil
	}
	w := writers.Get().(*document.Writer)
	defer writers.Put(w)
	w.Reset()
	v := saver{s: s, w: w}
	v.rankActors()
	if err := v.changes(); err != nil {
		return nil, err
	}
	v.objects()
	chunk, err := w.Chunk(v.actors, s.history.heads)
	if errors.Is(err, document.ErrTooLarge) {
		return s.saveChanges()
	}
	return chunk, err
}

// saveChanges returns the document as its changes.
func (s *Set) saveChanges() ([]byte, error) {
	s.listing.Lock() // who saves is a reader, and may be one of many
	defer s.listing.Unlock()
	base, since := s.history.base()
	chunks, err := s.Changes(since)
	return slices.Concat(base, bytes.Join(chunks, nil)), err
}

// saver writes a document's rows.
type saver struct {
	s      *Set
	w      *document.Writer
	actors []change.ActorID // those who have made a change, ascending
	ranks  []uint32         // of all actors, by their numbers

	span     document.Span
	values   []byte // of the elements that are written next
	gathered []byte // its memory, if they had to be
	ops      []*Op
	succ     []ID
}

func (v *saver) rankActors() {
	var numbers []uint32
	for n := range v.s.actors.ids {
		if v.s.history.lastSeq(uint32(n)) > 0 {
			numbers = append(numbers, uint32(n))
		}
	}
	slices.SortFunc(numbers, func(a, b uint32) int {
		if v.s.actors.Less(a, b) {
			return -1
		}
		return 1
	})
	v.ranks = make([]uint32, len(v.s.actors.ids))
	for rank, n := range numbers {
		v.actors = append(v.actors, v.s.actors.ids[n])
		v.ranks[n] = uint32(rank)
	}
}

// id returns an id as the document has it.
func (v *saver) id(id ID) document.ID {
	if id == (ID{}) {
		return document.ID{}
	}
	return document.ID{Counter: id.Counter, Actor: v.ranks[id.Actor]}
}

// changes writes the history.
func (v *saver) changes() error {
	h := &v.s.history
	if h.saved != nil {
		if err := v.savedChanges(h.saved); err != nil {
			return err
		}
	}
	var c document.Change
	for i := range h.records.n {
		r := h.records.at(i)
		others := h.records.rareOf(r)
		c = document.Change{
			Actor: int(v.ranks[r.actor]), Seq: uint64(r.seq), MaxOp: uint64(r.maxOp), Time: r.time, Deps: c.Deps[:0],
			Message: others.message, HasMessage: others.message != "", Extra: others.extra,
		}
		h.records.deps(r, func(dep int32) { c.Deps = append(c.Deps, int(dep)) })
		v.w.Change(&c)
	}
	return nil
}

// savedChanges copies the history of the chunk that the document was loaded
// from.
func (v *saver) savedChanges(d *document.History) error {
	var span document.ChangeSpan
	for rows := d.Changes(); ; {
		n, err := rows.Span(&span)
		if n == 0 || err != nil {
			return err
		}
		span.Actor = int(v.ranks[span.Actor])
		v.w.Changes(&span, rows.Extra(&span, n))
		for left := n * span.Deps; left > 0; {
			deps, err := rows.Deps(left)
			if err != nil {
				return err
			}
			v.w.Deps(deps)
			left -= deps.Count
		}
		rows.Advance(n)
	}
}

// objects writes the operations.
func (v *saver) objects() {
	v.object(v.s.root)
	objects := make([]*Object, 0, len(v.s.objects))
	for _, o := range v.s.objects {
		objects = append(objects, o)
	}
	slices.SortFunc(objects, func(a, b *Object) int { return v.s.actors.compare(a.ID, b.ID) })
	for _, o := range objects {
		v.object(o)
	}
}

func (v *saver) object(o *Object) {
	v.span = document.Span{Obj: v.id(o.ID)}
	if o.IsMap() {
		for _, e := range o.ordered() {
			v.span.Name = []byte(e.key)
			v.slot(&e.slot)
		}
		return
	}
	v.span.InList = true
	for span := range o.seq.Spans() {
		if span.Kind == sequence.Cell {
			v.cell(&o.cells[span.Cell], span.Ref)
		} else {
			v.run(&span)
		}
	}
}

// slot writes a place's operations by their ids.
func (v *saver) slot(s *slot) {
	v.ops = v.s.merged(v.ops[:0], s)
	for _, o := range v.ops {
		v.span.Insert = o.mark != nil && o.mark.insert
		v.op(o)
	}
}

// cell writes an element's operations: the first inserted it.
func (v *saver) cell(s *slot, ref ID) {
	v.ops = v.s.merged(v.ops[:0], s)
	v.span.Elem, v.span.Insert = v.id(ref), true
	for _, o := range v.ops {
		v.op(o)
		v.span.Elem, v.span.Insert = v.id(v.ops[0].ID), false
	}
}

// merged appends a place's operations, live or not, ascending.
func (s *Set) merged(ops []*Op, p *slot) []*Op { return slices.AppendSeq(ops, p.all) }

func (v *saver) op(o *Op) {
	p := &v.span
	p.Rows, p.ElemStep, p.ID, p.IDStep = 1, 0, v.id(o.ID), 0
	p.Action, p.Kind, p.Size, p.Succs = o.Action, o.Value.Type, len(o.Value.Raw), len(o.succ())
	p.Expand, p.Marked, p.Mark = false, false, nil
	if o.mark != nil {
		p.Expand, p.Marked = o.mark.expand, o.mark.name != nil
		if p.Marked {
			p.Mark = []byte(*o.mark.name)
		}
	}
	v.w.Span(p, o.Value.Raw)
	for _, by := range v.ascending(o.succ()) {
		v.w.Succs(document.IDs{Count: 1, First: v.id(by)})
	}
}

// ascending returns ids in order. They mostly are; those of others are copied,
// since they belong to a document that others may be reading.
func (v *saver) ascending(ids []ID) []ID {
	if slices.IsSortedFunc(ids, v.s.actors.compare) {
		return ids
	}
	v.succ = append(v.succ[:0], ids...)
	slices.SortFunc(v.succ, v.s.actors.compare)
	return v.succ
}

// run writes elements that were inserted one after the other.
func (v *saver) run(span *sequence.Span) {
	p := &v.span
	p.Insert, p.Action, p.Expand, p.Marked, p.Mark = true, change.ActionSet, false, false, nil
	content := span.Content
	for k := int32(0); k < span.N; {
		var n int32
		n, content = v.alike(span, k, content)
		v.elements(span, k, n)
		k += n
	}
}

// alike gathers the values of the elements of a span, from k on, that have the
// same type and length.
func (v *saver) alike(span *sequence.Span, k int32, content []byte) (n int32, rest []byte) {
	p := &v.span
	switch {
	case span.Kind == sequence.Fill:
		value := decode(content)
		p.Kind, p.Size, v.values = value.Type, len(value.Raw), bytes.Repeat(value.Raw, int(span.N))
		return span.N, content
	case span.Kind == sequence.Text && len(content) == int(span.N-k):
		p.Kind, p.Size, v.values = change.ValueText, 1, content
		return span.N - k, nil
	}
	v.values = v.gathered[:0]
	for ; k+n < span.N; n++ {
		first, rest := sequence.Cut(span.Kind, content)
		value := change.Value{Type: change.ValueText, Raw: first}
		if span.Kind == sequence.Values {
			value = decode(first)
		}
		if n > 0 && (value.Type != p.Kind || len(value.Raw) != p.Size) {
			break
		}
		p.Kind, p.Size = value.Type, len(value.Raw)
		v.values = append(v.values, value.Raw...)
		content = rest
	}
	v.gathered = v.values
	return n, content
}

// elements writes n elements of a span, from k on, whose values were gathered.
func (v *saver) elements(span *sequence.Span, k, n int32) {
	p := &v.span
	deaths := span.Deletions(k)
	p.Succs = len(deaths)
	p.IDStep, p.ElemStep = 1, 1
	values := v.values
	if k == 0 {
		p.Rows, p.ID, p.Elem = 1, v.id(span.ID), v.id(span.Ref)
		v.w.Span(p, values[:p.Size])
		values = values[p.Size:]
	}
	if rest := int(n); k > 0 || rest > 1 {
		first := max(k, 1)
		if k == 0 {
			rest--
		}
		p.Rows, p.ID, p.Elem = rest, v.id(span.ID.Plus(first)), v.id(span.ID.Plus(first-1))
		v.w.Span(p, values)
	}
	if t, ok := span.Deleted(); ok {
		by := v.id(t.At(k))
		v.w.Succs(document.IDs{Count: int(n), First: by, Step: int64(t.Step)})
		return
	}
	for i := range n {
		if p.Succs == 0 {
			break
		}
		for _, by := range span.Deletions(k + i) {
			v.w.Succs(document.IDs{Count: 1, First: v.id(by)})
		}
	}
}
