package opset

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// plain reports whether a span's elements are values that a sequence holds.
func (l *loader) plain() bool {
	if l.span.Action != change.ActionSet || l.span.Kind == change.ValueCounter || l.span.Expand || l.span.Marked {
		return false
	}
	return !l.object.IsText() || l.span.Kind == change.ValueText && l.span.Size > 0 && l.span.Size <= 4
}

// takeElements reads elements that are plain values.
func (l *loader) takeElements(n int) error {
	id, elem := ID(l.span.ID), ID(l.span.Elem)
	if l.span.IDStep == 1 && l.span.ElemStep == 1 && elem.Plus(1) == id && l.even() {
		return l.takeRun(id, elem, n)
	}
	for range n {
		if err := l.takeRun(id, elem, 1); err != nil {
			return err
		}
		id.Counter += uint32(l.span.IDStep)
		elem.Counter += uint32(l.span.ElemStep)
	}
	return nil
}

// even reports whether the values of a whole span can be taken at once.
func (l *loader) even() bool { return l.object.IsText() || l.span.Size == 0 }

// takeRun reads elements that were inserted one after the other.
func (l *loader) takeRun(id, elem ID, n int) error {
	l.close()
	raw, err := l.rows.Values(&l.span, n)
	if err != nil {
		return err
	}
	if l.object.IsText() && !letters1(raw, l.span.Size) {
		return l.takeWords(id, elem, n, raw)
	}
	if !l.order.next(id, elem, n) {
		return damaged("element %v is out of order", id)
	}
	for done := 0; done < n; {
		part, err := l.deaths(n - done)
		if err != nil {
			return err
		}
		first := id.Plus(int32(done))
		if done > 0 {
			elem = first.Plus(-1)
		}
		if l.object.IsText() {
			l.seq.Text(first, elem, raw[done*l.span.Size:(done+part)*l.span.Size], l.tombs)
		} else {
			l.seq.Values(first, elem, int32(part), encode(nil, change.Value{Type: l.span.Kind, Raw: raw}), l.tombs)
		}
		done += part
	}
	return nil
}

// letters1 reports whether valid strings of a size are one code point each.
func letters1(raw []byte, size int) bool {
	least := [...]byte{0, 0, 0xc0, 0xe0, 0xf0}[size]
	for at := 0; at < len(raw); at += size {
		if raw[at] < least {
			return false
		}
	}
	return true
}

// takeWords reads elements of a text of which some are more than a letter.
func (l *loader) takeWords(id, elem ID, n int, raw []byte) error {
	for k := range n {
		if !l.order.next(id, elem, 1) {
			return damaged("element %v is out of order", id)
		}
		value := change.Value{Type: l.span.Kind, Raw: raw[k*l.span.Size : (k+1)*l.span.Size]}
		succ, err := l.succs()
		if err != nil {
			return err
		}
		if letters1(value.Raw, l.span.Size) {
			l.tombs = l.tombs[:0]
			for _, by := range succ {
				l.tombs = append(l.tombs, sequence.Tomb{By: by})
			}
			l.seq.Text(id, elem, value.Raw, l.tombs)
		} else {
			l.elem, l.key, l.cell = id, "", true
			l.object.cells = append(l.object.cells, slot{})
			l.seq.Cell(id, elem, int32(len(l.object.cells)-1), false, sequence.Width{})
			value.Raw = l.kept(value.Raw)
			l.add(Op{ID: id, Action: change.ActionSet, Value: value}, succ)
			if k < n-1 {
				l.close()
			}
		}
		elem, id = id, id.Plus(1)
	}
	return nil
}

// deaths reads how the next elements, at least one and at most n, were deleted.
func (l *loader) deaths(n int) (int, error) {
	l.tombs = l.tombs[:0]
	switch l.span.Succs {
	case 0:
		return n, nil
	case 1:
		if l.left.Count == 0 {
			var err error
			if l.left, err = l.succ(n); err != nil {
				return 0, err
			}
		}
		part := l.left
		if part.Count > 1 && part.Step != 1 && part.Step != -1 {
			part.Count, part.Step = 1, 0
		}
		l.tombs = append(l.tombs, sequence.Tomb{By: ID(part.First), Step: int8(part.Step)})
		l.left.Count -= part.Count
		l.left.First.Counter += uint32(int64(part.Count) * l.left.Step)
		return part.Count, nil
	}
	succ, err := l.succs()
	for _, by := range succ {
		l.tombs = append(l.tombs, sequence.Tomb{By: by})
	}
	return 1, err
}
