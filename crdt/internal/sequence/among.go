package sequence

import (
	"cmp"
	"iter"
	"slices"
)

// Run is elements of which each is the actor's next operation.
type Run struct {
	ID ID // of the first
	N  int32
}

// Joined returns the run that two are together, if the elements of one are next
// to those of the other.
func (r Run) Joined(next Run) (Run, bool) {
	switch {
	case r.ID.Plus(r.N) == next.ID:
		return Run{r.ID, r.N + next.N}, true
	case next.ID.Plus(next.N) == r.ID:
		return Run{next.ID, r.N + next.N}, true
	}
	return r, false
}

// NumSpans returns the number of spans.
func (s *Sequence) NumSpans() int { return len(s.spans) - 1 - len(s.unused) }

// Among returns the spans that hold some of the elements of some runs, in order,
// each once. What the sequence doesn't have is passed over.
func (s *Sequence) Among(runs []Run) iter.Seq[Span] {
	type found struct {
		rank uint64
		span int32
	}
	var spans []found
	for _, r := range runs {
		for k := int32(0); k < r.N; {
			i, at, ok := s.find(r.ID.Plus(k))
			if !ok {
				k++
				continue
			}
			spans = append(spans, found{s.rank(i), i})
			k += s.spans[i].n - at
		}
	}
	slices.SortFunc(spans, func(a, b found) int { return cmp.Compare(a.rank, b.rank) })
	spans = slices.Compact(spans)
	return func(yield func(Span) bool) {
		for _, f := range spans {
			if !yield(s.spanAt(f.span)) {
				return
			}
		}
	}
}

// rank says where a span is: those of spans behind it are greater. The way from
// the root is read as a fraction, a step to the right as 1 and one to the left
// as 0; the tree is never 64 high.
func (s *Sequence) rank(i int32) uint64 {
	way, depth := uint64(0), 0
	for up := s.spans[i].up; up != 0; i, up = up, s.spans[up].up {
		if s.spans[up].right == i {
			way |= 1 << depth // the last step first
		}
		depth++
	}
	if depth == 0 {
		return 1 << 63
	}
	return way<<(64-depth) | 1<<(63-depth)
}

// Slice returns what n elements of a span hold, from one of them on, as the span
// has it, and their length, were they visible.
func (p *Span) Slice(from, n int32) ([]byte, Width) {
	if p.Kind == Cell {
		return nil, p.x.width
	}
	at, end := p.s.offset(p.x, from), p.x.size
	if p.Kind != Fill {
		end = p.s.offset(p.x, from+n)
	}
	return p.Content[at:end], p.s.widthOf(p.x, n, p.x.at+at, end-at)
}
