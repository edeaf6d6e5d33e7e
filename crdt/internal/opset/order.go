package opset

// order verifies that elements come in the order that their ids demand: behind
// what they were inserted after, and the later one of two that were inserted
// after the same first. No hash covers that order: without this check two
// documents with the same heads could say different things.
type order struct {
	actors *actors
	// path leads from the head to the last element: each part is elements of
	// which each was inserted after the one before it.
	path []stretch
}

type stretch struct {
	first ID
	last  int32 // the last one that is still on the path
}

// next takes n elements, the first of which was inserted after ref and each
// other after the one before it. It reports whether they may come now.
func (o *order) next(id, ref ID, n int) bool {
	if ref.Counter >= id.Counter {
		return false
	}
	var sibling ID // which came before and was inserted after the same element
	for {
		top := len(o.path) - 1
		if top < 0 {
			if ref != (ID{}) {
				return false
			}
			break
		}
		t := &o.path[top]
		k := int64(ref.Counter) - int64(t.first.Counter)
		if ref.Actor == t.first.Actor && k >= 0 && k <= int64(t.last) {
			if k < int64(t.last) {
				sibling = t.first.Plus(int32(k) + 1)
				t.last = int32(k)
			}
			break
		}
		sibling = t.first
		o.path = o.path[:top]
	}
	if sibling != (ID{}) && o.actors.compare(id, sibling) >= 0 {
		return false
	}
	if top := len(o.path) - 1; top >= 0 && o.last() == ref && ref.Plus(1) == id {
		o.path[top].last += int32(n)
	} else {
		o.path = append(o.path, stretch{id, int32(n) - 1})
	}
	return true
}

// element returns the last element that was taken.
func (o *order) element() ID {
	if len(o.path) == 0 {
		return ID{}
	}
	return o.last()
}

func (o *order) last() ID {
	t := o.path[len(o.path)-1]
	return t.first.Plus(t.last)
}
