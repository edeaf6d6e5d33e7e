package crdt

import (
	"fmt"
	"iter"

	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// PatchAction is what a [Patch] does.
type PatchAction uint8

// The actions of patches.
const (
	// PatchPut puts a value at a key of a map or over an element of a list. In a
	// text it says what the U+FFFC at Index stands for.
	PatchPut = PatchAction(opset.PatchPut)
	// PatchDelete takes out a key of a map, or Length elements of a list.
	PatchDelete = PatchAction(opset.PatchDelete)
	// PatchInsert inserts Values into a list before Index. In a text they are no
	// text, such as blocks: each is one U+FFFC there.
	PatchInsert = PatchAction(opset.PatchInsert)
	// PatchSplice puts Text in the place of Length units of a text. It comes
	// without marks.
	PatchSplice = PatchAction(opset.PatchSplice)
	// PatchIncrement adds By to a counter.
	PatchIncrement = PatchAction(opset.PatchIncrement)
	// PatchMark gives Length units of a text the mark Name with a value, or takes
	// it away if that is nil. Some of them may have it already.
	PatchMark = PatchAction(opset.PatchMark)
	// PatchConflict says that other values than the one that is shown have come,
	// gone or changed: Conflict says whether there are any.
	PatchConflict = PatchAction(opset.PatchConflict)
)

var patchNames = [...]string{"put", "delete", "insert", "splice", "increment", "mark", "conflict"}

// String returns the action's name in lower case.
func (a PatchAction) String() string {
	if int(a) < len(patchNames) {
		return patchNames[a]
	}
	return fmt.Sprintf("action %d", uint8(a))
}

// Patch is a step from what a document said to what it says now. Patches are
// applied one after the other: a path and a position hold when it is the
// patch's turn.
//
// Values are what [Value.Any] returns, with all that is in them; nobody may
// modify them. What they don't say of a new map, list or text follows as
// patches: its marks, where it is in conflict, and what is no text in a text.
type Patch struct {
	// Path leads to the map, list or text: keys of maps are strings, indexes of
	// lists are ints, positions of blocks in texts as well. The root's is empty.
	Path   []any
	Action PatchAction
	Key    string // in a map
	Index  int    // in a list; in a text in the document's unit, as [Positions] says
	Length int    // of what is deleted, replaced or marked, in the same unit
	Value  any    // of put and mark
	Values []any  // of insert
	Text   string // of splice
	By     int64  // of increment
	Name   string // of mark
	// Conflict is set if other values stand there, too, in a map or list.
	Conflict bool
}

// patches makes patches of an engine's, each when it is asked for: the paths of
// many that are deeply nested take more memory than all else.
func patches(found []opset.Patch) iter.Seq[Patch] {
	return func(yield func(Patch) bool) {
		for i := range found {
			if !yield(patchOf(&found[i])) {
				return
			}
		}
	}
}

func patchOf(p *opset.Patch) Patch {
	out := Patch{
		Path: p.Path.Steps(), Action: PatchAction(p.Action), Index: p.Index, Length: p.Length,
		Text: p.Text, By: p.By, Conflict: p.Conflict,
	}
	switch p.Action {
	case opset.PatchInsert:
		out.Values = p.Values
	case opset.PatchMark:
		out.Name, out.Value = p.Key, p.Values[0]
	case opset.PatchPut:
		out.Key, out.Value = p.Key, p.Values[0]
	default:
		out.Key = p.Key
	}
	return out
}

// Diff returns the patches that lead from the document as it was at some heads
// to what it was at others; without heads it was empty. It costs time linear in
// the history and returns [ErrNotNative] if that is open in another engine.
func (d *Doc) Diff(before, after []Hash) (iter.Seq[Patch], error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	return d.diff(sorted(before), sorted(after))
}

func (d *Doc) diff(before, after []Hash) (iter.Seq[Patch], error) {
	e, ok := d.engine.(patcher)
	if !ok {
		return nil, ErrNotNative
	}
	found, err := e.diff(before, after, d.engines.unit)
	if err != nil {
		return nil, d.noted(err)
	}
	return patches(found), nil
}

// patcher is an engine that knows what has changed.
type patcher interface {
	// observe begins or ends to keep track of changes.
	observe(on bool)
	// patches returns what has changed since it was called last.
	patches(Unit) ([]opset.Patch, error)
	diff(before, after []Hash, u Unit) ([]opset.Patch, error)
}

func (n native) observe(on bool) { n.set.Observe(on) }

func (n native) patches(u Unit) (_ []opset.Patch, err error) {
	defer rescue(&err)
	return n.set.Patches(sequence.Unit(u), plainOf), nil
}

func (n native) diff(before, after []Hash, u Unit) (_ []opset.Patch, err error) {
	defer rescue(&err)
	found, err := n.set.Diff(before, after, sequence.Unit(u), plainOf)
	return found, pastError(err)
}

// plainOf returns a scalar as [Value.Any] does.
func plainOf(op *opset.Op) any { return itemOf(op).data }
