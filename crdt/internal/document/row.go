package document

// Op reads the current row into op and moves on; false after the last row. It
// reuses op.Succ; the value's bytes alias the document. It is the slower way:
// see [Rows.Span].
func (r *Rows) Op(op *Op) (bool, error) {
	s := &r.span
	n, err := r.Span(s)
	if err != nil || n == 0 {
		return false, err
	}
	// Rows that share a name share its string.
	if s.InList {
		op.Key = Key{Elem: s.Elem, InList: true}
	} else {
		if string(s.Name) != r.name {
			r.name = string(s.Name)
		}
		op.Key = Key{Name: r.name}
	}
	if string(s.Mark) != r.mark {
		r.mark = string(s.Mark)
	}
	op.ID, op.Obj, op.Insert, op.Action = s.ID, s.Obj, s.Insert, s.Action
	op.Expand, op.Marked, op.Mark = s.Expand, s.Marked, r.mark
	op.Value.Type = s.Kind
	if op.Value.Raw, err = r.Values(s, 1); err != nil {
		return false, err
	}
	op.Succ = op.Succ[:0]
	for left := s.Succs; left > 0; {
		ids, err := r.Succs(left)
		if err != nil {
			return false, err
		}
		op.Succ = ids.appendTo(op.Succ)
		left -= ids.Count
	}
	r.Advance(1)
	return true, nil
}

func (p IDs) appendTo(list []ID) []ID {
	at := int64(p.First.Counter)
	for range p.Count {
		list = append(list, ID{uint32(at), p.First.Actor})
		at += p.Step
	}
	return list
}

// Change reads the current row into c and moves on; false after the last row.
// It reuses c.Deps; the extra bytes alias the document.
func (r *ChangeRows) Change(c *Change) (bool, error) {
	s := &r.span
	n, err := r.Span(s)
	if err != nil || n == 0 {
		return false, err
	}
	if string(s.Message) != r.message {
		r.message = string(s.Message)
	}
	c.Actor, c.Seq, c.MaxOp, c.Time = s.Actor, uint64(s.Seq), uint64(s.MaxOp), s.Time
	c.HasMessage, c.Message = s.HasMessage, r.message
	c.Extra = r.Extra(s, 1)
	c.Deps = c.Deps[:0]
	for len(c.Deps) < s.Deps {
		deps, err := r.Deps(s.Deps - len(c.Deps))
		if err != nil {
			return false, err
		}
		for i := range deps.Count {
			dep := deps.First + i*deps.Step
			if dep >= r.row {
				return false, r.fail(errIndex, "dependencies")
			}
			c.Deps = append(c.Deps, dep)
		}
	}
	r.Advance(1)
	return true, nil
}
