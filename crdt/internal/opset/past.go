package opset

import (
	"errors"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// ErrDetached is returned for heads whose past has a change of an actor but not
// the one before it.
var ErrDetached = errors.New("opset: an actor's earlier change is not in that past")

// At returns the document as it was at some heads, for reading.
func (s *Set) At(heads []change.Hash) (*Set, error) {
	c, _, err := s.clockAt(heads)
	if err != nil {
		return nil, err
	}
	return s.copyAt(c), nil
}

// Fork returns the document as it was at some heads, with its history, in which
// an actor writes.
func (s *Set) Fork(self change.ActorID, heads []change.Hash) (*Set, error) {
	c, past, err := s.clockAt(heads)
	if err != nil {
		return nil, err
	}
	f := s.copyAt(c)
	f.irregular = s.irregular
	if err := f.history.copyPast(&s.history, past); err != nil {
		return nil, err
	}
	f.self = f.actors.number(self)
	return f, nil
}

// copyPast copies the changes of a past.
func (h *history) copyPast(from *history, past []bool) error {
	at := make([]int32, len(past)) // where each change is in the copy
	tips := slices.Clone(past)
	first := from.first()
	if from.closed() {
		h.close(from.saved, from.enclosed)
		for _, head := range h.heads {
			at[head.Index] = int32(head.Index)
		}
	}
	for i := first; i < len(past); i++ {
		if !past[i] {
			continue
		}
		r := *from.records.at(i - first)
		if last := h.lastSeq(r.actor); uint64(r.seq) != last+1 {
			return fmt.Errorf("%w: change %d after %d", ErrDetached, r.seq, last)
		}
		at[i] = int32(h.len())
		h.authored(r.actor, r.seq, r.maxOp, at[i])
		from.records.deps(&r, func(dep int32) { tips[dep] = false })
		others := from.records.rareOf(&r)
		others.deps = slices.Clone(others.deps)
		for k, dep := range others.deps {
			others.deps[k] = at[dep]
		}
		if r.dep >= 0 {
			r.dep = at[r.dep]
		}
		h.records.add(r, from.records.tail(i-first), others)
		h.newer = h.newer || others.newer
	}
	h.heads = slices.DeleteFunc(h.heads, func(head document.Head) bool { return !tips[head.Index] })
	for i := first; i < len(tips); i++ {
		if tips[i] {
			h.heads = append(h.heads, document.Head{Hash: from.records.at(i - first).hash, Index: int(at[i])})
		}
	}
	slices.SortFunc(h.heads, func(a, b document.Head) int { return a.Hash.Compare(b.Hash) })
	return nil
}

// copyAt copies what a clock covers, without the history.
func (s *Set) copyAt(c clock) *Set {
	past := &Set{content: maxContent, actors: actors{ids: slices.Clone(s.actors.ids)}, objects: make(map[ID]*Object, len(s.objects))}
	past.root = newObject(ID{}, change.ActionMakeMap, past)
	for _, limit := range c {
		past.maxOp = max(past.maxOp, limit)
	}
	for id, o := range s.objects {
		if c.covers(id) {
			past.addObject(id, o.Kind, nil, o.key, o.elem)
		}
	}
	w := copier{from: s, to: past, clock: c}
	w.object(s.root, past.root)
	for id, o := range past.objects {
		o.parent = past.object(s.objects[id].parent.ID)
		w.object(s.objects[id], o)
	}
	return past
}

// copier copies what a clock covers.
type copier struct {
	from, to *Set
	clock    clock
	seq      sequence.Loader
}

func (w *copier) object(from, to *Object) {
	if from.IsMap() {
		for _, e := range from.entries {
			if was := w.slot(from, &e.slot); was.len() > 0 {
				to.addEntry(&entry{e.key, was})
			}
		}
		return
	}
	to.cells = make([]slot, 1, len(from.cells))
	w.seq = to.seq.Load()
	for span := range from.seq.Spans() {
		for part := range span.Parts(w.clock.limit) {
			w.part(from, to, &span, &part)
		}
	}
	w.seq.Done()
}

func (w *copier) slot(from *Object, p *slot) slot {
	was := w.from.slotAt(w.clock, from, p)
	for op := range was.all {
		if op.Object != nil {
			op.Object = w.to.objects[op.ID]
		}
	}
	return was
}

func (w *copier) part(from, to *Object, span *sequence.Span, part *sequence.Part) {
	switch span.Kind {
	case sequence.Text:
		w.seq.Text(part.ID, part.Ref, part.Content, part.Deaths)
	case sequence.Fill:
		w.seq.Values(part.ID, part.Ref, part.N, part.Content, part.Deaths)
	case sequence.Values:
		w.values(part)
	case sequence.Cell:
		was := w.slot(from, &from.cells[span.Cell])
		if was.mark() != nil {
			to.marks++
		}
		to.cells = append(to.cells, was)
		visible, width := to.shown(&was)
		w.seq.Cell(part.ID, part.Ref, int32(len(to.cells)-1), visible, width)
	}
}

// values copies scalars one by one.
func (w *copier) values(part *sequence.Part) {
	id, ref, content := part.ID, part.Ref, part.Content
	for k := range part.N {
		first, rest := sequence.Cut(sequence.Values, content)
		deaths := make([]sequence.Tomb, len(part.Deaths))
		for i, t := range part.Deaths {
			deaths[i] = sequence.Tomb{By: t.At(k), Step: t.Step}
		}
		w.seq.Values(id, ref, 1, first, deaths)
		id, ref, content = id.Plus(1), id, rest
	}
}
