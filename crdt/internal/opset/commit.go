package opset

import (
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// manyWrites is how many writes memory is kept for between transactions.
const manyWrites = 1024

// scratch is the memory of a transaction. It is shared by all documents: few
// write at the same time, and most hold still.
type scratch struct {
	pending []write
	runs    []change.Run
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// forget ends a transaction.
func (s *Set) forget() {
	if s.scratch == nil {
		return
	}
	clear(s.pending)
	clear(s.scratch.runs)
	if cap(s.pending) <= manyWrites && cap(s.scratch.runs) <= manyWrites {
		s.scratch.pending, s.scratch.runs = s.pending[:0], s.scratch.runs[:0]
		scratches.Put(s.scratch)
	}
	s.pending, s.scratch = nil, nil
}

// Pending reports whether something was written since the last commit.
func (s *Set) Pending() bool { return len(s.pending) > 0 }

// Commit makes one change of what was written since the last commit; an empty
// one if nothing was. Time is in seconds and decides nothing.
func (s *Set) Commit(message string, time int64) (*change.Change, error) {
	deps, err := s.deps()
	if err != nil {
		return nil, err
	}
	d := change.Draft{
		Actor:   s.actors.ids[s.self],
		Seq:     s.history.lastSeq(s.self) + 1,
		StartOp: uint64(s.maxOp) + 1,
		Time:    time,
		Message: message,
		Deps:    deps,
	}
	if len(s.pending) > 0 {
		d.StartOp = uint64(s.opened)
		d.Runs = s.scratch.runs
	}
	for i := range s.pending {
		d.Runs = s.asRuns(d.Runs, &s.pending[i])
	}
	c, err := d.Encode()
	if err != nil {
		return nil, err
	}
	s.history.add(&s.actors, c)
	if s.scratch != nil {
		s.scratch.runs = d.Runs
	}
	s.forget()
	return c, nil
}

// deps returns what the next change depends on: the heads, and its author's
// previous change.
func (s *Set) deps() ([]change.Hash, error) {
	if s.history.closed() {
		return nil, ErrClosed
	}
	deps := s.Heads()
	if s.history.lastSeq(s.self) == 0 {
		return deps, nil
	}
	last := s.history.actors[s.self].last
	if slices.ContainsFunc(s.history.heads, func(head document.Head) bool { return head.Index == int(last) }) {
		return deps, nil
	}
	if int(last) < s.history.first() {
		if err := s.rebuild(); err != nil {
			return nil, err
		}
	}
	return append(deps, s.history.hash(last)), nil
}

// asRuns appends what was written as a change has it.
func (s *Set) asRuns(runs []change.Run, w *write) []change.Run {
	r := change.Run{N: int(w.n)}
	r.Obj, r.Insert, r.Action, r.Value = s.opID(w.object.ID), w.insert, w.action, w.value
	if w.mark != nil {
		r.MarkName, r.Expand = w.mark.name, w.mark.expand
	}
	if w.object.IsMap() {
		r.Key = change.MapKey(w.key)
	} else {
		r.Key = change.ElemKey(s.opID(w.elem))
	}
	for _, pred := range w.pred {
		r.Pred = append(r.Pred, s.opID(pred))
	}
	if w.run && w.insert {
		return s.letters(runs, w, r)
	}
	if w.run {
		r.Pred = []change.OpID{r.Key.Elem}
	}
	return append(runs, r)
}

// letters appends a run of letters: those next to each other that are as many
// bytes.
func (s *Set) letters(runs []change.Run, w *write, r change.Run) []change.Run {
	id := w.id
	for text := w.text; len(text) > 0; {
		n, size := 0, 0
		for len(text) > size {
			first, _ := sequence.Cut(sequence.Text, text[size:])
			if n > 0 && len(first) != size/n {
				break
			}
			n, size = n+1, size+len(first)
		}
		r.N, r.Value = n, change.Value{Type: change.ValueText, Raw: text[:size]}
		runs = append(runs, r)
		id = id.Plus(int32(n))
		r.Key.Elem = s.opID(id.Plus(-1))
		text = text[size:]
	}
	return runs
}
