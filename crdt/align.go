package crdt

import "slices"

// hunk is a place where two sequences differ: a[a0:a1] stands where b[b0:b1] is
// wanted.
type hunk struct{ a0, a1, b0, b1 int }

// The bounds of an alignment: how many elements may differ, and how many may be
// compared.
const (
	maxEdits    = 3000
	maxCompared = 8 << 20
)

// align finds where two sequences of numbers differ, with as few elements in
// the hunks as possible. If that would take too much work it returns one hunk
// with all between what is equal at the beginning and the end, and false.
//
// It is the greedy algorithm of Myers, "An O(ND) Difference Algorithm and Its
// Variations" (1986).
func align(a, b []int) ([]hunk, bool) {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
	}
	if start == endA && start == endB {
		return nil, true
	}
	all := hunk{start, endA, start, endB}
	if start == endA || start == endB {
		return []hunk{all}, true
	}
	hunks, ok := aligner{a: a[start:endA], b: b[start:endB]}.run()
	if !ok {
		return []hunk{all}, false
	}
	for i, h := range hunks {
		hunks[i] = hunk{h.a0 + start, h.a1 + start, h.b0 + start, h.b1 + start}
	}
	return hunks, true
}

// aligner searches, for ever more edits, how far each diagonal can be followed.
type aligner struct {
	a, b []int
	// rounds[d][(k+d)/2] is how far into a one comes with d edits on diagonal k,
	// the one where a's index exceeds b's by k.
	rounds [][]int32
}

func (al aligner) run() ([]hunk, bool) {
	compared := 0
	for d := 0; d <= min(maxEdits, len(al.a)+len(al.b)); d++ {
		round := make([]int32, d+1)
		al.rounds = append(al.rounds, round)
		for k := -d; k <= d; k += 2 {
			x := al.enter(d, k)
			from := x
			for x < len(al.a) && x-k < len(al.b) && x >= k && al.a[x] == al.b[x-k] {
				x++
			}
			round[(k+d)/2] = int32(x)
			if x >= len(al.a) && x-k >= len(al.b) {
				return al.back(d, k), true
			}
			if compared += x - from + 1; compared > maxCompared {
				return nil, false
			}
		}
	}
	return nil, false
}

// enter returns where a path of d edits comes onto diagonal k.
func (al aligner) enter(d, k int) int {
	if d == 0 {
		return 0
	}
	if al.inserts(d, k) {
		return int(al.rounds[d-1][(k+d)/2])
	}
	return int(al.rounds[d-1][(k+d)/2-1]) + 1
}

// inserts reports whether the last of d edits that lead to diagonal k inserts an
// element of b, rather than deleting one of a.
func (al aligner) inserts(d, k int) bool {
	return k == -d || k != d && al.rounds[d-1][(k+d)/2-1] < al.rounds[d-1][(k+d)/2]
}

// back follows the path from the end and gathers neighbouring edits in hunks.
func (al aligner) back(d, k int) []hunk {
	var hunks []hunk
	for ; d > 0; d-- {
		x := al.enter(d, k)
		edit := hunk{x - 1, x, x - k, x - k}
		if al.inserts(d, k) {
			edit = hunk{x, x, x - k - 1, x - k}
			k++
		} else {
			k--
		}
		if last := len(hunks) - 1; last >= 0 && hunks[last].a0 == edit.a1 && hunks[last].b0 == edit.b1 {
			hunks[last].a0, hunks[last].b0 = edit.a0, edit.b0
		} else {
			hunks = append(hunks, edit)
		}
	}
	slices.Reverse(hunks)
	return hunks
}

// numbers gives equal strings equal numbers.
type numbers map[string]int

func (n numbers) of(s string) int {
	i, ok := n[s]
	if !ok {
		i = len(n)
		n[s] = i
	}
	return i
}

func (n numbers) ofAll(all []string) []int {
	out := make([]int, len(all))
	for i, s := range all {
		out[i] = n.of(s)
	}
	return out
}
