package opset

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// build returns what an operation put where it stands, as plain values of Go: of
// an object, all that is in it. What these don't say becomes patches.
func (d *differ) build(op *Op, at func() *Path) any {
	o := op.Object
	if o == nil {
		return d.value(op)
	}
	path := at()
	switch {
	case o.IsText():
		return d.buildText(o, path)
	case o.IsMap():
		return d.buildMap(o, path)
	}
	return d.buildList(o, path)
}

func (d *differ) buildMap(o *Object, path *Path) map[string]any {
	m := map[string]any{}
	if !path.shows(o) {
		return m
	}
	for _, e := range o.ordered() {
		v := d.after.values(o, spot{key: e.key}, &e.slot)
		if v.winner == nil {
			continue
		}
		if v.conflict {
			d.arrived = append(d.arrived, Patch{Path: path, Action: PatchConflict, Key: e.key, Conflict: true})
		}
		m[e.key] = d.build(v.winner, func() *Path { return path.atKey(e.key) })
	}
	return m
}

func (d *differ) buildList(o *Object, path *Path) []any {
	list := []any{}
	if !path.shows(o) {
		return list
	}
	for span := range o.seq.Spans() {
		if span.Kind != sequence.Cell {
			for _, p := range d.after.alive(nil, &span) {
				content, _ := span.Slice(p.from, p.to-p.from)
				for op := range scalars(span.Kind, content, p.to-p.from) {
					list = append(list, d.value(op))
				}
			}
			continue
		}
		v := d.after.values(o, spot{elem: span.ID}, &o.cells[span.Cell])
		if v.winner == nil {
			continue
		}
		if v.conflict {
			d.arrived = append(d.arrived, Patch{Path: path, Action: PatchConflict, Index: len(list), Conflict: true})
		}
		list = append(list, d.build(v.winner, func() *Path { return path.at(len(list)) }))
	}
	return list
}

// buildText returns a text; what is no text in it as U+FFFC, and, by patches, as
// what it is.
func (d *differ) buildText(o *Object, path *Path) string {
	var b []byte
	pos := 0
	for span := range o.seq.Spans() {
		if span.Kind != sequence.Cell {
			for _, p := range d.after.alive(nil, &span) {
				content, width := span.Slice(p.from, p.to-p.from)
				b, pos = append(b, content...), pos+int(width[d.unit])
			}
			continue
		}
		op := d.after.values(o, spot{elem: span.ID}, &o.cells[span.Cell]).winner
		switch {
		case op == nil:
			continue
		case o.isText(op):
			b = append(b, op.Value.Raw...)
		default:
			b = append(b, placeholder...)
			d.arrive(op, path, pos)
		}
		pos += int(o.widthOf(op)[d.unit])
	}
	if o.marks > 0 {
		for _, m := range o.marksIn(d.unit, d.after, d.after) {
			d.arrived = append(d.arrived, d.markPatch(path, m))
		}
	}
	return string(b)
}

// arrive puts what is no text into a text that is new.
func (d *differ) arrive(op *Op, path *Path, pos int) {
	put := Patch{Path: path, Action: PatchPut, Index: pos, Values: []any{nil}}
	d.arrived = append(d.arrived, put)
	put.Values[0] = d.build(op, func() *Path { return path.at(pos) })
}

// markPatch returns the patch that makes a mark.
func (d *differ) markPatch(path *Path, m Mark) Patch {
	value := d.value(&Op{Action: change.ActionSet, Value: m.Value})
	return Patch{Path: path, Action: PatchMark, Key: m.Name, Index: m.Start, Length: m.End - m.Start, Values: []any{value}}
}
