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
	if o.places == nil {
		o.places = s.placesIn(o)
		s.placed.objects = append(s.placed.objects, o)
	}
	t, ok := o.places[id]
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

// place notes where a foreign operation is.
func (o *Object) place(id ID, t target) {
	if o.places != nil {
		o.places[id] = t
	}
}

// placed are the objects that have a list of places. Local writes aren't in it:
// it is made anew after them.
type placed struct {
	objects []*Object
	written uint64 // local changes when the first list was made
}

func (p *placed) check(s *Set) {
	if written := s.history.lastSeq(s.self); p.written != written {
		for _, o := range p.objects {
			o.places = nil
		}
		p.objects, p.written = nil, written
	}
}
