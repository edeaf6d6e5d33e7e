package opset_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// mirror is what somebody knows of a document who only gets its patches. It is
// as simple as can be.
type mirror struct {
	unit sequence.Unit
	root mirrored
}

// mirrored is a value: a scalar, a map, a list, or a string, of which each
// letter is a place, and what is no letter, too.
type mirrored struct {
	kind   byte // of a scalar 's', of a map 'm', of a list 'l', of a string 't'
	scalar any
	keys   map[string]*spot
	places []*spot
}

// spot is a place of a document.
type spot struct {
	mirrored
	letter   rune // of a string
	conflict bool
	marks    map[string]any
}

func newMirror(u sequence.Unit) *mirror { return &mirror{u, mirroredOf(map[string]any{})} }

// mirroredOf makes a value of what patches hold.
func mirroredOf(v any) mirrored {
	switch v := v.(type) {
	case map[string]any:
		m := mirrored{kind: 'm', keys: map[string]*spot{}}
		for key, v := range v {
			m.keys[key] = &spot{mirrored: mirroredOf(v)}
		}
		return m
	case []any:
		m := mirrored{kind: 'l'}
		for _, v := range v {
			m.places = append(m.places, &spot{mirrored: mirroredOf(v)})
		}
		return m
	case string:
		return mirrored{kind: 't', places: letters(v)}
	}
	return mirrored{kind: 's', scalar: v}
}

func letters(text string) []*spot {
	var places []*spot
	for _, r := range text {
		places = append(places, &spot{letter: r})
	}
	return places
}

// width of a place of a list or string.
func (p *mirror) width(in *mirrored, s *spot) int {
	switch {
	case in.kind == 'l' || p.unit == sequence.Points:
		return 1
	case p.unit == sequence.UTF16:
		return len(utf16.Encode([]rune{s.letter}))
	}
	return len(string(s.letter))
}

// index returns how many places come before a position.
func (p *mirror) index(in *mirrored, pos int) int {
	for i, s := range in.places {
		if pos <= 0 {
			if pos < 0 {
				panic("a position within a letter")
			}
			return i
		}
		pos -= p.width(in, s)
	}
	if pos != 0 {
		panic("a position behind the end")
	}
	return len(in.places)
}

func (p *mirror) at(path []any) *mirrored {
	v := &p.root
	for _, step := range path {
		switch step := step.(type) {
		case string:
			v = &v.keys[step].mirrored
		case int:
			v = &v.places[p.index(v, step)].mirrored
		}
	}
	return v
}

func (p *mirror) apply(t *testing.T, patches []opset.Patch) {
	t.Helper()
	for i, patch := range patches {
		func() {
			defer func() {
				if r := recover(); r != nil {
					t.Fatalf("patch %d of\n%s: %v", i, describe(patches), r)
				}
			}()
			p.applyOne(&patch)
		}()
	}
}

func (p *mirror) applyOne(patch *opset.Patch) {
	in := p.at(patch.Path.Steps())
	var at *spot
	i, end := 0, 0
	if in.kind == 'm' {
		at = in.keys[patch.Key]
	} else {
		i, end = p.index(in, patch.Index), p.index(in, patch.Index+patch.Length)
		if i < len(in.places) {
			at = in.places[i]
		}
	}
	switch patch.Action {
	case opset.PatchPut:
		v := mirroredOf(patch.Values[0])
		switch in.kind {
		case 'm':
			in.keys[patch.Key] = &spot{mirrored: v, conflict: patch.Conflict}
		case 'l':
			*at = spot{mirrored: v, conflict: patch.Conflict}
		default:
			if at.letter != '\ufffc' {
				panic("put over a letter")
			}
			at.mirrored = v
		}
	case opset.PatchDelete:
		if in.kind == 'm' {
			if at == nil {
				panic("it isn't there")
			}
			delete(in.keys, patch.Key)
		} else {
			in.places = slices.Delete(in.places, i, end)
		}
	case opset.PatchInsert:
		for k, v := range patch.Values {
			s := &spot{mirrored: mirroredOf(v), conflict: patch.Conflict}
			if in.kind == 't' {
				s.letter = '\ufffc'
			}
			in.places = slices.Insert(in.places, i+k, s)
		}
	case opset.PatchSplice:
		in.places = slices.Replace(in.places, i, end, letters(patch.Text)...)
	case opset.PatchIncrement:
		at.scalar = at.scalar.(counter) + counter(patch.By)
	case opset.PatchConflict:
		at.conflict = patch.Conflict
	case opset.PatchMark:
		for _, s := range in.places[i:end] {
			if s.marks == nil {
				s.marks = map[string]any{}
			}
			if s.marks[patch.Key] = patch.Values[0]; patch.Values[0] == nil {
				delete(s.marks, patch.Key)
			}
		}
	}
}

func (v *mirrored) String() string {
	var b strings.Builder
	switch v.kind {
	case 's':
		fmt.Fprintf(&b, "%T %v", v.scalar, v.scalar)
	case 'm':
		keys := make([]string, 0, len(v.keys))
		for key := range v.keys {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			fmt.Fprintf(&b, "%q: %v, ", key, v.keys[key])
		}
	default:
		for _, s := range v.places {
			fmt.Fprintf(&b, "%v, ", s)
		}
	}
	return string(v.kind) + "(" + b.String() + ")"
}

func (s *spot) String() string {
	out := ""
	if s.letter != 0 {
		out = fmt.Sprintf("%q", s.letter)
	}
	if s.kind != 0 {
		out += s.mirrored.String()
	}
	if s.conflict {
		out += "!"
	}
	if len(s.marks) > 0 {
		out += fmt.Sprint(s.marks)
	}
	return out
}

// counter is the value of a counter.
type counter int64

func scalar(op *opset.Op) any {
	switch v := op.Value; v.Type {
	case change.ValueCounter:
		return counter(op.Counter())
	case change.ValueText:
		return string(v.Raw)
	case change.ValueInt:
		return v.Int()
	case change.ValueTrue:
		return true
	}
	return nil
}

// said returns what a document says as a mirror would show it.
func said(u sequence.Unit, o *opset.Object) mirrored {
	switch {
	case o.IsMap():
		m := mirrored{kind: 'm', keys: map[string]*spot{}}
		for key, op := range o.Entries() {
			m.keys[key] = &spot{mirrored: saidBy(u, op), conflict: several(o.Conflicts(key))}
		}
		return m
	case o.IsText():
		return saidText(u, o)
	}
	m := mirrored{kind: 'l'}
	i := 0
	for op := range o.Elements() {
		m.places = append(m.places, &spot{mirrored: saidBy(u, &op), conflict: several(o.ConflictsAt(i))})
		i++
	}
	return m
}

func several(ops []opset.Op) bool {
	n := 0
	for i := range ops {
		if ops[i].Action != change.ActionMark {
			n++
		}
	}
	return n > 1
}

func saidBy(u sequence.Unit, op *opset.Op) mirrored {
	if op.Object != nil {
		return said(u, op.Object)
	}
	return mirroredOf(scalar(op))
}

func saidText(u sequence.Unit, o *opset.Object) mirrored {
	m := mirrored{kind: 't'}
	for op := range o.Elements() {
		if op.Action == change.ActionSet && op.Value.Type == change.ValueText {
			m.places = append(m.places, letters(string(op.Value.Raw))...)
		} else {
			m.places = append(m.places, &spot{letter: '\ufffc', mirrored: saidBy(u, &op)})
		}
	}
	p := &mirror{unit: u}
	for _, mark := range o.Marks(u) {
		value := scalar(&opset.Op{Value: mark.Value})
		for _, s := range m.places[p.index(&m, mark.Start):p.index(&m, mark.End)] {
			if s.marks == nil {
				s.marks = map[string]any{}
			}
			s.marks[mark.Name] = value
		}
	}
	return m
}

func describe(patches []opset.Patch) string {
	var b strings.Builder
	for _, p := range patches {
		fmt.Fprintf(&b, "%v action %d key %q index %d length %d values %v text %q by %d conflict %t\n",
			p.Path.Steps(), p.Action, p.Key, p.Index, p.Length, p.Values, p.Text, p.By, p.Conflict)
	}
	return b.String()
}

// shows fails unless the mirror shows what the document says.
func (p *mirror) shows(t *testing.T, s *opset.Set, patches []opset.Patch) {
	t.Helper()
	want := said(p.unit, s.Root())
	if got, want := p.root.String(), want.String(); got != want {
		t.Fatalf("after\n%sthe mirror shows\n%s, want\n%s", describe(patches), got, want)
	}
}
