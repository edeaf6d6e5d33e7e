package opset

import (
	"sort"

	"github.com/godwit-sync/godwit/crdt/change"
)

// marks compares the marks of a text, if they have changed; if not, only those
// in which something is new.
func (e *edits) marks(changed bool) {
	var before, after []Mark
	if changed {
		before, after = e.o.marksIn(e.unit, e.before, e.after), e.o.marksIn(e.unit, e.after, e.after)
	} else {
		after = e.known().among(e.o, e.unit, e.fresh)
		before = after
	}
	for len(before) > 0 || len(after) > 0 {
		name := ""
		if len(before) > 0 && (len(after) == 0 || before[0].Name < after[0].Name) {
			name = before[0].Name
		} else {
			name = after[0].Name
		}
		was, is := ofName(&before, name), ofName(&after, name)
		e.unmarked(was, is)
		e.marked(was, is)
	}
}

// ofName takes the marks of a name off the front of some, which are sorted.
func ofName(marks *[]Mark, name string) []Mark {
	n := 0
	for n < len(*marks) && (*marks)[n].Name == name {
		n++
	}
	first := (*marks)[:n]
	*marks = (*marks)[n:]
	return first
}

// unmarked takes a name away where it was and isn't.
func (e *edits) unmarked(was, is []Mark) {
	for _, m := range was {
		for len(is) > 0 && is[0].End <= m.Start {
			is = is[1:]
		}
		m.Value = change.Value{}
		end := m.End
		for _, over := range is {
			if over.Start >= end {
				break
			}
			m.End = over.Start
			e.mark(m)
			m.Start = over.End
		}
		m.End = end
		e.mark(m)
	}
}

// marked gives a name a value where it had another or none, or where text is
// new: at once from the first such place within a mark to the last.
func (e *edits) marked(was, is []Mark) {
	for _, m := range is {
		for len(was) > 0 && was[0].End <= m.Start {
			was = was[1:]
		}
		first, last := e.freshIn(m)
		at := m.Start
		for _, under := range was {
			if under.Start >= m.End {
				break
			}
			if !same(under.Value, m.Value) {
				continue
			}
			if under.Start > at {
				first, last = min(first, at), max(last, under.Start)
			}
			at = under.End
		}
		if at < m.End {
			first, last = min(first, at), max(last, m.End)
		}
		m.Start, m.End = first, last
		e.mark(m)
	}
}

// freshIn returns where the first thing that is new within a mark begins and the
// last one ends, within it; the end before the beginning if nothing is.
func (e *edits) freshIn(m Mark) (first, last int) {
	i := sort.Search(len(e.fresh), func(i int) bool { return int(e.fresh[i].to) > m.Start })
	k := sort.Search(len(e.fresh), func(k int) bool { return int(e.fresh[k].from) >= m.End })
	if i >= k {
		return m.End, m.Start
	}
	return max(int(e.fresh[i].from), m.Start), min(int(e.fresh[k-1].to), m.End)
}

// mark makes a patch of a mark, unless it is of nothing.
func (e *edits) mark(m Mark) {
	if m.Start < m.End {
		e.patches = append(e.patches, e.markPatch(e.path, m))
	}
}
