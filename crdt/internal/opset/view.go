package opset

import "github.com/godwit-sync/godwit/crdt/internal/sequence"

// view is a document at some time: now, as far as a clock covers it, or, at no
// greater cost than that, before operations were touched.
type view struct {
	s       *Set // nil: now
	clock   clock
	touched *touched
}

// values returns what stood at a place of an object.
func (v view) values(o *Object, at spot, p *slot) values {
	switch {
	case v.s == nil:
		return valuesOf(p)
	case len(v.clock) == 0:
		return values{}
	case v.touched == nil:
		was := v.s.slotAt(v.clock, o, p)
		return valuesOf(&was)
	}
	if in := v.touched.objects[o]; in != nil {
		if was, ok := in.slots[at]; ok {
			return was
		}
	}
	if !v.clock.covers(at.elem) {
		return values{}
	}
	return valuesOf(p)
}

// part is elements of a span, by their places in it.
type part struct{ from, to int32 }

// alive appends which elements of a span that is no cell were visible, ascending.
func (v view) alive(parts []part, span *sequence.Span) []part {
	if v.s == nil {
		if span.Visible {
			parts = append(parts, part{0, span.N})
		}
		return parts
	}
	if span.Buried(v.clock.limit) {
		return parts
	}
	for p := range span.Parts(v.clock.limit) {
		if len(p.Deaths) == 0 {
			parts = append(parts, part{p.First, p.First + p.N})
		}
	}
	return parts
}
