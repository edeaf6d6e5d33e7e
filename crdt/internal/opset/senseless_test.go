package opset_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// content describes all that a document says, conflicts included.
func content(o *opset.Object) string {
	var b strings.Builder
	switch {
	case o.IsMap():
		b.WriteByte('{')
		for key := range o.Entries() {
			fmt.Fprintf(&b, "%q:%s ", key, values(o.Conflicts(key)))
		}
		b.WriteByte('}')
	case o.IsText():
		fmt.Fprintf(&b, "%q", o.Text())
	}
	if !o.IsMap() {
		b.WriteByte('[')
		n := 0
		for op := range o.Elements() {
			fmt.Fprintf(&b, "%s ", values([]opset.Op{op}))
			n++
		}
		if !o.IsText() && n != o.Len(sequence.Points) {
			fmt.Fprintf(&b, "(%d elements, %d said)", n, o.Len(sequence.Points))
		}
		b.WriteByte(']')
	}
	return b.String()
}

func values(ops []opset.Op) string {
	var b strings.Builder
	for i := range ops {
		op := &ops[i]
		switch {
		case op.Object != nil:
			fmt.Fprintf(&b, "%d=%s ", op.ID.Counter, content(op.Object))
		case op.Value.Type == change.ValueCounter:
			fmt.Fprintf(&b, "%d=counter %d ", op.ID.Counter, op.Counter())
		default:
			fmt.Fprintf(&b, "%d=%d:%q ", op.ID.Counter, op.Value.Type, op.Value.Raw)
		}
	}
	return b.String()
}

// writer makes structurally valid changes whose operations need make no sense.
type writer struct {
	rand    *rand.Rand
	actor   change.ActorID
	seq     uint64
	maxOp   uint64
	heads   []change.Hash
	known   []change.OpID // operations in the past
	elems   []change.OpID
	objects []change.OpID
}

func (w *writer) pick(ids []change.OpID) change.OpID {
	if len(ids) == 0 {
		return change.OpID{}
	}
	return ids[w.rand.IntN(len(ids))]
}

func (w *writer) change(t testing.TB) *change.Change {
	t.Helper()
	d := change.Draft{Actor: w.actor, Seq: w.seq + 1, StartOp: w.maxOp + 1, Deps: w.heads}
	for range 1 + w.rand.IntN(4) {
		d.Ops = append(d.Ops, w.op())
		w.maxOp++
		w.known = append(w.known, change.OpID{Counter: w.maxOp, Actor: w.actor})
	}
	c, err := d.Encode()
	if err != nil {
		t.Fatalf("%v: %+v", err, d)
	}
	w.seq++
	w.heads = []change.Hash{c.Hash}
	return c
}

func (w *writer) op() change.Op {
	id := change.OpID{Counter: w.maxOp + 1, Actor: w.actor}
	actions := []change.Action{
		change.ActionMakeMap, change.ActionMakeList, change.ActionMakeText, change.ActionMakeTable,
		change.ActionSet, change.ActionSet, change.ActionSet, change.ActionDelete, change.ActionIncrement, change.ActionMark,
		change.ActionMark + 1, // which only newer versions know
	}
	op := change.Op{Action: actions[w.rand.IntN(len(actions))]}
	if w.rand.IntN(3) > 0 {
		op.Obj = w.pick(w.objects)
	}
	if w.rand.IntN(20) == 0 {
		op.Obj = w.pick(w.known) // perhaps no object
	}
	if op.Obj.IsZero() || w.rand.IntN(3) == 0 {
		op.Key = change.MapKey(string('a' + rune(w.rand.IntN(3))))
	} else {
		op.Key = change.ElemKey(w.pick(w.elems))
		op.Insert = op.Key.Elem.IsZero() || w.rand.IntN(2) == 0
	}
	switch op.Action {
	case change.ActionDelete:
		op.Insert = false
		if op.Key.InList && op.Key.Elem.IsZero() {
			op.Key = change.MapKey("a")
		}
	case change.ActionIncrement:
		op.Value = change.Int(int64(w.rand.IntN(9)))
	case change.ActionSet:
		op.Value = []change.Value{
			change.Text("x"), change.Text("é"), change.Text("long"), change.Text(""), change.Int(7), change.Counter(100), {}, change.Bool(true),
		}[w.rand.IntN(8)]
	case change.ActionMark:
		if w.rand.IntN(2) == 0 {
			name := "bold"
			op.MarkName, op.Value = &name, change.Bool(true)
		}
	}
	if op.Action != change.ActionDelete && w.rand.IntN(8) == 0 { // what only others should have
		op.Expand = true
		op.Insert = op.Insert || !op.Key.InList
	}
	if !op.Insert {
		w.preds(&op)
	}
	if op.Action <= change.ActionMakeTable && op.Action != change.ActionSet && op.Action != change.ActionDelete && op.Action != change.ActionIncrement {
		w.objects = append(w.objects, id)
	}
	if op.Insert {
		w.elems = append(w.elems, id)
	}
	return op
}

// preds gives an operation predecessors, which may be anywhere.
func (w *writer) preds(op *change.Op) {
	for range w.rand.IntN(3) {
		if pred := w.pick(w.known); !pred.IsZero() && !slices.Contains(op.Pred, pred) {
			op.Pred = append(op.Pred, pred)
		}
	}
	if op.Key.InList && w.rand.IntN(2) == 0 && !slices.Contains(op.Pred, op.Key.Elem) {
		op.Pred = append(op.Pred, op.Key.Elem)
	}
	slices.SortFunc(op.Pred, change.OpID.Compare)
	if op.Action == change.ActionDelete && len(op.Pred) == 0 {
		op.Action, op.Value = change.ActionSet, change.Value{}
	}
}

// learn makes another's changes part of the writer's past.
func (w *writer) learn(from *writer) {
	merge := func(a, b []change.OpID) []change.OpID {
		for _, id := range b {
			if !slices.Contains(a, id) {
				a = append(a, id)
			}
		}
		return a
	}
	w.known, w.elems, w.objects = merge(w.known, from.known), merge(w.elems, from.elems), merge(w.objects, from.objects)
	w.maxOp = max(w.maxOp, from.maxOp)
	for _, h := range from.heads {
		if !slices.Contains(w.heads, h) {
			w.heads = append(w.heads, h)
		}
	}
}

func apply(t *testing.T, changes []*change.Change) *opset.Set {
	t.Helper()
	s := opset.New(me)
	for _, c := range changes {
		if err := s.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Operations that make no sense harm nobody: in whatever order they arrive the
// document says the same, and it survives being saved.
func TestSenselessOperations(t *testing.T) { inSlicesAndTrees(t, senselessOperations) }

// inSlicesAndTrees runs a test twice: with the operations of a place in a
// slice, as nearly all are, and in trees.
func inSlicesAndTrees(t *testing.T, test func(*testing.T)) {
	t.Run("in slices", test)
	t.Run("in trees", func(t *testing.T) {
		opset.InTrees(t)
		test(t)
	})
}

// seeds returns how many random histories a test makes: a tenth of n with -short.
func seeds(n uint64) uint64 {
	if testing.Short() {
		return n / 10
	}
	return n
}

func senselessOperations(t *testing.T) {
	for seed := range seeds(400) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			common := &writer{rand: r, actor: "common-ancestor!"}
			var base []*change.Change
			for range 4 {
				base = append(base, common.change(t))
			}
			branches := make([][]*change.Change, 2)
			var ends []*writer
			for i, name := range []change.ActorID{"ada.............", "bob............."} {
				w := &writer{rand: r, actor: name}
				w.learn(common)
				for range 5 {
					branches[i] = append(branches[i], w.change(t))
				}
				ends = append(ends, w)
			}
			last := &writer{rand: r, actor: "last............"}
			last.learn(ends[0])
			last.learn(ends[1])
			final := last.change(t)

			one := apply(t, slices.Concat(base, branches[0], branches[1], []*change.Change{final}))
			two := apply(t, slices.Concat(base, branches[1], branches[0], []*change.Change{final}))
			want := content(one.Root())
			if got := content(two.Root()); got != want {
				t.Fatalf("in another order it says\n%s, not\n%s", got, want)
			}
			saved, err := one.Save()
			if err != nil {
				t.Fatal(err)
			}
			if got := content(reload(t, saved).Root()); got != want {
				t.Fatalf("saved and loaded it says\n%s, not\n%s", got, want)
			}
		})
	}
}

// reload opens what was saved, a document or changes, and verifies it.
func reload(t *testing.T, saved []byte) *opset.Set {
	t.Helper()
	var changes []*change.Change
	for len(saved) > 0 {
		chunk, kind, rest, err := change.Split(saved)
		if err != nil {
			t.Fatal(err)
		}
		if kind == change.TypeDocument {
			s := load(t, chunk)
			if err := s.Verify(); err != nil && !errors.Is(err, opset.ErrClosed) {
				t.Fatal(err)
			}
			return s
		}
		c, err := change.Parse(chunk)
		if err != nil {
			t.Fatal(err)
		}
		changes, saved = append(changes, c), rest
	}
	return apply(t, changes)
}
