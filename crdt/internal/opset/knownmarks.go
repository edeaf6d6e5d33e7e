package opset

import (
	"cmp"
	"slices"
	"sort"

	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// knownMarks are the marks of a text as long as they don't change, for those who
// observe it: who types among many marks must not have all looked at each time.
type knownMarks struct {
	bounds []ID
	ranges []ranged // ascending by where they begin
	// latest holds, of the ranges, which are a tree whose root is in the middle,
	// the latest end in that subtree.
	latest []int32
}

// known returns what is known of the marks of the text.
func (e *edits) known() *knownMarks {
	t := e.s.touched
	if k := t.marks[e.o]; k != nil {
		return k
	}
	m := e.o.mark(e.unit, e.after, e.after)
	k := &knownMarks{bounds: m.bounds, ranges: m.marks, latest: make([]int32, len(m.marks))}
	slices.SortFunc(k.ranges, func(a, b ranged) int { return cmp.Compare(a.from, b.from) })
	k.settle(0, len(k.ranges))
	if t.marks == nil {
		t.marks = make(map[*Object]*knownMarks)
	}
	t.marks[e.o] = k
	return k
}

// settle finds the latest end of some ranges.
func (k *knownMarks) settle(lo, hi int) int32 {
	if lo == hi {
		return 0
	}
	mid := (lo + hi) / 2
	k.latest[mid] = max(k.ranges[mid].to, k.settle(lo, mid), k.settle(mid+1, hi))
	return k.latest[mid]
}

// among returns the marks in which some parts of the text are, and perhaps those
// between them, as [Object.Marks] does.
func (k *knownMarks) among(o *Object, u sequence.Unit, parts []part) []Mark {
	first, last := parts[0].from, parts[len(parts)-1].from
	found := k.over(nil, 0, len(k.ranges), k.passed(o, u, first), k.passed(o, u, last))
	marks := make([]Mark, 0, len(found))
	for _, r := range found {
		r.Start, r.End = k.position(o, u, r.from), k.position(o, u, r.to)
		if r.Start < r.End {
			marks = append(marks, r.Mark)
		}
	}
	return joined(marks)
}

// passed returns how many bounds come before what is at a position.
func (k *knownMarks) passed(o *Object, u sequence.Unit, pos int32) int32 {
	return int32(sort.Search(len(k.bounds), func(i int) bool { return k.position(o, u, int32(i)) > int(pos) }))
}

// position returns where a bound is; behind the last one is the end.
func (k *knownMarks) position(o *Object, u sequence.Unit, bound int32) int {
	if int(bound) == len(k.bounds) {
		return o.Len(u)
	}
	w, _ := o.seq.Position(k.bounds[bound])
	return int(w[u])
}

// over appends those of some ranges in which something is that comes behind as
// many bounds as first says, up to last.
func (k *knownMarks) over(found []ranged, lo, hi int, first, last int32) []ranged {
	for lo < hi {
		mid := (lo + hi) / 2
		if k.latest[mid] < first {
			return found
		}
		found = k.over(found, lo, mid, first, last)
		r := k.ranges[mid]
		if r.from >= last {
			return found
		}
		if r.to >= first {
			found = append(found, r)
		}
		lo = mid + 1
	}
	return found
}
