package crdt

import (
	"fmt"
	"unicode/utf8"
)

// Mark is a stretch of a text that has a name and a value, such as "bold" and
// true: formatting, links, comments.
type Mark struct {
	Name       string
	Value      Value
	Start, End int // in the document's unit
}

// Expand says whether text that is inserted where a mark begins or ends belongs
// to it.
type Expand uint8

// How marks expand. Bold text mostly expands after; a link doesn't.
const (
	ExpandNone   Expand = 0
	ExpandBefore Expand = 1
	ExpandAfter  Expand = 2
	ExpandBoth          = ExpandBefore | ExpandAfter
)

// marker is a text of an engine that knows marks.
type marker interface {
	marks(Unit) ([]mark, error)
	mark(u Unit, start, end int, name string, value item, expand Expand) error
}

type mark struct {
	name       string
	value      item
	start, end int
}

// Marks returns the marks of the text, by their names and from its beginning.
// Where several of a name overlap, the latest counts. It returns [ErrNotNative]
// if the document is open in another engine.
func (t Text) Marks() ([]Mark, error) {
	if !t.s.readable() {
		return nil, t.s.unread()
	}
	o, ok := t.object.(marker)
	if !ok {
		return nil, ErrNotNative
	}
	var marks []Mark
	found, err := o.marks(t.s.unit)
	if t.s.saw(err) != nil {
		return nil, err
	}
	for _, m := range found {
		marks = append(marks, Mark{m.name, t.value(m.value), m.start, m.end})
	}
	return marks, nil
}

// Mark gives the text from start to end a name and a scalar value, as
// [Map.Set] takes it. Where that name was, it has the new value.
func (t Text) Mark(start, end int, name string, value any, expand Expand) error {
	n, err := prepare(value)
	if err != nil {
		return err
	}
	switch n.kind {
	case KindText:
		n.kind = KindString
	case KindNull:
		return fmt.Errorf("%w: a mark's value is null; Unmark takes a mark away", ErrInvalid)
	case KindMap, KindList, KindCounter:
		return fmt.Errorf("%w: a mark's value is %s", ErrInvalid, n.kind)
	}
	return t.mark(start, end, name, item{n.kind, n.data}, expand)
}

// Unmark takes a name away from the text from start to end.
func (t Text) Unmark(start, end int, name string, expand Expand) error {
	return t.mark(start, end, name, item{kind: KindNull}, expand)
}

func (t Text) mark(start, end int, name string, value item, expand Expand) error {
	if err := t.s.writable(); err != nil {
		return err
	}
	o, ok := t.object.(marker)
	if !ok {
		return ErrNotNative
	}
	if err := checkRange(start, end-start, t.Len(), t.s); err != nil {
		return err
	}
	if name == "" || !utf8.ValidString(name) {
		return fmt.Errorf("%w: a mark's name %q", ErrInvalid, name)
	}
	return t.s.did(o.mark(t.s.unit, start, end, name, value, expand))
}
