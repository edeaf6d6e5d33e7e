package opset

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// touched is where operations have acted since a moment. It is kept while
// somebody asks for patches.
type touched struct {
	before  clock // of that moment
	known   int   // the changes that it covers, from the first on
	objects map[*Object]*traces
	last    *traces // of the object that was touched last
	marks   map[*Object]*knownMarks
}

// traces is where operations have acted in an object.
type traces struct {
	object *Object
	slots  map[spot]values // what stood at a place before
	runs   []sequence.Run  // elements that were inserted or deleted
	all    bool            // so many that they aren't told apart
	marks  bool            // are among what was touched
}

// spot is a key of a map or an element of a sequence.
type spot struct {
	key  string
	elem ID
}

// fewRuns is up to how many runs are told apart in any sequence, and in long
// ones a part of their spans. Tests make it less.
var fewRuns = 64

// Observe begins or ends to keep track of what operations change, for
// [Set.Patches].
func (s *Set) Observe(on bool) {
	s.touched = nil
	if on {
		s.touched = &touched{known: s.history.len()}
	}
}

// in returns the traces in an object.
func (t *touched) in(s *Set, o *Object) *traces {
	if t.last != nil && t.last.object == o {
		return t.last
	}
	if t.objects == nil {
		t.begin(&s.history)
		t.objects = make(map[*Object]*traces)
	}
	if t.last = t.objects[o]; t.last == nil {
		t.last = &traces{object: o}
		t.objects[o] = t.last
	}
	return t.last
}

// touchSlot notes that an operation is about to act at a place.
func (s *Set) touchSlot(t target, p *slot, action change.Action) {
	if s.touched == nil {
		return
	}
	in, at := s.touched.in(s, t.object), spot{t.key, t.elem}
	was := valuesOf(p)
	in.marks = in.marks || action == change.ActionMark || p.marked()
	if _, again := in.slots[at]; again || !s.touched.before.covers(at.elem) {
		return // the latter among the runs
	}
	if in.slots == nil {
		in.slots = make(map[spot]values)
	}
	if was.winner == nil {
		was.winner = s.touched.lived(p)
	}
	in.slots[at] = was.kept()
}

// lived returns the value of an element that was deleted before it became a
// place of its own, if it lived until then.
func (t *touched) lived(p *slot) *Op {
	if p.len() != 1 {
		return nil
	}
	op := p.least()
	if op.isMark() || len(op.succ()) == 0 || slices.ContainsFunc(op.succ(), t.before.covers) {
		return nil
	}
	return op
}

// touchRun notes that elements were inserted or deleted.
func (s *Set) touchRun(o *Object, id ID, n int32, action change.Action) {
	if s.touched == nil || n == 0 {
		return
	}
	in := s.touched.in(s, o)
	in.marks = in.marks || action == change.ActionMark
	if in.all {
		return
	}
	run := sequence.Run{ID: id, N: n}
	if last := len(in.runs) - 1; last >= 0 {
		if both, ok := in.runs[last].Joined(run); ok {
			in.runs[last] = both
			return
		}
	}
	if in.runs = append(in.runs, run); len(in.runs) > fewRuns+o.seq.NumSpans()/8 {
		in.runs, in.all = nil, true
	}
}

// begin brings the clock up to date, by what is new: there may be many actors.
func (t *touched) begin(h *history) {
	for len(t.before) < len(h.actors) {
		t.before = append(t.before, h.actors[len(t.before)].maxOp)
	}
	for ; t.known < h.len(); t.known++ {
		r := h.records.at(t.known - h.first())
		t.before[r.actor] = max(t.before[r.actor], r.maxOp)
	}
}

// forget forgets what was touched.
func (t *touched) forget() {
	if t != nil {
		*t = touched{before: t.before, known: t.known, marks: t.marks}
	}
}
