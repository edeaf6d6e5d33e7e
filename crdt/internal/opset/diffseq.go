package opset

import (
	"iter"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// edits gathers what changes in a sequence, from its beginning to its end: what
// is next to each other is one patch.
type edits struct {
	*differ
	o    *Object
	path *Path
	pos  int // of what is looked at, in what the sequence says now

	index    int // where what is gathered begins
	gone     int // units
	new      int
	text     []byte
	values   []any
	conflict bool

	// fresh is where something is new, if the text has marks.
	fresh []part
}

// sequence compares what was touched in a list or text; all, if nothing says
// what.
func (d *differ) sequence(o *Object, path *Path, in *traces) {
	e := edits{differ: d, o: o, path: path}
	if in == nil || in.all {
		for span := range o.seq.Spans() {
			e.span(&span)
		}
	} else {
		for span := range o.seq.Among(in.elements()) {
			before, _ := o.seq.Position(span.ID)
			e.pos = int(before[d.unit])
			e.span(&span)
		}
	}
	e.flush()
	if changed := in == nil || in.marks; e.haveMarks() && (changed || len(e.fresh) > 0) {
		e.marks(changed)
	}
}

// elements returns all elements that were touched.
func (in *traces) elements() []sequence.Run {
	runs := in.runs
	for at := range in.slots {
		runs = append(runs, sequence.Run{ID: at.elem, N: 1})
	}
	return runs
}

func (e *edits) span(span *sequence.Span) {
	if span.Kind == sequence.Cell {
		at, p := spot{elem: span.ID}, &e.o.cells[span.Cell]
		e.cell(e.before.values(e.o, at, p), e.after.values(e.o, at, p))
		return
	}
	var buf [2][2]part
	was, is := e.before.alive(buf[0][:0], span), e.after.alive(buf[1][:0], span)
	for from := int32(0); from < span.N; {
		lived, wasTo := until(&was, from, span.N)
		lives, isTo := until(&is, from, span.N)
		to := min(wasTo, isTo)
		if lived || lives {
			e.elements(span, part{from, to}, lived, lives)
		}
		from = to
	}
}

// until says whether an element is part of some, and up to where those behind
// it are as well.
func until(parts *[]part, at, end int32) (in bool, to int32) {
	for len(*parts) > 0 && (*parts)[0].to <= at {
		*parts = (*parts)[1:]
	}
	switch {
	case len(*parts) == 0:
		return false, end
	case (*parts)[0].from > at:
		return false, (*parts)[0].from
	}
	return true, (*parts)[0].to
}

// elements compares elements of a span that is no cell, which lived or live.
func (e *edits) elements(span *sequence.Span, p part, lived, lives bool) {
	content, width := span.Slice(p.from, p.to-p.from)
	units := int(width[e.unit])
	switch {
	case lived && lives:
		e.pos += units
	case lived:
		e.begin(false, false)
		e.gone += units
	case span.Kind == sequence.Text:
		e.insertText(content, units)
	default:
		for op := range scalars(span.Kind, content, p.to-p.from) {
			e.insertValue(values{winner: op})
		}
	}
}

// scalars yields the operations of elements that hold scalars.
func scalars(kind sequence.Kind, content []byte, n int32) iter.Seq[*Op] {
	return func(yield func(*Op) bool) {
		for range n {
			first := content
			if kind != sequence.Fill {
				first, content = sequence.Cut(kind, content)
			}
			if !yield(&Op{Action: change.ActionSet, Value: decode(first)}) {
				return
			}
		}
	}
}

// cell compares an element that is no plain value, or was overwritten.
func (e *edits) cell(was, is values) {
	a, b := was.winner, is.winner
	switch {
	case a == nil && b == nil:
		return
	case a != nil && b != nil && (!e.o.isText(a) && !e.o.isText(b) || a.equal(b)):
		if !e.o.isText(b) {
			e.flush()
			p := Patch{Path: e.path, Index: e.pos}
			if e.o.IsText() {
				was.others, is.others, is.conflict = 0, 0, false // a text has no conflicts
			}
			e.replaced(was, is, p, e.here)
		}
		e.pos += e.width(b)
		return
	}
	if a != nil {
		e.begin(false, false)
		e.gone += e.width(a)
	}
	switch {
	case b == nil:
	case e.o.isText(b):
		e.insertText(b.Value.Raw, e.width(b))
	default:
		e.insertValue(is)
	}
}

// isText reports whether an operation is part of a text as such.
func (o *Object) isText(op *Op) bool {
	return o.IsText() && op.Action == change.ActionSet && op.Value.Type == change.ValueText
}

func (e *edits) width(op *Op) int { return int(e.o.widthOf(op)[e.unit]) }

// here returns the path of the element that is looked at.
func (e *edits) here() *Path { return e.path.at(e.pos) }

// begin makes what comes next part of what is gathered, or else of the next
// patch: behind that, or of another kind.
func (e *edits) begin(value, conflict bool) {
	if e.index+e.new != e.pos || value && (len(e.text) > 0 || len(e.values) > 0 && conflict != e.conflict) || !value && e.o.IsText() && len(e.values) > 0 {
		e.flush()
	}
	if e.gone+e.new == 0 {
		e.index = e.pos
	}
	if value {
		e.conflict = conflict
	}
}

func (e *edits) insertText(text []byte, units int) {
	e.begin(false, false)
	e.text = append(e.text, text...)
	e.inserted(units)
}

func (e *edits) insertValue(v values) {
	e.begin(true, v.conflict && !e.o.IsText())
	e.values = append(e.values, e.build(v.winner, e.here))
	e.inserted(e.width(v.winner))
}

func (e *edits) inserted(units int) {
	if e.haveMarks() {
		e.fresh = append(e.fresh, part{int32(e.pos), int32(e.pos + units)})
	}
	e.new += units
	e.pos += units
}

// flush makes patches of what is gathered.
func (e *edits) flush() {
	p := Patch{Path: e.path, Index: e.index, Length: e.gone}
	switch {
	case e.o.IsText() && (e.gone > 0 || len(e.text) > 0):
		p.Action, p.Text = PatchSplice, string(e.text)
		e.patches = append(e.patches, p)
	case e.gone > 0:
		p.Action = PatchDelete
		e.patches = append(e.patches, p)
	}
	if len(e.values) > 0 {
		p = Patch{Path: e.path, Action: PatchInsert, Index: e.index, Values: e.values, Conflict: e.conflict}
		e.patches = append(e.patches, p)
	}
	e.gone, e.new, e.text, e.values, e.index = 0, 0, e.text[:0], nil, e.pos
}

func (e *edits) haveMarks() bool { return e.o.IsText() && e.o.marks > 0 }
