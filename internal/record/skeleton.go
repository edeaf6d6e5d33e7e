package record

import (
	"fmt"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// rootSkeleton is the first skeleton of all records that have that key.
func rootSkeleton(key string) (*change.Change, error) {
	return skeleton(nil, change.Op{Key: change.MapKey(KeyName), Action: change.ActionSet, Value: change.Text(key)})
}

// childSkeleton makes a container in a map that another skeleton made: in the root,
// if that is the first one. A counter begins at zero, so what each counts adds up.
func childSkeleton(parent *change.Change, in crdt.OpID, c crdt.Container) (*change.Change, error) {
	op := change.Op{Obj: in, Key: change.MapKey(c.Name), Action: change.ActionMakeMap}
	switch c.Kind {
	case crdt.KindList:
		op.Action = change.ActionMakeList
	case crdt.KindCounter:
		op.Action, op.Value = change.ActionSet, change.Counter(0)
	}
	return skeleton(parent, op)
}

func skeleton(parent *change.Change, op change.Op) (*change.Change, error) {
	d := change.Draft{StartOp: 1, Ops: []change.Op{op}}
	if parent != nil {
		d.StartOp, d.Deps = parent.MaxOp()+1, []change.Hash{parent.Hash}
	}
	c, err := d.Skeleton()
	if err != nil {
		return nil, fmt.Errorf("make a skeleton change: %w", err)
	}
	return c, nil
}

// made returns the id of what a skeleton made.
func made(c *change.Change) crdt.OpID { return crdt.OpID{Counter: c.StartOp, Actor: c.Actor} }

// birth finds the skeletons that a document lacks.
type birth struct {
	here    map[crdt.ActorID]bool // whose changes are here: a skeleton's actor has no other
	lacking []*change.Change      // in causal order
}

// lackingSkeletons returns the skeletons which a document is to have before a value
// of that shape is written there under a key.
func lackingSkeletons(d *crdt.Doc, key string, shape []crdt.Container) ([]*change.Change, error) {
	authors, err := d.Authors()
	if err != nil {
		return nil, err
	}
	b := birth{here: make(map[crdt.ActorID]bool, len(authors))}
	for _, actor := range authors {
		b.here[actor] = true
	}
	first, err := rootSkeleton(key)
	if err != nil {
		return nil, err
	}
	if !b.here[first.Actor] {
		b.lacking = append(b.lacking, first)
	}
	err = d.View(func(root crdt.Map) error {
		if err := CheckKey(root, key); err != nil {
			return err
		}
		return b.fields(root, first, crdt.OpID{}, shape)
	})
	return b.lacking, err
}

// fields looks at the containers that are to be in a skeleton's map. Where nothing
// is, a skeleton makes one. Where one was, or something else is, whatever is
// written there is ordinary, and so is all that lies in it.
func (b *birth) fields(in crdt.Map, parent *change.Change, id crdt.OpID, shape []crdt.Container) error {
	for _, c := range shape {
		s, err := childSkeleton(parent, id, c)
		if err != nil {
			return err
		}
		there := in.Get(c.Name)
		switch {
		case there.Exists():
			writers, err := in.Writers(c.Name)
			if err != nil {
				return err
			}
			if len(writers) == 0 || writers[len(writers)-1] != made(s) {
				continue
			}
		case b.here[s.Actor]:
			continue
		default:
			b.lacking = append(b.lacking, s)
		}
		if err := b.fields(there.Map(), s, made(s), c.Fields); err != nil {
			return err
		}
	}
	return nil
}
