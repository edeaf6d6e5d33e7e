package opset_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
	"github.com/godwit-sync/godwit/crdt/internal/opset"
	"github.com/godwit-sync/godwit/crdt/internal/sequence"
)

// scribbler writes at random.
type scribbler struct {
	*testing.T
	rand *rand.Rand
	set  *opset.Set
}

func (w *scribbler) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// containers are what can be written to.
func containers(o *opset.Object) []*opset.Object {
	all := []*opset.Object{o}
	if o.IsMap() {
		for _, op := range o.Entries() {
			if op.Object != nil {
				all = append(all, containers(op.Object)...)
			}
		}
		return all
	}
	for op := range o.Elements() {
		if op.Object != nil {
			all = append(all, containers(op.Object)...)
		}
	}
	return all
}

func (w *scribbler) value() change.Value {
	return []change.Value{
		change.Text("x"), change.Text("é"), change.Text("long"), change.Text(""), change.Int(7), change.Counter(100), {}, change.Bool(true),
	}[w.rand.IntN(8)]
}

func (w *scribbler) kind() change.Action {
	return []change.Action{change.ActionMakeMap, change.ActionMakeList, change.ActionMakeText}[w.rand.IntN(3)]
}

func (w *scribbler) write() {
	all := containers(w.set.Root())
	o := all[w.rand.IntN(len(all))]
	switch {
	case o.IsMap():
		w.writeMap(o)
	case o.IsText():
		w.writeText(o)
	default:
		w.writeList(o)
	}
}

func (w *scribbler) writeMap(o *opset.Object) {
	key := string('a' + rune(w.rand.IntN(6)))
	switch w.rand.IntN(4) {
	case 0:
		w.must(w.set.Put(o, key, w.value()))
	case 1:
		_, err := w.set.PutObject(o, key, w.kind())
		w.must(err)
	case 2:
		w.must(w.set.Delete(o, key))
	default:
		_ = w.set.Increment(o, key, 3)
	}
}

func (w *scribbler) writeList(o *opset.Object) {
	n := o.Len(sequence.Points)
	if n == 0 || w.rand.IntN(3) == 0 {
		w.insert(o, sequence.Points, w.rand.IntN(n+1))
		return
	}
	at := w.rand.IntN(n)
	switch w.rand.IntN(4) {
	case 0:
		w.must(w.set.PutAt(o, at, w.value()))
	case 1:
		_, err := w.set.PutObjectAt(o, at, w.kind())
		w.must(err)
	case 2:
		w.must(w.set.DeleteAt(o, at, 1+w.rand.IntN(n-at)))
	default:
		_ = w.set.IncrementAt(o, at, 3)
	}
}

func (w *scribbler) insert(o *opset.Object, u sequence.Unit, at int) {
	if w.rand.IntN(4) == 0 {
		_, err := w.set.InsertObject(o, u, at, w.kind())
		w.must(err)
		return
	}
	v := w.value()
	for range 1 + w.rand.IntN(3) {
		w.must(w.set.Insert(o, u, at, v))
	}
}

func (w *scribbler) writeText(o *opset.Object) {
	u := sequence.Unit(w.rand.IntN(3))
	n := o.Len(u)
	at := w.rand.IntN(n + 1)
	switch w.rand.IntN(6) {
	case 0:
		w.insert(o, u, at)
	case 1:
		m := opset.Mark{Name: []string{"bold", "link"}[w.rand.IntN(2)], Start: at, End: at + w.rand.IntN(n-at+1)}
		m.Value = []change.Value{change.Bool(true), change.Int(1), {}}[w.rand.IntN(3)]
		w.must(w.set.Mark(o, u, m, w.rand.IntN(2) == 0, w.rand.IntN(2) == 0))
	default:
		w.must(w.set.Splice(o, u, at, w.rand.IntN(4), []string{"", "a", "hello", "né😀e", "語"}[w.rand.IntN(5)]))
	}
}

func (w *scribbler) said() string {
	var b bytes.Buffer
	b.WriteString(content(w.set.Root()))
	for _, o := range containers(w.set.Root()) {
		if o.IsText() {
			fmt.Fprint(&b, o.Marks(sequence.UTF16), o.Len(sequence.Bytes), o.Len(sequence.UTF16), len(o.Text()))
		}
	}
	return b.String()
}

// What was rolled back never was: the document says and saves the same, and
// makes the same next change as one in which nothing of it was written.
func TestRollback(t *testing.T) { inSlicesAndTrees(t, rollback) }

func rollback(t *testing.T) {
	for seed := range seeds(300) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			var changes []*change.Change
			w := &scribbler{t, rand.New(rand.NewPCG(seed, 3)), opset.New(me)}
			for range 12 {
				before, saved := w.said(), w.save()
				for range w.rand.IntN(12) {
					w.write()
				}
				w.set.Rollback()
				if got := w.said(); got != before {
					t.Fatalf("rolled back it says\n%s, not\n%s", got, before)
				}
				if !bytes.Equal(w.save(), saved) {
					t.Fatal("rolled back it is saved as something else")
				}
				if got := content(reload(t, saved).Root()); got != content(w.set.Root()) {
					t.Fatalf("loaded it says\n%s, not\n%s", got, content(w.set.Root()))
				}
				theirs := w.meanwhile(saved)
				for range 1 + w.rand.IntN(6) {
					w.write()
				}
				if c, err := w.set.Commit("", 0); err != nil {
					t.Fatal(err)
				} else {
					changes = append(changes, c)
				}
				w.must(w.set.Apply(theirs))
				changes = append(changes, theirs)
				others := apply(t, changes)
				if got, want := (&scribbler{t, nil, others}).said(), w.said(); got != want {
					t.Fatalf("others read\n%s, not\n%s", got, want)
				}
				if w.rand.IntN(3) == 0 {
					w.set = load(t, w.save())
				}
			}
		})
	}
}

// Who tries the same again and again, and takes it back, takes no more memory for
// it.
func TestRollbackLeavesNothing(t *testing.T) {
	for seed := range uint64(50) {
		w := &scribbler{t, rand.New(rand.NewPCG(seed, 4)), opset.New(me)}
		for range 20 {
			w.write()
		}
		if _, err := w.set.Commit("", 0); err != nil {
			t.Fatal(err)
		}
		var most int64
		for round := range 40 {
			w.rand = rand.New(rand.NewPCG(seed, 5))
			for range 30 {
				w.write()
			}
			w.set.Rollback()
			if round < 10 { // unused keys are dropped now and then
				most = max(most, w.set.Weigh())
			}
		}
		if last := w.set.Weigh(); last > most {
			t.Errorf("seed %d: the document takes %d bytes after 40 rollbacks, at most %d after up to ten", seed, last, most)
		}
	}
}

// meanwhile makes a change of somebody else.
func (w *scribbler) meanwhile(saved []byte) *change.Change {
	d, err := document.Parse(saved)
	w.must(err)
	set, err := opset.Load(eve, d)
	w.must(err)
	other := &scribbler{w.T, w.rand, set}
	for range 1 + w.rand.IntN(4) {
		other.write()
	}
	c, err := set.Commit("", 0)
	w.must(err)
	return c
}

func (w *scribbler) save() []byte {
	b, err := w.set.Save()
	w.must(err)
	return b
}
