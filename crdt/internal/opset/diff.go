package opset

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// differ compares what a document said at two times.
type differ struct {
	s             *Set
	unit          sequence.Unit
	value         func(*Op) any // of a scalar
	before, after view

	patches []Patch
	// arrived are patches for what values don't say of objects that are new:
	// marks, conflicts, and what is no text in texts.
	arrived []Patch
	places  map[*Object]located
	// children are objects that were there before and after, if all is compared.
	children []located
	all      bool
}

// located is an object that was shown before and after, and where it is now.
type located struct {
	object *Object // nil if it wasn't
	path   *Path
}

// locate says where an object is, if it was shown before and is shown now.
func (d *differ) locate(o *Object, before clock) (*Path, bool) {
	if !before.covers(o.ID) {
		return nil, false
	}
	var way []*Object
	at, known := located{object: d.s.root}, false
	for o != d.s.root {
		if at, known = d.places[o]; known {
			break
		}
		if way = append(way, o); len(way) > MaxDepth+1 {
			return nil, false
		}
		o = o.parent
	}
	if !known {
		at = located{object: d.s.root}
	}
	for i := len(way) - 1; i >= 0; i-- {
		at = d.below(at, way[i])
		if d.places == nil {
			d.places = make(map[*Object]located)
		}
		d.places[way[i]] = at
	}
	return at.path, at.object != nil
}

// below locates an object whose container was located.
func (d *differ) below(parent located, o *Object) located {
	if parent.object == nil || !parent.path.shows(parent.object) {
		return located{}
	}
	at, p := spot{key: o.key}, (*slot)(nil)
	if parent.object.IsMap() {
		p = &parent.object.entry(o.key).slot
	} else {
		e, err := parent.object.seq.Element(o.elem)
		if err != nil || e.Kind != sequence.Cell {
			return located{}
		}
		at, p = spot{elem: o.elem}, &parent.object.cells[e.Cell]
	}
	if !d.before.values(parent.object, at, p).shows(o) || !d.after.values(parent.object, at, p).shows(o) {
		return located{}
	}
	if parent.object.IsMap() {
		return located{o, parent.path.atKey(o.key)}
	}
	index, _ := parent.object.seq.Position(o.elem)
	return located{o, parent.path.at(int(index[d.unit]))}
}

// shows reports whether an object stands there.
func (v values) shows(o *Object) bool { return v.winner != nil && v.winner.Object == o }

// touched compares what was touched in an object.
func (d *differ) touched(in *traces, path *Path) {
	o := in.object
	switch {
	case !path.shows(o):
		return
	case o.IsMap():
		keys := make([]string, 0, len(in.slots))
		for at := range in.slots {
			keys = append(keys, at.key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			d.key(o, o.entry(key), path)
		}
	default:
		d.sequence(o, path, in)
	}
	d.settle()
}

// whole compares all of an object.
func (d *differ) whole(o *Object, path *Path) {
	switch {
	case !path.shows(o):
		return
	case o.IsMap():
		for _, e := range o.ordered() {
			d.key(o, e, path)
		}
	default:
		d.sequence(o, path, nil)
	}
	d.settle()
}

// settle appends what is to be said of new objects.
func (d *differ) settle() {
	d.patches = append(d.patches, d.arrived...)
	d.arrived = d.arrived[:0]
}

// key compares a key of a map.
func (d *differ) key(o *Object, e *entry, path *Path) {
	at := spot{key: e.key}
	was, is := d.before.values(o, at, &e.slot), d.after.values(o, at, &e.slot)
	if was.winner != nil && is.winner == nil {
		d.patches = append(d.patches, Patch{Path: path, Action: PatchDelete, Key: e.key})
		return
	}
	d.replaced(was, is, Patch{Path: path, Key: e.key}, func() *Path { return path.atKey(e.key) })
}

// replaced compares values of which the latter, if there is one, stands now
// where a patch says.
func (d *differ) replaced(was, is values, p Patch, at func() *Path) {
	p.Conflict = is.conflict
	a, b := was.winner, is.winner
	switch {
	case b == nil:
		return
	case a == nil || a.ID != b.ID && !a.equal(b):
		p.Action, p.Values = PatchPut, []any{nil}
		d.patches = append(d.patches, p)
		p.Values[0] = d.build(b, at)
		return
	case b.Object != nil:
		d.stays(b.Object, at)
	case b.counter() && a.Counter() != b.Counter():
		p.Action, p.By = PatchIncrement, b.Counter()-a.Counter()
		d.patches = append(d.patches, p)
	}
	if was.others != is.others {
		p.Action, p.By = PatchConflict, 0
		d.patches = append(d.patches, p)
	}
}

// equal reports whether two operations say the same.
func (o *Op) equal(other *Op) bool {
	switch {
	case o.Object != nil || other.Object != nil:
		return false
	case o.counter() && other.counter():
		return o.Counter() == other.Counter()
	}
	return same(o.Value, other.Value)
}

// stays notes an object that was there and is there still.
func (d *differ) stays(o *Object, at func() *Path) {
	if d.all {
		d.children = append(d.children, located{o, at()})
	}
}
