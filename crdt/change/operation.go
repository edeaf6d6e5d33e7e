package change

import (
	"cmp"
	"iter"
)

// Action is what an operation does.
type Action uint64

// The actions. Later versions of Automerge may add more.
const (
	ActionMakeMap   Action = 0
	ActionSet       Action = 1
	ActionMakeList  Action = 2
	ActionDelete    Action = 3
	ActionMakeText  Action = 4
	ActionIncrement Action = 5
	ActionMakeTable Action = 6
	ActionMark      Action = 7

	lastAction = ActionMark
)

// Known reports whether this version knows the action.
func (a Action) Known() bool { return a <= lastAction }

// Writes reports whether the action makes a value stand somewhere: a scalar or a
// new object.
func (a Action) Writes() bool {
	switch a {
	case ActionSet, ActionMakeMap, ActionMakeList, ActionMakeText, ActionMakeTable:
		return true
	}
	return false
}

// OpID names an operation, and the object or list element that it made. The
// zero OpID names the root object, or the head of a list.
type OpID struct {
	Counter uint64
	Actor   ActorID
}

// IsZero reports whether id is the root or a head.
func (id OpID) IsZero() bool { return id == OpID{} }

// Compare orders ids by counter, then by actor, as Automerge does.
func (id OpID) Compare(other OpID) int {
	return cmp.Or(cmp.Compare(id.Counter, other.Counter), cmp.Compare(id.Actor, other.Actor))
}

// Key is a place in an object: a name in a map, or an element of a list or
// text.
type Key struct {
	Name string
	Elem OpID
	// InList says that Elem counts: the zero Elem is the head, after which
	// first elements are inserted. Otherwise Name does.
	InList bool
}

// MapKey returns the key of a name in a map.
func MapKey(name string) Key { return Key{Name: name} }

// ElemKey returns the key of a list's element; of its head if elem is zero.
func ElemKey(elem OpID) Key { return Key{Elem: elem, InList: true} }

// Op is one operation of a change.
type Op struct {
	ID     OpID // given by the change: ignored in a [Draft]
	Obj    OpID
	Key    Key
	Insert bool // a new element after Key, instead of one at Key
	Action Action
	Value  Value
	Pred   []OpID // what it replaces, ascending
	// Expand and MarkName belong to ActionMark: the end of a mark has no name.
	Expand   bool
	MarkName *string
}

// Operations decodes the change's operations in order. The only error is one
// of a chunk that never went through [Parse]; it ends the sequence.
//
// Values and predecessors alias the change and must not be modified.
func (c *Change) Operations() iter.Seq2[Op, error] {
	return func(yield func(Op, error) bool) {
		d := decoder{c: c}
		for op, err := range d.ops {
			if !yield(op, err) {
				return
			}
		}
	}
}

// decoder reads a change's rows one by one.
type decoder struct {
	table
	c    *Change
	row  uint64
	left int // rows of the current span, from the current one on
}

// ops yields the operations. Whoever takes more rows than the one that was yielded
// calls skip.
func (d *decoder) ops(yield func(Op, error) bool) {
	cols := d.c.columns()
	d.init(&cols)
	for {
		var err error
		if d.left, err = d.span(); err == nil && d.left == 0 {
			return
		}
		var op Op
		if err == nil {
			op, err = d.op()
		}
		if err != nil {
			yield(Op{}, invalid(err, d.c))
			return
		}
		if !yield(op, nil) {
			return
		}
		d.skip(1)
	}
}

// skip moves n rows on, within the current span.
func (d *decoder) skip(n int) {
	d.advance(n)
	d.row += uint64(n)
	d.left -= n
}

func (d *decoder) op() (Op, error) {
	kind, size := splitMeta(d.col[colValueMeta].Num)
	if size > int64(len(d.raw)) {
		return Op{}, errValueRows
	}
	op := Op{
		ID:     OpID{d.c.StartOp + d.row, d.c.Actor},
		Insert: d.insert.Value,
		Expand: d.expand.Value,
		Action: Action(d.col[colAction].Num),
		Value:  Value{kind, d.raw[:size:size]},
	}
	d.raw = d.raw[size:]
	if mark := &d.col[colMarkName]; !mark.Null() {
		name := string(mark.Text)
		op.MarkName = &name
	}
	var err error
	if obj := &d.col[colObjActor]; !obj.Null() {
		if op.Obj, err = d.id(obj.Num, d.col[colObjCtr].Num); err != nil {
			return Op{}, err
		}
	}
	if op.Key, err = d.key(); err != nil {
		return Op{}, err
	}
	op.Pred, err = d.pred()
	return op, err
}

func (d *decoder) id(actor, counter int64) (OpID, error) {
	if actor < 0 || actor > int64(len(d.c.OtherActors)) {
		return OpID{}, errActorIndex
	}
	return OpID{uint64(counter), d.c.actorAt(int(actor))}, nil
}

func (d *decoder) key() (Key, error) {
	if name := &d.col[colKeyStr]; !name.Null() {
		return MapKey(string(name.Text)), nil
	}
	actor := &d.col[colKeyActor]
	if actor.Null() {
		return ElemKey(OpID{}), nil
	}
	elem, err := d.id(actor.Num, d.keyAt+d.col[colKeyCtr].Num)
	return ElemKey(elem), err
}

func (d *decoder) pred() ([]OpID, error) {
	left := d.col[colPredCount].Num
	if left == 0 {
		return nil, nil
	}
	if left > MaxOps {
		return nil, errManyPreds
	}
	pred := make([]OpID, 0, min(left, 16))
	for ; left > 0; left-- {
		_, actor, counter, _, err := d.preds(1)
		if err != nil {
			return nil, err
		}
		id, err := d.id(int64(actor), counter)
		if err != nil {
			return nil, err
		}
		pred = append(pred, id)
		d.advancePreds(1)
	}
	return pred, nil
}
