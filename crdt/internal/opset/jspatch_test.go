package opset_test

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// jsPatch is a patch of @automerge/automerge: its path leads to the place itself.
type jsPatch struct {
	Action string
	Path   []any
	Value  any
	Values []any
	Length int
	Marks  any // of a splice by name, of mark a list
}

// screens are what the patches of JavaScript lead to, and ours.
type screens struct {
	theirs, ours *mirror
	// Where JavaScript shows something else before it saves than after it is
	// passed over: counters that were in conflict, lists in another order.
	// So are the marks of JavaScript's diff: it leads to others than the document
	// of those changes has, also in JavaScript.
	counters, lists, marks bool
}

func newScreens(s *opset.Set) *screens {
	s.Observe(true)
	shown := func() *mirror { return &mirror{sequence.UTF16, said(sequence.UTF16, s.Root())} }
	return &screens{theirs: shown(), ours: shown()}
}

// compare applies what both say of one step.
func (c *screens) compare(t *testing.T, s *opset.Set, patches []jsPatch) {
	t.Helper()
	c.ours.follow(t, s)
	c.counters = c.counters || several(s.Root().Conflicts("count"))
	c.agree(t, patches)
}

// agree applies patches of JavaScript, and verifies that they lead to the same
// as ours.
func (c *screens) agree(t *testing.T, patches []jsPatch) {
	t.Helper()
	for i := range patches {
		c.theirs.applyJS(&patches[i])
	}
	theirs, ours := c.theirs.root.bare(!c.marks), c.ours.root.bare(!c.marks)
	for key, over := range map[string]bool{"count": c.counters, "list": c.lists} {
		if over {
			delete(theirs.keys, key)
			delete(ours.keys, key)
		}
	}
	if got, want := ours.String(), theirs.String(); got != want {
		t.Fatalf("our patches lead to\n%s, those of JavaScript\n%+v\nto\n%s", got, patches, want)
	}
}

// jsDiff is what JavaScript says of two times of a document.
type jsDiff struct {
	Before, After []string
	Patches       []jsPatch
}

func (d *jsDiff) compare(t *testing.T, s *opset.Set) {
	t.Helper()
	before, after := hashes(t, d.Before), hashes(t, d.After)
	c := screens{marks: true}
	at := func(heads []change.Hash) *opset.Set {
		was, err := s.At(heads)
		if err != nil {
			t.Fatal(err)
		}
		c.counters = c.counters || several(was.Root().Conflicts("count"))
		return was
	}
	was, is := at(before), at(after)
	c.ours = &mirror{sequence.UTF16, said(sequence.UTF16, was.Root())}
	c.theirs = &mirror{sequence.UTF16, said(sequence.UTF16, was.Root())}
	patches, err := s.Diff(before, after, sequence.UTF16, scalar)
	if err != nil {
		t.Fatal(err)
	}
	c.ours.apply(t, patches)
	c.ours.shows(t, is, patches)
	c.agree(t, d.Patches)
}

func hashes(t *testing.T, text []string) (out []change.Hash) {
	for _, s := range text {
		var h change.Hash
		if _, err := hex.Decode(h[:], []byte(s)); err != nil {
			t.Fatal(err)
		}
		out = append(out, h)
	}
	return out
}

// bare returns a value without what JavaScript's patches don't tell: the end of
// a conflict, and the marks of blocks, or those of letters, too.
func (v *mirrored) bare(marks bool) mirrored {
	out := mirrored{kind: v.kind, scalar: v.scalar, keys: map[string]*spot{}}
	for key, s := range v.keys {
		out.keys[key] = &spot{mirrored: s.bare(marks)}
	}
	for _, s := range v.places {
		bare := &spot{mirrored: s.bare(marks), letter: s.letter}
		if marks && s.letter != '\ufffc' {
			bare.marks = s.marks
		}
		out.places = append(out.places, bare)
	}
	return out
}

func (p *mirror) applyJS(patch *jsPatch) {
	if patch.Action == "mark" {
		text := p.at(steps(patch.Path))
		for _, mark := range patch.Marks.([]any) {
			m := mark.(map[string]any)
			from, to := p.index(text, int(m["start"].(float64))), p.index(text, int(m["end"].(float64)))
			markJS(text.places[from:to], m["name"].(string), m["value"])
		}
		return
	}
	in := p.at(steps(patch.Path[:len(patch.Path)-1]))
	last := patch.Path[len(patch.Path)-1]
	key, isKey := last.(string)
	at, i := (*spot)(nil), 0
	if isKey {
		at = in.keys[key]
	} else if i = p.index(in, int(last.(float64))); i < len(in.places) {
		at = in.places[i]
	}
	switch patch.Action {
	case "put":
		if v := &(spot{mirrored: mirrorJS(key, patch.Value)}); isKey {
			in.keys[key] = v
		} else {
			in.places[i] = v
		}
	case "insert":
		for k, v := range patch.Values {
			s := &spot{mirrored: mirrorJS("", v)}
			if in.kind == 't' {
				s.letter = '\ufffc'
			}
			in.places = slices.Insert(in.places, i+k, s)
		}
	case "splice":
		in.places = slices.Insert(in.places, i, letters(patch.Value.(string))...)
		marks, _ := patch.Marks.(map[string]any)
		for name, value := range marks {
			markJS(in.places[i:i+len(letters(patch.Value.(string)))], name, value)
		}
	case "del":
		if isKey {
			delete(in.keys, key)
			return
		}
		end := p.index(in, int(last.(float64))+max(patch.Length, 1))
		in.places = slices.Delete(in.places, i, end)
	case "inc":
		at.scalar = at.scalar.(counter) + counter(patch.Value.(float64))
	}
}

func markJS(places []*spot, name string, value any) {
	for _, s := range places {
		if s.marks == nil {
			s.marks = map[string]any{}
		}
		if s.marks[name] = mirrorJS("", value).scalarOrText(); value == nil {
			delete(s.marks, name)
		}
	}
}

// scalarOrText returns a value that isn't a container.
func (v mirrored) scalarOrText() any {
	if v.kind != 't' {
		return v.scalar
	}
	text := ""
	for _, s := range v.places {
		text += string(s.letter)
	}
	return text
}

// mirrorJS makes a value of JSON. Numbers are whole in the stories.
func mirrorJS(key string, v any) mirrored {
	if n, ok := v.(float64); ok {
		if key == "count" {
			return mirrored{kind: 's', scalar: counter(n)}
		}
		return mirrored{kind: 's', scalar: int64(n)}
	}
	return mirroredOf(v)
}

// steps returns a path as ours are.
func steps(path []any) []any {
	out := slices.Clone(path)
	for i, step := range out {
		if n, ok := step.(float64); ok {
			out[i] = int(n)
		}
	}
	return out
}
