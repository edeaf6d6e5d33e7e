package replica

import "slices"

// join stages the changes of the next errand, and waits for the other documents
// of its commit. Nothing that others brought goes along, so that all can be taken
// back as if it had never been: held changes that wait for these are let go when
// they are durable.
func (d *Document) join(fx *Effects) {
	e := d.nextErrand()
	s := slice{base: d.intake.Graph().Len()}
	d.add(e, &s)
	if e.err != nil || len(s.staged) == 0 {
		d.intake.Graph().Rollback()
		d.own.finish(nil)
		fx.Again = d.hasWork()
		return
	}
	d.appending, d.joint = true, s.staged
	e.joint.Joiner.Staged(&Append{Base: s.base, Changes: s.staged, Own: len(s.staged)})
}

// letGo decides about what waited for changes that were committed with those of
// other documents.
func (d *Document) letGo(fx *Effects) {
	if d.joint == nil {
		return
	}
	s := slice{base: d.intake.Graph().Len()}
	d.note(d.intake.LetGo(d.joint), nil, &s, fx)
	if d.joint = nil; len(s.staged) > 0 {
		d.store(&s, fx)
	}
}

// withdraw takes back what waits, or is staged.
func (d *Document) withdraw(ev Withdrawn, fx *Effects) {
	isIt := func(e *errand) bool { return e.joint == ev.Joint }
	if i := slices.IndexFunc(d.own.waiting, isIt); i >= 0 {
		d.own.waiting = slices.Delete(d.own.waiting, i, i+1)
		ev.Joint.Joiner.Done(ev.Err)
		return
	}
	if !slices.ContainsFunc(d.own.decided, isIt) {
		return
	}
	d.intake.Graph().Rollback()
	d.appending, d.joint = false, nil
	d.own.finish(ev.Err)
	d.oweAll(fx) // who may have been kept waiting to hear of it
	fx.Again = d.hasWork()
}
