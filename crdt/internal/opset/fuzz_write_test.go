package opset_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// node is what a document says, naively: of a map by its keys, of others the
// elements in order. A leaf is a scalar, or a code point of a text.
type node struct {
	object *opset.Object // nil of a leaf
	leaf   string
	keys   map[string]*node
	items  []*node
}

// nodeOf reads an operation's value.
func nodeOf(op *opset.Op) *node {
	switch {
	case op.Object != nil:
		return treeOf(op.Object)
	case op.Value.Type == change.ValueCounter:
		return &node{leaf: fmt.Sprint("counter ", op.Counter())}
	}
	return leafOf(op.Value)
}

func leafOf(v change.Value) *node {
	if v.Type == change.ValueCounter {
		return &node{leaf: fmt.Sprint("counter ", v.Int())}
	}
	return &node{leaf: fmt.Sprintf("%d %q", v.Type, v.Raw)}
}

// treeOf reads an object.
func treeOf(o *opset.Object) *node {
	n := &node{object: o, keys: map[string]*node{}}
	if o.IsMap() {
		for key, op := range o.Entries() {
			n.keys[key] = nodeOf(op)
		}
		return n
	}
	for op := range o.Elements() {
		n.items = append(n.items, nodeOf(&op))
	}
	return n
}

func (n *node) String() string {
	if n.object == nil {
		return n.leaf
	}
	var b strings.Builder
	keys := make([]string, 0, len(n.keys))
	for key := range n.keys {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		fmt.Fprintf(&b, "%q: %s, ", key, n.keys[key])
	}
	for _, item := range n.items {
		fmt.Fprintf(&b, "%s, ", item)
	}
	return fmt.Sprintf("%d(%s)", n.object.Kind, b.String())
}

// objects are the node's, and those in it.
func (n *node) objects() []*node {
	all := []*node{n}
	keys := make([]string, 0, len(n.keys))
	for key := range n.keys {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if at := n.keys[key]; at.object != nil {
			all = append(all, at.objects()...)
		}
	}
	for _, at := range n.items {
		if at.object != nil {
			all = append(all, at.objects()...)
		}
	}
	return all
}

// script reads what is to be done; zeros once it has ended.
type script struct{ rest []byte }

func (s *script) next(n int) int {
	if len(s.rest) == 0 {
		return 0
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return int(b) % n
}

// author is one of two who write into a document, and what it should say.
type author struct {
	*testing.T
	*script
	id     change.ActorID
	set    *opset.Set
	tree   *node
	before string // the transaction that is open
}

func (a *author) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

// says checks that the document says what it should.
func (a *author) says(want string) {
	a.Helper()
	if got := treeOf(a.set.Root()).String(); got != want {
		a.Fatalf("it says\n%s, not\n%s", got, want)
	}
}

func (a *author) value() change.Value {
	return []change.Value{
		change.Int(7),
		{},
		change.Text("x"), change.Text("long"), change.Text(""), change.Counter(100),
		change.Counter(5), change.Bool(true), change.Float(0.5),
		{Type: 12, Raw: []byte{1, 2}},
	}[a.next(10)]
}

func (a *author) kind() change.Action {
	return []change.Action{change.ActionMakeMap, change.ActionMakeList, change.ActionMakeText}[a.next(3)]
}

func (a *author) made(o *opset.Object, err error) *node {
	a.Helper()
	a.must(err)
	return treeOf(o)
}

// alone checks that what was written has taken the place of all that was there.
func (a *author) alone(ops []opset.Op) {
	a.Helper()
	if len(ops) != 1 {
		a.Fatalf("%d values where one was written", len(ops))
	}
}

// edit writes, into the document and into the tree.
func (a *author) edit() {
	all := a.tree.objects()
	n := all[a.next(len(all))]
	switch o := n.object; {
	case o.IsMap():
		a.editMap(n, o)
	case o.IsText():
		a.editText(n, o)
	default:
		a.editList(n, o)
	}
	if got, want := treeOf(n.object).String(), n.String(); got != want {
		a.Fatalf("it says\n%s, not\n%s", got, want)
	}
}

func (a *author) editMap(n *node, o *opset.Object) {
	key := string('a' + rune(a.next(5)))
	switch a.next(4) {
	case 0:
		v := a.value()
		a.must(a.set.Put(o, key, v))
		n.keys[key] = leafOf(v)
		a.alone(o.Conflicts(key))
	case 1:
		n.keys[key] = a.made(a.set.PutObject(o, key, a.kind()))
		a.alone(o.Conflicts(key))
	case 2:
		a.must(a.set.Delete(o, key))
		delete(n.keys, key)
	default:
		err := a.set.Increment(o, key, 3)
		n.keys[key] = a.incremented(n.keys[key], o.Conflicts(key), err)
		if n.keys[key] == nil {
			delete(n.keys, key)
		}
	}
}

// incremented is what an increment makes of a value. Where it was one of several
// in conflict, only the greatest of the counters is left to be seen, if there was
// one.
func (a *author) incremented(was *node, left []opset.Op, err error) *node {
	if err != nil {
		if was != nil && strings.HasPrefix(was.leaf, "counter") {
			a.Fatalf("%s isn't incremented: %v", was, err)
		}
		return was
	}
	var n int64
	if _, failed := fmt.Sscanf(was.leaf, "counter %d", &n); failed == nil {
		return &node{leaf: fmt.Sprint("counter ", n+3)}
	}
	return nodeOf(&left[len(left)-1])
}

func (a *author) editList(n *node, o *opset.Object) {
	if len(n.items) == 0 || a.next(3) == 0 {
		a.insert(n, o)
		return
	}
	at := a.next(len(n.items))
	switch a.next(4) {
	case 0:
		v := a.value()
		a.must(a.set.PutAt(o, at, v))
		n.items[at] = leafOf(v)
		a.alone(o.ConflictsAt(at))
	case 1:
		n.items[at] = a.made(a.set.PutObjectAt(o, at, a.kind()))
		a.alone(o.ConflictsAt(at))
	case 2:
		end := at + 1 + a.next(len(n.items)-at)
		a.must(a.set.DeleteAt(o, at, end-at))
		n.items = slices.Delete(n.items, at, end)
	default:
		err := a.set.IncrementAt(o, at, 3)
		n.items[at] = a.incremented(n.items[at], o.ConflictsAt(at), err)
	}
}

func (a *author) insert(n *node, o *opset.Object) {
	at := a.next(len(n.items) + 1)
	if a.next(4) == 0 {
		n.items = slices.Insert(n.items, at, a.made(a.set.InsertObject(o, sequence.Points, at, a.kind())))
		return
	}
	for v := a.value(); ; at++ {
		a.must(a.set.Insert(o, sequence.Points, at, v))
		n.items = slices.Insert(n.items, at, leafOf(v))
		if a.next(3) == 0 {
			return
		}
	}
}

// editText writes into a text, of which every element is one code point wide.
func (a *author) editText(n *node, o *opset.Object) {
	at := a.next(len(n.items) + 1)
	switch a.next(6) {
	case 0:
		n.items = slices.Insert(n.items, at, a.made(a.set.InsertObject(o, sequence.Points, at, change.ActionMakeMap)))
	case 1:
		m := opset.Mark{Name: "bold", Value: change.Bool(a.next(2) == 0), Start: at, End: at + a.next(len(n.items)-at+1)}
		a.must(a.set.Mark(o, sequence.Points, m, a.next(2) == 0, a.next(2) == 0))
	default:
		end := min(len(n.items), at+a.next(4))
		text := []string{"a", "", "hello", "né😀e", "語"}[a.next(5)]
		a.must(a.set.Splice(o, sequence.Points, at, end-at, text))
		var letters []*node
		for _, r := range text {
			letters = append(letters, leafOf(change.Text(string(r))))
		}
		n.items = slices.Replace(n.items, at, end, letters...)
	}
}

// commit ends the transaction; the document can be saved and loaded.
func (a *author) commit() {
	if a.set.Pending() {
		_, err := a.set.Commit("", 0)
		a.must(err)
	}
	want := a.tree.String()
	a.says(want)
	saved, err := a.set.Save()
	a.must(err)
	loaded := reload(a.T, saved)
	said, again := (&scribbler{a.T, nil, a.set}).said(), (&scribbler{a.T, nil, loaded}).said()
	if again != said {
		a.Fatalf("loaded it says\n%s, not\n%s", again, said)
	}
	if a.next(4) == 0 {
		d, err := document.Parse(saved)
		a.must(err)
		a.set, err = opset.Load(a.id, d)
		a.must(err)
		a.tree = treeOf(a.set.Root())
		a.says(want)
	}
	a.before = want
}

// rollback takes back the transaction, of which nothing is left.
func (a *author) rollback() {
	a.set.Rollback()
	a.says(a.before)
	a.tree = treeOf(a.set.Root())
}

// meet brings both to the same state.
func meet(a, b *author) {
	a.Helper()
	a.commit()
	b.commit()
	merge(a.T, a.set, b.set)
	merge(a.T, b.set, a.set)
	one, two := (&scribbler{a.T, nil, a.set}).said(), (&scribbler{b.T, nil, b.set}).said()
	if one != two || !slices.Equal(a.set.Heads(), b.set.Heads()) {
		a.Fatalf("one says\n%s, the other\n%s", one, two)
	}
	for _, x := range []*author{a, b} {
		x.tree = treeOf(x.set.Root())
		x.before = x.tree.String()
	}
}

// FuzzTransactions has two write into a document what a script says: it says
// what a naive model of it says, rolled back what it said before, saved and
// loaded the same, and merged both say the same, as does who applies all changes
// in another order.
func FuzzTransactions(f *testing.F) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		data := make([]byte, 100+r.IntN(400))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 500 {
			return
		}
		if len(data)%2 == 1 {
			opset.InTrees(t)
		}
		s := &script{data}
		var both [2]*author
		for i, id := range []change.ActorID{me, eve} {
			set := opset.New(id)
			both[i] = &author{T: t, script: s, id: id, set: set, tree: treeOf(set.Root())}
			both[i].before = both[i].tree.String()
		}
		for len(s.rest) > 0 {
			a := both[s.next(2)]
			switch s.next(10) {
			case 0:
				a.rollback()
			case 1:
				a.commit()
			case 2:
				meet(both[0], both[1])
			default:
				a.edit()
			}
		}
		meet(both[0], both[1])
		for _, a := range both {
			other := opset.New("somebody else...")
			merge(t, other, a.set)
			if got, want := (&scribbler{t, nil, other}).said(), (&scribbler{t, nil, a.set}).said(); got != want {
				t.Fatalf("applied it says\n%s, not\n%s", got, want)
			}
		}
	})
}
