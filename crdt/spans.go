package crdt

import (
	"cmp"
	"slices"
)

// placeholder is what a text reads as where it holds no text.
const placeholder = "\ufffc"

// Span is a stretch of a text whose letters have the same marks, or a block.
type Span struct {
	Start, End int    // in the document's unit
	Text       string // of a block empty
	Block      Value  // a block's attributes, a map; absent in text

	marks *stretches
	first int // in bytes
}

// Spans returns the text in order, cut where marks or blocks begin or end, as
// JavaScript's spans does. It returns [ErrNotNative] if the document is open in
// another engine.
func (t Text) Spans() ([]Span, error) {
	if !t.s.readable() {
		return nil, t.s.unread()
	}
	o, ok := t.object.(blocker)
	if !ok {
		return nil, ErrNotNative
	}
	marks, err := o.marks(Bytes)
	if t.s.saw(err) != nil {
		return nil, err
	}
	blocks, err := o.blocks(Bytes)
	if t.s.saw(err) != nil {
		return nil, err
	}
	text := t.String()
	return t.spans(text, marks, blocks), t.s.failure
}

// spans cuts a text at its marks and blocks, whose positions are in bytes.
func (t Text) spans(text string, marks []mark, blocks []block) []Span {
	cuts := []int{len(text)}
	for _, m := range marks {
		cuts = append(cuts, m.start, m.end)
	}
	for _, b := range blocks {
		cuts = append(cuts, b.start, b.start+len(placeholder))
	}
	slices.Sort(cuts)
	known := stretchesOf(t.place, marks)
	var spans []Span
	pos, first := 0, 0
	for _, cut := range slices.Compact(cuts) {
		if cut <= first {
			continue
		}
		s := Span{Start: pos, Text: text[first:cut]}
		pos += t.s.unit.width(s.Text)
		s.End = pos
		if len(blocks) > 0 && blocks[0].start == first {
			s.Text, s.Block = "", t.value(blocks[0].item)
			blocks = blocks[1:]
		} else {
			s.marks, s.first = known, first
		}
		spans = append(spans, s)
		first = cut
	}
	return spans
}

// Marks returns the names and values of the marks that the text of the span has.
// A block has none. They are looked up at each call, and may be kept.
func (s Span) Marks() map[string]Value {
	if s.marks == nil {
		return nil
	}
	var found map[string]Value
	s.marks.over(s.first, 0, len(s.marks.all), func(m mark) {
		if found == nil {
			found = map[string]Value{}
		}
		found[m.name] = s.marks.value(m.value)
	})
	return found
}

// stretches find the marks over a position: a list of them for every span could
// take memory that grows with the square of the document.
type stretches struct {
	place
	all []mark // by their beginnings
	// reach is the furthest end in a part of all, at that part's middle.
	reach []int
}

func stretchesOf(p place, marks []mark) *stretches {
	slices.SortFunc(marks, func(a, b mark) int { return cmp.Compare(a.start, b.start) })
	s := &stretches{p, marks, make([]int, len(marks))}
	s.measure(0, len(marks))
	return s
}

func (s *stretches) measure(lo, hi int) int {
	if lo == hi {
		return 0
	}
	mid := lo + (hi-lo)/2
	s.reach[mid] = max(s.all[mid].end, s.measure(lo, mid), s.measure(mid+1, hi))
	return s.reach[mid]
}

// over calls found with the marks of all[lo:hi] that are over a position.
func (s *stretches) over(pos, lo, hi int, found func(mark)) {
	mid := lo + (hi-lo)/2
	if lo == hi || s.reach[mid] <= pos {
		return
	}
	s.over(pos, lo, mid, found)
	if s.all[mid].start > pos {
		return
	}
	if s.all[mid].end > pos {
		found(s.all[mid])
	}
	s.over(pos, mid+1, hi, found)
}
