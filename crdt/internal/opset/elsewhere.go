package opset

// Operations that make sense name predecessors of their own place. For others
// an object lists where its operations are, from when the first one asks: who
// asks for many must not have all of them looked through each time.

// places says where the operations of an object are, but for those that
// inserted an element.
type places map[ID]target

// elsewhere looks for an operation in all of an object, and returns its place.
func (s *Set) elsewhere(o *Object, id ID) (target, bool) {
	if !o.IsMap() && o.seq.Has(id) {
		return target{object: o, elem: id}, true
	}
	p := o.places.Load()
	if p == nil {
		list := s.placesIn(o)
		p = &list
		o.places.Store(p)
	}
	t, ok := (*p)[id]
	return t, ok
}

func (s *Set) placesIn(o *Object) places {
	p := places{}
	var ops []*Op
	for _, e := range o.entries {
		ops = s.merged(ops[:0], &e.slot)
		for _, op := range ops {
			p[op.ID] = target{object: o, key: e.key}
		}
	}
	for i := range o.cells {
		ops = s.merged(ops[:0], &o.cells[i])
		for k, op := range ops {
			if k > 0 {
				p[op.ID] = target{object: o, elem: ops[0].ID}
			}
		}
	}
	return p
}

// place notes where an operation is.
func (o *Object) place(id ID, t target) {
	if p := o.places.Load(); p != nil {
		(*p)[id] = t
	}
}

// unplace takes back what place did.
func (o *Object) unplace(id ID) {
	if p := o.places.Load(); p != nil {
		delete(*p, id)
	}
}
