package opset

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// mark is what only marks have. A mark is two invisible elements: its
// beginning, and its end, which is the operation after it. Other operations may
// have it, too, if somebody wants: it is kept for their changes' sake.
type mark struct {
	name *string // nil at the end
	// expand says of the beginning that it includes what is inserted before it,
	// and of the end that it includes what is inserted behind it.
	expand bool
	// insert is set if an operation on a map's key says that it inserts.
	insert bool
}

// markOf returns what an operation of a change has of a mark, or nil.
func markOf(op *change.Op) *mark {
	insert := op.Insert && !op.Key.InList
	if op.Action != change.ActionMark && op.MarkName == nil && !op.Expand && !insert {
		return nil
	}
	return &mark{op.MarkName, op.Expand, insert}
}

// Mark is a name and a value that a stretch of a text has.
type Mark struct {
	Name       string
	Value      change.Value
	Start, End int // in the unit that was asked for
}

// Mark gives a stretch of a text a name and a value; null takes the name away.
// Text that is inserted where it begins or ends belongs to it if it expands
// there.
func (s *Set) Mark(o *Object, u sequence.Unit, m Mark, before, after bool) error {
	switch {
	case m.Start > m.End:
		return fmt.Errorf("%w: from %d to %d", ErrRange, m.Start, m.End)
	case m.Start == m.End && !before && !after:
		return nil
	}
	ref, err := s.before(o, u, m.Start)
	if err != nil {
		return err
	}
	if _, err := s.before(o, u, m.End); err != nil {
		return err
	}
	empty := o.covers(u, m.Start) == o.covers(u, m.End)
	begin, err := s.insertAfter(o, ref, write{action: change.ActionMark, value: m.Value, mark: &mark{name: &m.Name, expand: before}})
	if err != nil {
		return err
	}
	if ref = begin; !empty {
		if ref, err = s.before(o, u, m.End); err != nil {
			return err
		}
	}
	_, err = s.insertAfter(o, ref, write{action: change.ActionMark, mark: &mark{expand: after}})
	return err
}

// covers returns the element that ends at a position, or that it lies in.
func (o *Object) covers(u sequence.Unit, pos int) ID {
	if pos == 0 {
		return ID{}
	}
	return o.seq.At(u, int32(pos)-1).ID
}

// Marks returns the marks of a text, by their names and from its beginning.
// Where several of one name overlap, the latest counts.
func (o *Object) Marks(u sequence.Unit) []Mark { return o.marksIn(u, view{}, view{}) }

// marksIn returns the marks that a text had at one time, at the positions of
// another.
func (o *Object) marksIn(u sequence.Unit, marked, placed view) []Mark {
	m := o.mark(u, marked, placed)
	marks := make([]Mark, 0, len(m.marks))
	for _, r := range m.marks {
		if r.Start < r.End {
			marks = append(marks, r.Mark)
		}
	}
	return joined(marks)
}

func (o *Object) mark(u sequence.Unit, marked, placed view) *marking {
	m := &marking{o: o, open: map[string]*byID{}, shown: map[string]ranged{}, begun: map[ID]*Op{}}
	var parts []part
	for span := range o.seq.Spans() {
		if span.Kind != sequence.Cell {
			parts = placed.alive(parts[:0], &span)
			for _, p := range parts {
				_, width := span.Slice(p.from, p.to-p.from)
				m.pos += int(width[u])
			}
			continue
		}
		at, p := spot{elem: span.ID}, &o.cells[span.Cell]
		if op := placed.values(o, at, p).winner; op != nil {
			m.pos += int(o.widthOf(op)[u])
		}
		if op := marked.values(o, at, p).mark; op != nil { // or deleted: no mark begins, and its end ends nothing
			m.meet(op)
			m.bounds = append(m.bounds, span.ID)
		}
	}
	for name := range m.shown {
		delete(m.open, name)
		m.turn(name)
	}
	return m
}

// marking finds the marks of a text, from its beginning to its end.
type marking struct {
	o      *Object
	pos    int
	bounds []ID // elements at which marks begin and end
	marks  []ranged
	open   map[string]*byID
	shown  map[string]ranged // that are under way
	begun  map[ID]*Op
}

// ranged is a mark between two bounds, by their places among them. There may be
// nothing in it.
type ranged struct {
	Mark
	from, to int32
}

// meet takes the beginning or end of a mark.
func (m *marking) meet(op *Op) {
	if op.mark.name != nil {
		m.begun[op.ID] = op
		name := *op.mark.name
		if m.open[name] == nil {
			m.open[name] = newByID(&m.o.set.actors)
		}
		m.open[name].Set(named{op.ID, op})
		m.turn(name)
	} else if begin := m.begun[op.ID.Plus(-1)]; begin != nil {
		name := *begin.mark.name
		delete(m.begun, begin.ID)
		m.open[name].Delete(named{id: begin.ID})
		m.turn(name)
	}
}

// turn ends the mark of a name that is under way, and begins the one that
// follows, where they differ.
func (m *marking) turn(name string) {
	was, is := m.shown[name]
	var now change.Value
	if ops := m.open[name]; ops != nil {
		if last, ok := ops.Max(); ok {
			now = last.op.Value
		}
	}
	if is && same(was.Value, now) {
		return
	}
	bound := int32(len(m.bounds))
	if is {
		was.End, was.to = m.pos, bound
		m.marks = append(m.marks, was)
	}
	if delete(m.shown, name); now.Type != change.ValueNull {
		m.shown[name] = ranged{Mark{Name: name, Value: now, Start: m.pos}, bound, bound}
	}
}

func same(a, b change.Value) bool { return a.Type == b.Type && string(a.Raw) == string(b.Raw) }

// joined sorts marks, and makes those one that touch and are equal.
func joined(marks []Mark) []Mark {
	slices.SortFunc(marks, func(a, b Mark) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Start, b.Start))
	})
	out := marks[:0]
	for _, m := range marks {
		if last := len(out) - 1; last >= 0 && out[last].Name == m.Name && out[last].End == m.Start &&
			same(out[last].Value, m.Value) {
			out[last].End = m.End
			continue
		}
		out = append(out, m)
	}
	return out
}

// beyondMarks returns the element after which something is inserted that comes
// behind ref: marks that begin or end there are passed if they expand over it,
// or don't, respectively.
func (o *Object) beyondMarks(ref ID) ID {
	path := []ID{ref}
	begun := map[ID]int{} // where beginnings were put on the path
	for span := range o.seq.SpansAfter(ref) {
		if span.Visible {
			break
		}
		m := o.markAt(span.Cell)
		if m == nil {
			continue
		}
		if m.name == nil { // the end of a mark, whose beginning was the operation before
			begin := span.ID.Plus(-1)
			if j, ok := begun[begin]; ok && j < len(path) && path[j] == begin {
				path = path[:j]
				continue
			}
		}
		if m.expand == (m.name != nil) {
			begun[span.ID] = len(path)
			path = append(path, span.ID)
		}
	}
	return path[len(path)-1]
}

// markAt returns the mark that a cell is, or nil.
func (o *Object) markAt(cell int32) *mark {
	if cell == 0 {
		return nil
	}
	if m := o.cells[cell].mark(); m != nil {
		return m.mark
	}
	return nil
}

// liveMark returns the mark that a cell is and that wasn't deleted, or nil.
func (s *slot) liveMark() *Op {
	if s.many != nil {
		return s.many.liveMark()
	}
	for i := range s.few {
		if o := &s.few[i]; o.alive() {
			return o.ifMark()
		}
	}
	return nil
}

// marked reports whether a mark is among the live operations: one that is none
// yet, since it isn't the least of them, may become one.
func (s *slot) marked() bool {
	if s.many != nil {
		first, ok := s.many.live.Min()
		return ok && first.op.isMark()
	}
	return slices.ContainsFunc(s.few, func(o Op) bool { return o.isMark() && o.alive() })
}

// mark returns the mark that a cell is, deleted or not, or nil.
func (s *slot) mark() *Op {
	if m := s.liveMark(); m != nil {
		return m
	}
	return s.least().ifMark()
}
