package hub

import "slices"

// turns is a set of documents, each of which is to have its turn.
type turns struct {
	list []*document
	next int                    // in list; what is before has had its turn
	in   map[*document]struct{} // nil while the set is small
}

const (
	fewTurns  = 16 // as many are looked through sooner than looked up
	keepTurns = 8  // room that an empty set keeps
)

func (t *turns) len() int { return len(t.list) - t.next }

func (t *turns) has(d *document) bool {
	if t.in != nil {
		_, ok := t.in[d]
		return ok
	}
	return slices.Contains(t.list[t.next:], d)
}

// add puts a document at the end, unless it waits already.
func (t *turns) add(d *document) {
	if t.has(d) {
		return
	}
	if len(t.list) == cap(t.list) && t.next > len(t.list)/2 {
		t.list = slices.Delete(t.list, 0, t.next)
		t.next = 0
	}
	t.list = append(t.list, d)
	switch {
	case t.in != nil:
		t.in[d] = struct{}{}
	case t.len() > fewTurns:
		t.in = make(map[*document]struct{}, 2*fewTurns)
		for _, d := range t.list[t.next:] {
			t.in[d] = struct{}{}
		}
	}
}

// take returns the document whose turn it is; nil if there is none.
func (t *turns) take() *document {
	if t.len() == 0 {
		return nil
	}
	d := t.list[t.next]
	t.list[t.next] = nil
	t.next++
	delete(t.in, d)
	if t.len() == 0 {
		t.clear()
	}
	return d
}

func (t *turns) clear() {
	if cap(t.list) > keepTurns {
		t.list = nil
	}
	clear(t.list)
	t.list, t.next, t.in = t.list[:0], 0, nil
}
