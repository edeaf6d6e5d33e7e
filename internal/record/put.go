package record

import (
	"errors"
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// MaxContainers is how many maps and counters a value may have to be the record of a
// natural key, those in lists not counted.
const MaxContainers = 4096

// Put makes of a document the record that has a natural key, with a value that
// [crdt.Map.Reconcile] takes. It returns the changes that it made, in the order in
// which they are to be appended: none if everything was there. The document may be
// empty, or have been made here or elsewhere. What is deleted is restored.
//
// Maps, counters, and lists whose items a field tells apart, are born in skeleton
// changes, so those who make the same key elsewhere at the same time write into the
// same, and what they count adds up; the rest is one ordinary change. A struct's fields that are zero aren't written where
// nothing is yet, so that they don't stand against what others have filled in.
// Where both put an item with the same key into a list, both are there.
//
// After an error the document is as it was. [ErrNoKey], [ErrKey] and [ErrShape] are
// errors of Put's own; others are Reconcile's and the document's: [crdt.ErrNotNative] if the
// engine isn't ours.
func Put(d *crdt.Doc, key string, want any) ([]*change.Change, error) {
	shape, err := crdt.Containers(want)
	if err != nil {
		return nil, err
	}
	return putWith(d, key, shape, func(root crdt.Map) error { return root.Reconcile(want) })
}

// putWith is [Put] of what write makes of a root, in which containers of a shape are
// to be born.
func putWith(d *crdt.Doc, key string, shape []crdt.Container, write func(root crdt.Map) error) ([]*change.Change, error) {
	if err := ValidKey(key); err != nil {
		return nil, err
	}
	if n := count(shape); n > MaxContainers {
		return nil, fmt.Errorf("%w: %d, at most %d", ErrShape, n, MaxContainers)
	}
	state, err := StateOf(d)
	if err != nil {
		return nil, err
	}
	changes, err := lackingSkeletons(d, key, shape)
	if err != nil {
		return nil, err
	}
	before := d.Heads()
	if changes, err = put(d, changes, state, write); err != nil {
		return nil, errors.Join(err, d.Revert(before))
	}
	return changes, nil
}

func count(shape []crdt.Container) int {
	n := len(shape)
	for _, c := range shape {
		n += count(c.Fields)
	}
	return n
}

// put adds skeletons to a document, and makes the change that follows them. Only
// that one counts, so there is one even if nothing is left to write.
func put(d *crdt.Doc, skeletons []*change.Change, state State, write func(root crdt.Map) error) ([]*change.Change, error) {
	chunks := make([][]byte, len(skeletons))
	for i, c := range skeletons {
		chunks[i] = c.Bytes()
	}
	if err := d.Apply(chunks...); err != nil {
		return nil, err
	}
	opts := []crdt.ChangeOption{crdt.Sparse(), Tidily()}
	if len(skeletons) > 0 || state != Present {
		opts = append(opts, crdt.AllowEmpty())
	}
	c, err := d.Change(func(root crdt.Map) error {
		if state == Present {
			return write(root)
		}
		return errors.Join(Restore(root), write(root))
	}, opts...)
	if err != nil || c == nil {
		return skeletons, err
	}
	return append(skeletons, c), nil
}
