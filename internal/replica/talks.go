package replica

// talks are a document's conversations, in an order that doesn't depend on
// chance.
type talks struct {
	list []*talk
	of   map[*Neighbour]*talk // nil while the list is short
}

const shortList = 8

// with returns the conversation with a neighbour; nil if there is none.
func (ts *talks) with(n *Neighbour) *talk {
	if ts.of != nil {
		return ts.of[n]
	}
	for _, t := range ts.list {
		if t.neighbour == n {
			return t
		}
	}
	return nil
}

func (ts *talks) add(n *Neighbour) *talk {
	t := &talk{neighbour: n, origin: n.Origin, place: len(ts.list)}
	ts.list = append(ts.list, t)
	switch {
	case ts.of != nil:
		ts.of[n] = t
	case len(ts.list) > shortList:
		ts.of = make(map[*Neighbour]*talk, len(ts.list))
		for _, t := range ts.list {
			ts.of[t.neighbour] = t
		}
	}
	return t
}

// remove takes a neighbour's conversation out and fills the gap with the last.
func (ts *talks) remove(n *Neighbour) {
	t := ts.with(n)
	if t == nil {
		return
	}
	end := len(ts.list) - 1
	last := ts.list[end]
	ts.list[t.place], last.place = last, t.place
	ts.list[end] = nil
	ts.list = ts.list[:end]
	delete(ts.of, n)
	t.neighbour = nil
}
