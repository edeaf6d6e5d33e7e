package sequence

import "iter"

// Part is some elements of a span, as they were at an earlier time.
type Part struct {
	First   int32 // in the span
	ID, Ref ID    // of the first
	N       int32
	Content []byte // as a span has it
	Width   Width  // of all, were they visible
	Deaths  []Tomb // by then; visible if there were none
}

// Parts returns the elements of the span that had been inserted at an earlier
// time, in stretches that had been deleted alike. Limit returns, for an actor,
// the counter of its last operation then. Of a cell, only the caller knows what
// had become of it.
func (p *Span) Parts(limit func(actor uint32) uint32) iter.Seq[Part] {
	return func(yield func(Part) bool) {
		n := p.N
		if last := int64(limit(p.ID.Actor)) - int64(p.ID.Counter); last < int64(n)-1 {
			n = int32(max(last+1, 0))
		}
		tombs := p.tombs(limit)
		content := p.Content
		for first := int32(0); first < n; {
			part := Part{First: first, ID: p.ID.Plus(first), Ref: p.Ref, N: n - first}
			if first > 0 {
				part.Ref = part.ID.Plus(-1)
			}
			for _, t := range tombs {
				switch {
				case first < t.from:
					part.N = min(part.N, t.from-first)
				case first < t.to:
					part.N = min(part.N, t.to-first)
					part.Deaths = append(part.Deaths, Tomb{t.At(first), t.Step})
				}
			}
			part.Content, part.Width, content = p.cut(content, part.N)
			if first += part.N; !yield(part) {
				return
			}
		}
	}
}

// buried is the elements of a span, by their places in it, that a tomb covers.
type buried struct {
	Tomb
	from, to int32
}

// tombs returns the span's deletions as far as there were any.
func (p *Span) tombs(limit func(uint32) uint32) []buried {
	var out []buried
	for _, t := range p.s.deaths(p.x, nil) {
		if b := p.buriedBy(t, limit); b.from < b.to {
			out = append(out, b)
		}
	}
	return out
}

// buriedBy returns what a tomb covered at an earlier time.
func (p *Span) buriedBy(t Tomb, limit func(uint32) uint32) buried {
	b := buried{t, 0, p.N}
	switch ahead := int64(t.By.Counter) - int64(limit(t.By.Actor)); { // of what there was
	case t.Step < 0:
		b.from = int32(min(max(ahead, 0), int64(p.N)))
	case t.Step > 0:
		b.to = int32(min(max(1-ahead, 0), int64(p.N)))
	case ahead > 0:
		b.to = 0
	}
	return b
}

// Buried reports whether the first deletion that the span had, as it came, left
// nothing of it at an earlier time. If not, only [Span.Parts] tells.
func (p *Span) Buried(limit func(actor uint32) uint32) bool {
	if p.Visible || p.Kind == Cell {
		return false
	}
	b := p.buriedBy(p.x.gone, limit)
	return b.from == 0 && b.to == p.N
}

// cut takes n elements off some content of the span.
func (p *Span) cut(content []byte, n int32) (first []byte, width Width, rest []byte) {
	size := 0
	switch {
	case p.Kind == Cell:
		return nil, p.x.width, nil
	case p.Kind == Fill:
		return content, times(n), content
	case n == p.N:
		return content, p.x.width, nil
	case p.x.even():
		return content[:n], times(n), content[n:]
	}
	for range n {
		size += sizeOf(p.Kind, content[size:])
	}
	if width = times(n); p.Kind == Text {
		width = TextWidth(content[:size])
	}
	return content[:size], width, content[size:]
}
