package opset

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// MaxDepth is how deeply maps and lists are read that lie in each other.
const MaxDepth = 500

// PatchAction is what a patch does.
type PatchAction uint8

// The actions of patches.
const (
	PatchPut       PatchAction = iota // a value at a key or index
	PatchDelete                       // a key, or elements of a list
	PatchInsert                       // values into a list, or what is no text into a text
	PatchSplice                       // text in the place of some units of a text
	PatchIncrement                    // a counter
	PatchMark                         // some units of a text
	PatchConflict                     // other values at a key or index than the one that is shown
)

// Patch is a step from what a document said to what it says. Patches apply one
// after the other.
type Patch struct {
	Path     *Path // of the map, list or text
	Action   PatchAction
	Key      string // of a map, or the name of a mark
	Index    int    // in a list or text
	Length   int    // of what is deleted, replaced or marked
	Values   []any  // that are put or inserted, or the value of a mark
	Text     string
	By       int64
	Conflict bool // there are other values
}

// Path leads from the root, which has none, to a value.
type Path struct {
	up    *Path
	depth int
	key   string
	index int // if the key is of no map
	inMap bool
}

// Steps returns the keys and indexes on the way from the root.
func (p *Path) Steps() []any {
	steps := make([]any, p.len())
	for ; p != nil; p = p.up {
		if p.inMap {
			steps[p.depth-1] = p.key
		} else {
			steps[p.depth-1] = p.index
		}
	}
	return steps
}

// len returns how deeply the value lies.
func (p *Path) len() int {
	if p == nil {
		return 0
	}
	return p.depth
}

func (p *Path) atKey(key string) *Path {
	return &Path{up: p, depth: p.len() + 1, key: key, inMap: true}
}
func (p *Path) at(index int) *Path { return &Path{up: p, depth: p.len() + 1, index: index} }

// shows reports whether what lies in an object is shown there.
func (p *Path) shows(o *Object) bool { return p.len() <= MaxDepth || o.IsText() }

// Patches returns what operations have changed since it was called last, or
// since [Set.Observe]: positions in texts are in a unit, and values are what a
// function makes of operations. A rollback forgets what was written.
func (s *Set) Patches(u sequence.Unit, value func(*Op) any) []Patch {
	t := s.touched
	if t == nil || len(t.objects) == 0 {
		return nil
	}
	d := differ{s: s, unit: u, value: value, before: view{s, t.before, t}}
	objects := make([]*traces, 0, len(t.objects))
	for _, in := range t.objects {
		objects = append(objects, in)
	}
	slices.SortFunc(objects, func(a, b *traces) int { return s.actors.compare(a.object.ID, b.object.ID) })
	for _, in := range objects {
		if in.marks {
			delete(t.marks, in.object)
		}
	}
	for _, in := range objects { // a container has a lesser id than what is in it
		if at, ok := d.locate(in.object, t.before); ok {
			d.touched(in, at)
		}
	}
	t.forget()
	return d.patches
}

// Diff returns the patches that lead from the document as it was at some heads
// to what it was at others; from nothing, without heads. No transaction may be
// open. Otherwise it is as [Set.Patches].
func (s *Set) Diff(before, after []change.Hash, u sequence.Unit, value func(*Op) any) ([]Patch, error) {
	d := differ{s: s, unit: u, value: value, all: true}
	var err error
	if d.before, err = s.viewAt(before); err != nil {
		return nil, err
	}
	if d.after, err = s.viewAt(after); err != nil {
		return nil, err
	}
	d.children = []located{{object: s.root}}
	for len(d.children) > 0 {
		next := d.children[0]
		d.children = d.children[1:]
		d.whole(next.object, next.path)
	}
	return d.patches, nil
}

func (s *Set) viewAt(heads []change.Hash) (view, error) {
	switch {
	case len(heads) == 0:
		return view{s: s}, nil
	case slices.Equal(heads, s.Heads()):
		return view{}, nil
	}
	c, _, err := s.clockAt(heads)
	return view{s: s, clock: c}, err
}
