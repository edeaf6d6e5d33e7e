package opset

import "github.com/godwit-sync/godwit/crdt/change"

// beyondMarks returns the element after which something is inserted that comes
// behind ref: marks that begin or end there are passed if they expand over it,
// or don't, respectively.
func (o *Object) beyondMarks(ref ID) ID {
	path := []ID{ref}
	for e, ok := o.seq.After(ref); ok; e, ok = o.seq.After(e.ID) {
		m := o.markAt(e.Cell)
		if m == nil {
			if e.Visible {
				break
			}
			continue
		}
		if m.name == nil { // the end of a mark, whose beginning was the operation before
			if j := lastIndex(path, e.ID.Plus(-1)); j >= 0 {
				path = path[:j]
				continue
			}
		}
		if m.expand == (m.name != nil) {
			path = append(path, e.ID)
		}
	}
	return path[len(path)-1]
}

func lastIndex(ids []ID, id ID) int {
	for i := len(ids) - 1; i >= 0; i-- {
		if ids[i] == id {
			return i
		}
	}
	return -1
}

// markAt returns the mark that a cell is, or nil.
func (o *Object) markAt(cell int32) *mark {
	if cell == 0 {
		return nil
	}
	slot := &o.cells[cell]
	for _, ops := range [][]Op{slot.live, slot.past} {
		if len(ops) > 0 && ops[0].Action == change.ActionMark {
			return ops[0].mark
		}
	}
	return nil
}
