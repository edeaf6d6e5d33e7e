package record_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/internal/record"
)

// both are two copies of a record without a natural key.
func both(t *testing.T) (ann, bob *crdt.Doc) {
	t.Helper()
	ann, bob = newDoc(t, "ann"), newDoc(t, "bob")
	edit(t, ann, func(root crdt.Map) error { return root.Set("in", value{"x": 1, "text": "letters"}) })
	meet(t, ann, bob)
	return ann, bob
}

func set(name string, v any) func(root crdt.Map) error {
	return func(root crdt.Map) error { return root.Set(name, v) }
}

// TestWhatBeatsADelete tells each case of docs/PROTOCOL.md: ann deletes, bob does
// something at the same time.
func TestWhatBeatsADelete(t *testing.T) {
	resolve := crdt.WithMessage(record.Resolved)
	for name, story := range map[string]struct {
		bob                func(bob *crdt.Doc)
		editWins, finalWin record.State
	}{
		"nothing": {func(*crdt.Doc) {}, record.Deleted, record.Deleted},
		"a field": {func(bob *crdt.Doc) { edit(t, bob, set("y", 1)) }, record.Present, record.Deleted},
		"a deep field": {func(bob *crdt.Doc) {
			edit(t, bob, func(root crdt.Map) error { return root.At("in").Map().Set("y", 1) })
		}, record.Present, record.Deleted},
		"letters": {func(bob *crdt.Doc) {
			edit(t, bob, func(root crdt.Map) error { return root.At("in", "text").Text().Splice(0, 1, "L") })
		}, record.Present, record.Deleted},
		"a reserved name within": {func(bob *crdt.Doc) {
			edit(t, bob, func(root crdt.Map) error { return root.At("in").Map().Set(record.KeyName, 1) })
		}, record.Present, record.Deleted},
		"a reserved name": {func(bob *crdt.Doc) { edit(t, bob, set("godwit:other", 1)) }, record.Deleted, record.Deleted},
		"an empty change": {func(bob *crdt.Doc) { edit(t, bob, func(crdt.Map) error { return nil }, crdt.AllowEmpty()) }, record.Deleted, record.Deleted},
		"a resolution":    {func(bob *crdt.Doc) { edit(t, bob, set("y", 1), resolve) }, record.Deleted, record.Deleted},
		"a delete":        {func(bob *crdt.Doc) { destroy(t, bob, record.EditWins) }, record.Deleted, record.Deleted},
		"a final delete":  {func(bob *crdt.Doc) { destroy(t, bob, record.DeleteWins) }, record.Deleted, record.Deleted},
		"a delete undone": {func(bob *crdt.Doc) { destroy(t, bob, record.EditWins); restore(t, bob) }, record.Present, record.Deleted},
		"a delete repeated": {func(bob *crdt.Doc) {
			destroy(t, bob, record.EditWins)
			destroy(t, bob, record.EditWins)
		}, record.Deleted, record.Deleted},
		"an edit and a delete": {func(bob *crdt.Doc) { edit(t, bob, set("y", 1)); destroy(t, bob, record.EditWins) }, record.Deleted, record.Deleted},
		"an edit after a delete": {
			func(bob *crdt.Doc) { destroy(t, bob, record.EditWins); edit(t, bob, set("y", 1)) },
			record.Present, record.Deleted,
		},
		"skeletons": {func(bob *crdt.Doc) {
			other := newDoc(t, "cem")
			for _, c := range put(t, other, "k", value{"new": value{}}) {
				if c.IsSkeleton() {
					if err := bob.Apply(c.Bytes()); err != nil {
						t.Fatal(err)
					}
				}
			}
		}, record.Deleted, record.Deleted},
		"a create": {func(bob *crdt.Doc) { put(t, bob, "k", value{"new": value{"x": 1}}) }, record.Present, record.Deleted},
	} {
		for policy, want := range map[record.Policy]record.State{
			record.EditWins: story.editWins, record.DeleteWins: story.finalWin, "some newer policy": story.editWins,
		} {
			ann, bob := both(t)
			destroy(t, ann, policy)
			isIn(t, record.Deleted, ann)
			story.bob(bob)
			meet(t, ann, bob)
			isIn(t, want, ann, bob)
			if t.Failed() {
				t.Fatalf("a delete by %q, beside %s", policy, name)
			}
			restore(t, bob)
			meet(t, ann, bob)
			isIn(t, record.Present, ann, bob)
		}
	}
}

// TestAfterADelete: what somebody who has seen it does.
func TestAfterADelete(t *testing.T) {
	for _, policy := range []record.Policy{record.EditWins, record.DeleteWins} {
		ann, bob := both(t)
		destroy(t, ann, policy)
		meet(t, ann, bob)
		isIn(t, record.Deleted, bob)
		// Who edits without restoring doesn't know tombstones. Unless deletes win,
		// nothing that is written gets lost unseen.
		edit(t, bob, set("y", 1))
		isIn(t, map[record.Policy]record.State{record.EditWins: record.Present, record.DeleteWins: record.Deleted}[policy], bob)
		restore(t, bob)
		isIn(t, record.Present, bob)
		destroy(t, bob, policy)
		isIn(t, record.Deleted, bob)
		// Restored by one, deleted again by another at the same time.
		meet(t, ann, bob)
		restore(t, ann)
		destroy(t, bob, policy)
		meet(t, ann, bob)
		isIn(t, map[record.Policy]record.State{record.EditWins: record.Present, record.DeleteWins: record.Deleted}[policy], ann, bob)
	}
}

// TestStrangeTombstones: whatever stands there is one, and only a plain string
// names a policy.
func TestStrangeTombstones(t *testing.T) {
	for name, v := range map[string]any{
		"null": nil, "false": false, "a text": "delete-wins", "bytes": []byte("delete-wins"),
		"a map": value{"x": 1}, "a counter": crdt.Counter(1),
	} {
		ann, bob := both(t)
		edit(t, ann, set(record.DeletedName, v))
		meet(t, ann, bob)
		isIn(t, record.Deleted, ann, bob)
		edit(t, bob, set("y", 1))
		isIn(t, record.Present, bob)
		if t.Failed() {
			t.Fatalf("a tombstone that is %s", name)
		}
	}
}

// world is people who have a record and meet now and then.
type world struct {
	tb   testing.TB
	rng  *rand.Rand
	docs []*crdt.Doc
}

func newWorld(tb testing.TB, rng *rand.Rand, people int) *world {
	w := &world{tb, rng, nil}
	for i := range people {
		w.docs = append(w.docs, newDoc(tb, fmt.Sprint("person ", i)))
	}
	return w
}

// step lets somebody do something.
func (w *world) step() {
	w.tb.Helper()
	i := w.rng.IntN(len(w.docs))
	d := w.docs[i]
	field, policy := fmt.Sprint("f", w.rng.IntN(3)), []record.Policy{record.EditWins, record.EditWins, record.DeleteWins, "newer"}[w.rng.IntN(4)]
	switch w.rng.IntN(12) {
	case 0, 1:
		edit(w.tb, d, set(field, w.rng.IntN(100)))
	case 2:
		edit(w.tb, d, func(root crdt.Map) error { return merge(root, value{"in": value{field: w.rng.IntN(100)}}) })
	case 3, 4:
		destroy(w.tb, d, policy)
	case 5:
		restore(w.tb, d)
	case 6:
		edit(w.tb, d, set(field, w.rng.IntN(100)), crdt.WithMessage(record.Resolved))
	case 7:
		put(w.tb, d, "k", value{field: w.rng.IntN(100), "in": value{"of": value{field: 1}}})
	case 8:
		edit(w.tb, d, set("godwit:other", w.rng.IntN(100)))
	default:
		if err := d.Merge(w.docs[w.rng.IntN(len(w.docs))]); err != nil {
			w.tb.Fatal(err)
		}
	}
}

// TestExistenceIsAFunctionOfTheHistory: at every moment what we say is what the
// rules say, in every order in which the changes may arrive, saved and loaded, and
// in forks.
func TestExistenceIsAFunctionOfTheHistory(t *testing.T) {
	seen := map[record.State]int{}
	for range 400 {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 6))
		w := newWorld(t, rng, 2+rng.IntN(4))
		for range 5 + rng.IntN(30) {
			w.step()
		}
		for _, d := range w.docs {
			changes := changesOf(t, d)
			want := byTheRules(t, changes)
			seen[want]++
			isIn(t, want, d)
			for range 3 {
				if got := stateOf(t, inOrder(t, shuffled(rng, changes))); got != want {
					t.Errorf("in another order it is %v, want %v", got, want)
				}
			}
			fork, err := d.Fork(actor("fork"))
			if err != nil {
				t.Fatal(err)
			}
			isIn(t, want, fork)
			fork.Close()
		}
		meet(t, w.docs...)
		isIn(t, byTheRules(t, changesOf(t, w.docs[0])), w.docs...)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if seen[record.Absent] < 10 || seen[record.Present] < 100 || seen[record.Deleted] < 100 {
		t.Errorf("the histories were %v", seen)
	}
}

// TestWhatIsRememberedIsTrue: whoever remembers which tombstones were beaten sees at
// every moment what others see, also when what has beaten them is taken back.
func TestWhatIsRememberedIsTrue(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 7))
	for range 200 {
		w := newWorld(t, rng, 2+rng.IntN(3))
		memories := make([]record.Beaten, len(w.docs))
		look := func() {
			for i, d := range w.docs {
				got, err := memories[i].StateOf(d)
				if want := stateOf(t, d); err != nil || got != want {
					t.Fatalf("it is %v (%v), want %v; seed %d", got, err, want, seed)
				}
			}
		}
		for range 30 {
			w.step()
			look()
			d := w.docs[rng.IntN(len(w.docs))]
			before := d.Heads()
			edit(t, d, set("f", rng.IntN(100)))
			look()
			if err := d.Revert(before); err != nil {
				t.Fatal(err)
			}
			look()
		}
	}
}

// TestABeatenTombstoneIsLookedUpOnce: then it costs nothing that grows with the
// history, however many there are.
func TestABeatenTombstoneIsLookedUpOnce(t *testing.T) {
	for stones := 1; stones <= 2; stones++ {
		ann, bob := both(t)
		for range 2000 {
			edit(t, ann, func(root crdt.Map) error { return root.Set("y", 1+root.Get("y").Int()) })
		}
		for i := range stones {
			other, err := bob.Fork(actor(fmt.Sprint("deletes ", i)))
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			destroy(t, other, record.EditWins)
			if err := ann.Merge(other); err != nil {
				t.Fatal(err)
			}
		}
		var memory record.Beaten
		look := func() {
			if state, err := memory.StateOf(ann); err != nil || state != record.Present {
				t.Fatalf("it is %v (%v)", state, err)
			}
		}
		look()
		edit(t, ann, set("z", 1))
		if n := testing.AllocsPerRun(10, look); n > 100 {
			t.Errorf("with %d tombstones another look takes %v allocations", stones, n)
		}
	}
}

// TestManyTombstonesAtOnce: more than fit into one mask, of which one or none saw
// the many edits.
func TestManyTombstonesAtOnce(t *testing.T) {
	ann, _ := both(t)
	fork := func(name string) *crdt.Doc {
		d, err := ann.Fork(actor(name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		return d
	}
	const editors = 150
	var edited []*crdt.Doc
	all := fork("all")
	for i := range editors {
		d := fork(fmt.Sprint("editor ", i))
		edit(t, d, set(fmt.Sprint(i), 1))
		edited = append(edited, d)
		if err := all.Merge(d); err != nil {
			t.Fatal(err)
		}
	}
	judge := fork("judge")
	meet(t, judge, all)
	for _, missing := range []int{0, 75, editors - 1} { // whichever edit it is that a tombstone didn't see
		d := fork(fmt.Sprint("missed ", missing))
		for i, other := range edited {
			if i == missing {
				continue
			}
			if err := d.Merge(other); err != nil {
				t.Fatal(err)
			}
		}
		destroy(t, d, record.EditWins)
		isIn(t, record.Deleted, d)
		if err := judge.Merge(d); err != nil {
			t.Fatal(err)
		}
		isIn(t, record.Present, judge)
	}
	destroy(t, all, record.EditWins)
	if err := judge.Merge(all); err != nil {
		t.Fatal(err)
	}
	isIn(t, record.Deleted, judge)
}

// TestOtherEngines: automerge-go doesn't say who wrote what, so it can't tell of a
// tombstone; it says so.
func TestOtherEngines(t *testing.T) {
	ann, _ := both(t)
	open := func() *crdt.Doc {
		saved, err := ann.Save()
		if err != nil {
			t.Fatal(err)
		}
		d, err := crdt.Load(actor("eve"), saved, crdt.Reference())
		if errors.Is(err, crdt.ErrNoReference) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		return d
	}
	if got := stateOf(t, open()); got != record.Present {
		t.Errorf("it is %v", got)
	}
	destroy(t, ann, record.EditWins)
	if _, err := record.StateOf(open()); !errors.Is(err, crdt.ErrNotNative) {
		t.Errorf("%v, want ErrNotNative", err)
	}
}

func changesOf(tb testing.TB, d *crdt.Doc) []*change.Change {
	tb.Helper()
	changes, err := d.Changes(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return changes
}

// shuffled returns changes in another order in which they may arrive.
func shuffled(rng *rand.Rand, changes []*change.Change) []*change.Change {
	left := append([]*change.Change{}, changes...)
	here, seqs := map[change.Hash]bool{}, map[change.ActorID]uint64{}
	var order []*change.Change
	for len(left) > 0 {
		i := rng.IntN(len(left))
		c := left[i]
		ready := seqs[c.Actor]+1 == c.Seq
		for _, dep := range c.Deps {
			ready = ready && here[dep]
		}
		if ready {
			order = append(order, c)
			here[c.Hash], seqs[c.Actor] = true, c.Seq
			left = append(left[:i], left[i+1:]...)
		}
	}
	return order
}

func inOrder(tb testing.TB, changes []*change.Change) *crdt.Doc {
	tb.Helper()
	d := newDoc(tb, "order")
	for _, c := range changes {
		if err := d.Apply(c.Bytes()); err != nil {
			tb.Fatal(err)
		}
	}
	return d
}

// byTheRules is existence as docs/PROTOCOL.md has it, word for word and slowly.
func byTheRules(tb testing.TB, changes []*change.Change) record.State {
	tb.Helper()
	by := map[change.Hash]*change.Change{}
	stones := map[change.OpID]*change.Change{}
	policies := map[change.OpID]string{}
	ordinary := false
	for _, c := range changes {
		by[c.Hash] = c
		ordinary = ordinary || !c.IsSkeleton()
		for op, err := range c.Operations() {
			if err != nil {
				tb.Fatal(err)
			}
			if op.Obj != (change.OpID{}) || op.Key.Name != "godwit:deleted" || op.Action == change.ActionIncrement {
				continue
			}
			for _, pred := range op.Pred {
				delete(stones, pred)
			}
			if op.Action != change.ActionDelete {
				stones[op.ID], policies[op.ID] = c, string(op.Value.Raw)
			}
		}
	}
	if !ordinary {
		return record.Absent
	}
	for id, stone := range stones {
		past := map[change.Hash]bool{}
		var walk func(deps []change.Hash)
		walk = func(deps []change.Hash) {
			for _, dep := range deps {
				if !past[dep] {
					past[dep] = true
					walk(by[dep].Deps)
				}
			}
		}
		walk(stone.Deps)
		beaten := false
		for _, c := range changes {
			if !past[c.Hash] && c != stone && isEdit(tb, c) {
				beaten = true
			}
		}
		if policies[id] == "delete-wins" || !beaten {
			return record.Deleted
		}
	}
	return record.Present
}

func isEdit(tb testing.TB, c *change.Change) bool {
	tb.Helper()
	if c.IsSkeleton() || c.Message == "godwit: resolved" {
		return false
	}
	takes, leaves := 0, 0
	for op, err := range c.Operations() {
		if err != nil {
			tb.Fatal(err)
		}
		if op.Obj != (change.OpID{}) || len(op.Key.Name) < 7 || op.Key.Name[:7] != "godwit:" {
			return true
		}
		if op.Key.Name == "godwit:deleted" && op.Action == change.ActionDelete {
			takes++
		}
		if op.Key.Name == "godwit:deleted" && op.Action == change.ActionSet {
			leaves++
		}
	}
	return takes > 0 && leaves == 0
}
