package opset

import (
	"slices"
	"sync"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// manyWrites is how many writes, and bytes of letters, memory is kept for between
// transactions.
const manyWrites = 1024

// scratch is the memory of a transaction. It is shared by all documents: few
// write at the same time, and most hold still.
type scratch struct {
	pending []write
	letters []byte // of all writes
	runs    []change.Run
	preds   []change.OpID // of all runs
	deps    []change.Hash
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// begin takes memory for a transaction, if there is none yet.
func (s *Set) begin() {
	if s.scratch == nil {
		s.scratch = scratches.Get().(*scratch)
		s.pending = s.scratch.pending
	}
}

// forget ends a transaction.
func (s *Set) forget() {
	x := s.scratch
	if x == nil {
		return
	}
	clear(s.pending)
	clear(x.runs)
	clear(x.preds)
	if max(cap(s.pending), cap(x.letters), cap(x.runs), cap(x.preds), cap(x.deps)) <= manyWrites {
		*x = scratch{s.pending[:0], x.letters[:0], x.runs[:0], x.preds[:0], x.deps[:0]}
		scratches.Put(x)
	}
	s.pending, s.scratch = nil, nil
}

// Pending reports whether something was written since the last commit.
func (s *Set) Pending() bool { return len(s.pending) > 0 }

// Commit makes one change of what was written since the last commit; an empty
// one if nothing was. Time is in seconds and decides nothing.
func (s *Set) Commit(message string, time int64) (*change.Change, error) {
	s.begin()
	x := s.scratch
	if err := s.deps(); err != nil {
		return nil, err
	}
	d := change.Draft{
		Actor:   s.actors.ids[s.self],
		Seq:     s.history.lastSeq(s.self) + 1,
		StartOp: uint64(s.maxOp) + 1,
		Time:    time,
		Message: message,
		Deps:    x.deps,
	}
	if len(s.pending) > 0 {
		d.StartOp = uint64(s.opened)
	}
	x.runs, x.preds = x.runs[:0], x.preds[:0]
	for i := range s.pending {
		s.asRuns(&s.pending[i])
	}
	d.Runs = x.runs
	c, err := d.Encode()
	if err != nil {
		return nil, err
	}
	s.history.add(&s.actors, c)
	s.forget()
	return c, nil
}

// deps lists what the next change depends on: the heads, and its author's
// previous change, which is in their past or one of them, so that it may be
// left out where a change has no room for it.
func (s *Set) deps() error {
	h, x := &s.history, s.scratch
	if h.closed() {
		return ErrClosed
	}
	x.deps = x.deps[:0]
	for _, head := range h.heads {
		x.deps = append(x.deps, head.Hash)
	}
	if h.lastSeq(s.self) == 0 || len(x.deps) == change.MaxDeps {
		return nil
	}
	last := h.actors[s.self].last
	if slices.ContainsFunc(h.heads, func(head document.Head) bool { return head.Index == int(last) }) {
		return nil
	}
	if int(last) < h.first() {
		if err := s.rebuild(); err != nil {
			return err
		}
	}
	x.deps = append(x.deps, h.hash(last))
	return nil
}

// asRuns notes what was written as a change has it.
func (s *Set) asRuns(w *write) {
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
	x := s.scratch
	first := len(x.preds)
	for _, pred := range w.pred {
		x.preds = append(x.preds, s.opID(pred))
	}
	if w.run && w.insert {
		s.letters(w, r)
		return
	}
	if w.run {
		x.preds = append(x.preds, r.Key.Elem)
	}
	r.Pred = x.preds[first:]
	x.runs = append(x.runs, r)
}

// letters notes a run of letters: those next to each other that are as many
// bytes.
func (s *Set) letters(w *write, r change.Run) {
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
		s.scratch.runs = append(s.scratch.runs, r)
		id = id.Plus(int32(n))
		r.Key.Elem = s.opID(id.Plus(-1))
		text = text[size:]
	}
}
