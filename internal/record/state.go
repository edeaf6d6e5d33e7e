package record

import (
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// State says whether there is a record.
type State uint8

// The states of a record.
const (
	Absent  State = iota // there is nothing, or nothing but skeletons
	Present              // it exists
	Deleted              // a tombstone stands
)

// String returns the state's name in lower case.
func (s State) String() string {
	switch s {
	case Present:
		return "present"
	case Deleted:
		return "deleted"
	}
	return "absent"
}

// Policy says what beats a tombstone.
type Policy string

// The policies. What a tombstone says besides is read as EditWins.
const (
	// EditWins lets everybody bring the record back by editing it without having
	// deleted it: nothing that somebody writes gets lost unseen.
	EditWins Policy = "edit-wins"
	// DeleteWins lets only those bring the record back who have seen that it is
	// deleted and restore it.
	DeleteWins Policy = "delete-wins"
)

// Delete writes a tombstone, in place of those that are there. Nothing else should
// be written in the same change.
func Delete(root crdt.Map, policy Policy) error {
	if err := root.Delete(DeletedName); err != nil { // an equal one would not be written
		return err
	}
	return root.Set(DeletedName, crdt.ImmutableString(policy))
}

// Restore takes the tombstones away that are there.
func Restore(root crdt.Map) error { return root.Delete(DeletedName) }

// Tidily is for changes of a record that exists: a beaten tombstone goes with what is
// written. While it is there, [StateOf] has to look through the history.
func Tidily() crdt.ChangeOption { return crdt.Also(Restore) }

// StateOf says whether a document is a record that exists. Without a tombstone
// that costs time linear in the number of authors; with one, at most linear in the
// history. Whoever asks again and again should use [Beaten.StateOf].
func StateOf(d *crdt.Doc) (State, error) { return new(Beaten).StateOf(d) }

// Beaten remembers which tombstones of a document were found to be beaten. They
// stay so, whatever comes: what beats one can't become part of its past. The zero
// value remembers nothing.
type Beaten struct {
	stones []crdt.OpID
	by     []crdt.Hash // the heads at which all of them were
}

// StateOf is the function of that name, but looks through the history only if a
// tombstone is there that isn't known to be beaten.
func (b *Beaten) StateOf(d *crdt.Doc) (State, error) {
	authors, err := d.Authors()
	if err != nil || !ordinary(authors) {
		return Absent, err
	}
	var stones []crdt.OpID
	final := false
	if err := d.View(func(root crdt.Map) error {
		stones, final, err = tombstones(root)
		return err
	}); err != nil {
		return Absent, err
	}
	switch {
	case len(stones) == 0:
		return Present, nil
	case final:
		return Deleted, nil
	}
	stand, err := b.stand(d, stones)
	switch {
	case err != nil:
		return Absent, fmt.Errorf("look for what came after a tombstone: %w", err)
	case stand:
		return Deleted, nil
	}
	return Present, nil
}

// stand reports whether one of a document's tombstones is unbeaten.
func (b *Beaten) stand(d *crdt.Doc, stones []crdt.OpID) (bool, error) {
	if known, err := b.know(d, stones); known || err != nil {
		return false, err
	}
	stand, err := unbeaten(d, stones)
	if !stand && err == nil {
		b.stones, b.by = stones, d.Heads()
	}
	return stand, err
}

// know reports whether these very tombstones were beaten by what the document
// still holds: it may have been reverted since.
func (b *Beaten) know(d *crdt.Doc, stones []crdt.OpID) (bool, error) {
	if !slices.Equal(b.stones, stones) {
		return false, nil
	}
	for _, h := range b.by {
		if has, err := d.Has(h); !has || err != nil {
			return false, err
		}
	}
	return true, nil
}

// ordinary reports whether one of some authors has written something besides
// skeletons.
func ordinary(authors []crdt.ActorID) bool {
	for _, a := range authors {
		if !a.ReservedForSkeletons() {
			return true
		}
	}
	return false
}

// tombstones returns what wrote the tombstones that are there, and whether one of
// them can't be beaten.
func tombstones(root crdt.Map) (stones []crdt.OpID, final bool, err error) {
	if !root.Has(DeletedName) {
		return nil, false, nil
	}
	values, err := root.Conflicts(DeletedName)
	if err != nil {
		return nil, false, err
	}
	for _, v := range values {
		final = final || v.Kind() == crdt.KindString && Policy(v.Str()) == DeleteWins
	}
	stones, err = root.Writers(DeletedName)
	return stones, final, err
}

// unbeaten reports whether one of some tombstones saw every edit.
func unbeaten(d *crdt.Doc, stones []crdt.OpID) (bool, error) {
	changes, err := d.ChangesOf(stones...)
	if err != nil {
		return false, err
	}
	written := map[crdt.Hash]*change.Change{}
	for i, c := range changes {
		if c == nil {
			return false, fmt.Errorf("no change holds operation %d of %s", stones[i].Counter, stones[i].Actor)
		}
		written[c.Hash] = c
	}
	if len(written) > 1 {
		return sawAll(d, written)
	}
	for c, err := range d.EachChange(changes[0].Deps) {
		if err != nil {
			return false, err
		}
		if c.Hash == changes[0].Hash {
			continue
		}
		if is, err := edits(c); is || err != nil {
			return false, err
		}
	}
	return true, nil
}

// edits reports whether a change is an edit: whether it writes a field, or takes
// tombstones away without writing one.
func edits(c *change.Change) (bool, error) {
	if c.IsSkeleton() || c.Message == Resolved {
		return false, nil
	}
	restores, deletes := false, false
	for op, err := range c.Operations() {
		switch {
		case err != nil:
			return false, err
		case !op.Obj.IsZero() || op.Key.InList || !Reserved(op.Key.Name):
			return true, nil
		case op.Key.Name != DeletedName:
		case op.Action == change.ActionDelete:
			restores = true
		case op.Action.Writes():
			deletes = true
		}
	}
	return restores && !deletes, nil
}
