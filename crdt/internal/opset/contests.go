package opset

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// Step is one step down in a document: a map's key, or a list's index.
type Step struct {
	Key   string
	Index int // -1 of a key
}

// Contests calls visit with each place at which several values stand, in the
// object and in the maps and lists that are shown in it, to [MaxDepth]: with the
// way there, which is visit's only while it runs, and the operations, as
// [Object.Conflicts] has them. What texts hold is passed over.
func (o *Object) Contests(visit func(path []Step, ops []Op)) {
	const deep = 16 // enough for most
	o.contests(make([]Step, 0, deep), visit)
}

func (o *Object) contests(path []Step, visit func(path []Step, ops []Op)) {
	switch {
	case o.IsText() || len(path) > MaxDepth:
	case o.IsMap():
		for _, e := range o.ordered() {
			e.contests(append(path, Step{e.key, -1}), visit)
		}
	default:
		index := 0
		for span := range o.seq.Spans() {
			if span.Visible && span.Kind == sequence.Cell {
				o.cells[span.Cell].contests(append(path, Step{Index: index}), visit)
			}
			if span.Visible {
				index += int(span.N)
			}
		}
	}
}

func (s *slot) contests(path []Step, visit func(path []Step, ops []Op)) {
	if s.contested() {
		visit(path, s.conflicts())
	}
	if w := s.winner(); w != nil && w.Object != nil {
		w.Object.contests(path, visit)
	}
}

// contested reports whether several values stand here.
func (s *slot) contested() bool {
	n := 0
	for range s.latest {
		if n++; n > 1 {
			return true
		}
	}
	return false
}

// OpID returns the id of an operation as changes name it.
func (s *Set) OpID(op *Op) change.OpID { return s.opID(op.ID) }
