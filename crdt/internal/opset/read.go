package opset

import (
	"iter"
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// Get returns the operation whose value stands under a key, or nil.
func (o *Object) Get(key string) *Op {
	if e := o.entry(key); e != nil {
		return e.winner()
	}
	return nil
}

// Conflicts returns the operations whose values stand under a key, ascending:
// the last one wins. They must not be modified.
func (o *Object) Conflicts(key string) []Op {
	if e := o.entry(key); e != nil {
		return e.conflicts()
	}
	return nil
}

// Entries returns the keys of a map, ascending, and what stands there.
func (o *Object) Entries() iter.Seq2[string, *Op] {
	return func(yield func(string, *Op) bool) {
		for _, e := range o.ordered() {
			if w := e.winner(); w != nil && !yield(e.key, w) {
				return
			}
		}
	}
}

// Len returns the number of a map's keys, of a list's elements, or of a text's
// units.
func (o *Object) Len(u sequence.Unit) int {
	if !o.IsMap() {
		return int(o.seq.Width()[u])
	}
	n := 0
	for _, e := range o.entries {
		if e.winner() != nil {
			n++
		}
	}
	return n
}

// At returns what stands at an index of a list, which must be in range.
func (o *Object) At(index int) Op {
	return o.opOf(o.seq.At(sequence.Points, int32(index)))
}

// ConflictsAt returns the operations whose values stand at an index of a list,
// which must be in range, ascending: the last one wins.
func (o *Object) ConflictsAt(index int) []Op {
	e := o.seq.At(sequence.Points, int32(index))
	if e.Kind == sequence.Cell {
		return o.cells[e.Cell].conflicts()
	}
	return []Op{o.opOf(e)}
}

func (o *Object) opOf(e sequence.Element) Op {
	if e.Kind == sequence.Cell {
		return *o.cells[e.Cell].winner()
	}
	return Op{ID: e.ID, Action: change.ActionSet, Value: valueOf(e)}
}

// Elements returns what stands in a list, in order.
func (o *Object) Elements() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		for span := range o.seq.Spans() {
			if span.Visible && !o.elements(&span, yield) {
				return
			}
		}
	}
}

func (o *Object) elements(span *sequence.Span, yield func(Op) bool) bool {
	if span.Kind == sequence.Cell {
		return yield(*o.cells[span.Cell].winner())
	}
	content := span.Content
	for k := range span.N {
		op := Op{ID: span.ID.Plus(k), Action: change.ActionSet}
		first := content
		if span.Kind != sequence.Fill {
			first, content = sequence.Cut(span.Kind, content)
		}
		if span.Kind == sequence.Text {
			op.Value = change.Value{Type: change.ValueText, Raw: first}
		} else {
			op.Value = decode(first)
		}
		if !yield(op) {
			return false
		}
	}
	return true
}

// Text returns a text; what is no text in it as U+FFFC.
func (o *Object) Text() string { return string(o.AppendText(nil)) }

// AppendText appends a text as Text returns it.
func (o *Object) AppendText(b []byte) []byte {
	b = slices.Grow(b, int(o.seq.Width()[sequence.Bytes]))
	return o.seq.AppendText(b, func(b []byte, cell int32) []byte {
		w := o.cells[cell].winner()
		if w.Action == change.ActionSet && w.Value.Type == change.ValueText {
			return append(b, w.Value.Raw...)
		}
		return append(b, placeholder...)
	})
}
