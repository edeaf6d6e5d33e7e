package record

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// sawAll reports whether one of some changes has every edit of the history, but for
// itself, in its past.
func sawAll(d *crdt.Doc, some map[crdt.Hash]*change.Change) (bool, error) {
	p := past{index: map[crdt.Hash]int32{}}
	for c, err := range d.EachChange(nil) {
		if err != nil {
			return false, err
		}
		if err := p.add(c, some[c.Hash] != nil); err != nil {
			return false, err
		}
	}
	// Who has the latest edits in the past has all. They are looked for as many at a
	// time as a mask has bits, so the work is bounded, whoever made the history.
	for latest := range slices.Chunk(p.latestEdits(), 64) {
		p.keep(latest)
	}
	return len(p.candidates) > 0, nil
}

// past is a history as far as it matters who has seen what.
type past struct {
	index      map[crdt.Hash]int32
	deps       [][]int32
	edit       []bool
	candidates []int32 // which may have seen all edits
}

func (p *past) add(c *change.Change, candidate bool) error {
	at := int32(len(p.deps))
	deps := make([]int32, len(c.Deps))
	for i, dep := range c.Deps {
		deps[i] = p.index[dep]
	}
	is, err := edits(c)
	p.index[c.Hash] = at
	p.deps, p.edit = append(p.deps, deps), append(p.edit, is)
	if candidate {
		p.candidates = append(p.candidates, at)
	}
	return err
}

// latestEdits returns the edits that no other edit has in its past.
func (p *past) latestEdits() []int32 {
	var latest []int32
	before := make([]bool, len(p.deps)) // an edit
	for i := int32(len(p.deps)) - 1; i >= 0; i-- {
		if p.edit[i] && !before[i] {
			latest = append(latest, i)
		}
		for _, dep := range p.deps[i] {
			before[dep] = before[dep] || before[i] || p.edit[i]
		}
	}
	return latest
}

// keep leaves those candidates that are, or have in their past, each of at most 64
// changes.
func (p *past) keep(changes []int32) {
	seen := make([]uint64, len(p.deps))
	all := uint64(0)
	for k, i := range changes {
		seen[i] |= 1 << k
		all |= 1 << k
	}
	for i, deps := range p.deps {
		for _, dep := range deps {
			seen[i] |= seen[dep]
		}
	}
	p.candidates = slices.DeleteFunc(p.candidates, func(i int32) bool { return seen[i] != all })
}
