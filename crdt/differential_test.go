package crdt_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// twins are one document in both engines.
type twins struct {
	name           string
	operations     int
	reference, own *crdt.Doc
}

func newTwins(t *testing.T, name string) *twins {
	t.Helper()
	nothing := func(crdt.Map) error { return nil }
	return &twins{name: name, reference: open(t, name, crdt.Reference(), nothing), own: open(t, name, crdt.Native(), nothing)}
}

// edit makes the same random change in both.
func (w *twins) edit(t *testing.T, seed uint64) {
	t.Helper()
	var chunks [2]string
	for i, d := range []*crdt.Doc{w.reference, w.own} {
		r := rand.New(rand.NewPCG(seed, 1))
		c, err := d.Change(func(root crdt.Map) error {
			for range 1 + r.IntN(6) {
				if err := randomEdit(r, root); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("engine %d of %s: %v", i, w.name, err)
		}
		if c != nil {
			chunks[i] = string(c.Bytes())
			w.operations += int(c.Ops) * i // made by both, counted once
		}
	}
	if chunks[0] != chunks[1] {
		t.Fatalf("%s made\n%s, want\n%s", w.name, operations(t, chunks[1]), operations(t, chunks[0]))
	}
}

var errGivenUp = errors.New("given up")

// giveUp begins a change in both and fails.
func (w *twins) giveUp(t *testing.T, seed uint64) {
	t.Helper()
	for _, d := range []*crdt.Doc{w.reference, w.own} {
		r := rand.New(rand.NewPCG(seed, 1))
		_, err := d.Change(func(root crdt.Map) error {
			for range 1 + r.IntN(12) {
				if err := randomEdit(r, root); err != nil {
					return err
				}
			}
			return errGivenUp
		})
		if !errors.Is(err, errGivenUp) {
			t.Fatal(err)
		}
	}
}

// operations describes a change.
func operations(t *testing.T, chunk string) string {
	if chunk == "" {
		return "nothing"
	}
	c, err := change.Parse([]byte(chunk))
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprint(c.Deps)
	for op := range c.Operations() {
		out += fmt.Sprintf("\n%d obj %d key %q/%d insert %t action %d value %d %q pred %v",
			op.ID.Counter, op.Obj.Counter, op.Key.Name, op.Key.Elem.Counter, op.Insert, op.Action, op.Value.Type, op.Value.Raw, op.Pred)
	}
	return out
}

// compare verifies that both say the same.
func (w *twins) compare(t *testing.T) {
	t.Helper()
	if got, want := w.own.Heads(), w.reference.Heads(); !slices.Equal(got, want) {
		t.Fatalf("%s has the heads %s, want %s", w.name, got, want)
	}
	if got, want := content(t, w.own), content(t, w.reference); got != want {
		t.Fatalf("%s says\n%s, want\n%s", w.name, got, want)
	}
}

// exchange lets each engine load what the other saved.
func (w *twins) exchange(t *testing.T) {
	t.Helper()
	own, err := crdt.Load(actor(w.name), saved(t, w.reference), crdt.Native())
	if err != nil {
		t.Fatalf("load what the reference saved: %v", err)
	}
	again, err := crdt.Load(actor(w.name), saved(t, w.own), crdt.Reference())
	if err != nil {
		t.Fatalf("the reference loads what was saved: %v", err)
	}
	w.reference.Close()
	w.own.Close()
	w.own, w.reference = own, again
	w.compare(t)
}

var words = []string{"a", "b", "godwit", "é", "🙂", "語", "\n", "x y"}

// randomEdit writes something somewhere.
func randomEdit(r *rand.Rand, root crdt.Map) error {
	m := root
	for r.IntN(3) == 0 {
		next := m.Get(words[r.IntN(3)])
		switch next.Kind() {
		case crdt.KindMap:
			m = next.Map()
		case crdt.KindList:
			return randomListEdit(r, next.List())
		case crdt.KindText:
			return randomTextEdit(r, next.Text())
		}
	}
	key := words[r.IntN(3)]
	switch there := m.Get(key); {
	case there.Kind() == crdt.KindCounter && r.IntN(4) > 0:
		return m.Increment(key, int64(r.IntN(9)-4))
	case there.Kind() == crdt.KindText: // written over, the engines order its edits differently
		return randomTextEdit(r, there.Text())
	case there.Kind() == crdt.KindList && r.IntN(8) > 0:
		return randomListEdit(r, there.List())
	case there.Exists() && r.IntN(6) == 0:
		return m.Delete(key)
	}
	return setOther(m.Get(key), randomValue(r), func(v any) error { return m.Set(key, v) })
}

// setOther writes a value where another one is. Where the same is, or a counter
// that would be incremented, only our engine knows whether there is a conflict
// that this ends.
func setOther(there crdt.Value, v any, set func(any) error) error {
	_, counts := v.(crdt.Counter)
	if counts && there.Kind() == crdt.KindCounter || there.Exists() && fmt.Sprint(there.Any()) == fmt.Sprint(v) {
		return nil
	}
	return set(v)
}

func randomValue(r *rand.Rand) any {
	switch r.IntN(12) {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2:
		return r.IntN(1000) - 500
	case 3:
		return r.Float64()
	case 4:
		return []byte(words[r.IntN(len(words))])
	case 5:
		return crdt.ImmutableString(words[r.IntN(len(words))])
	case 6:
		return time.UnixMilli(r.Int64N(1 << 40)).UTC()
	case 7:
		return crdt.Counter(r.IntN(100))
	case 8:
		return map[string]any{"a": 1, "b": words[r.IntN(len(words))]}
	case 9:
		return []any{1, "x", nil, nil, nil}
	}
	return words[r.IntN(len(words))]
}

func randomListEdit(r *rand.Rand, l crdt.List) error {
	n := l.Len()
	if n > 0 {
		switch i := r.IntN(n); r.IntN(4) {
		case 0:
			return l.Delete(i, 1)
		case 1:
			if l.Get(i).Kind() == crdt.KindText {
				return randomTextEdit(r, l.Get(i).Text())
			}
			return setOther(l.Get(i), randomValue(r), func(v any) error { return l.Set(i, v) })
		case 2:
			if l.Get(i).Kind() == crdt.KindCounter {
				return l.Increment(i, 3)
			}
		}
	}
	return l.Insert(r.IntN(n+1), randomValue(r))
}

func randomTextEdit(r *rand.Rand, text crdt.Text) error {
	n := text.Len()
	much := 1 // or as much as somebody pastes and cuts
	if r.IntN(4) == 0 {
		much = 200
	}
	if n > 0 && r.IntN(3) == 0 {
		pos := r.IntN(n)
		return text.Splice(pos, 1+r.IntN(min(n-pos, 6*much)), "")
	}
	return text.Splice(r.IntN(n+1), 0, strings.Repeat(words[r.IntN(len(words))], 1+r.IntN(much)))
}

// Whatever happens to a document, both engines make the same changes of it, say
// the same, and load what the other has saved.
func TestEnginesAgree(t *testing.T) {
	needsReference(t)
	seeds := uint64(60)
	if n, err := strconv.Atoi(os.Getenv("GODWIT_DIFFERENTIAL")); err == nil {
		seeds = uint64(n)
	}
	operations := 0
	defer func() { t.Log(operations, "operations") }()
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			all := []*twins{newTwins(t, "ada"), newTwins(t, "bob"), newTwins(t, "cem")}
			for range 40 {
				w := all[r.IntN(len(all))]
				switch r.IntN(8) {
				case 7:
					w.giveUp(t, r.Uint64())
				case 0:
					from := all[r.IntN(len(all))]
					if err := errors.Join(w.reference.Merge(from.reference), w.own.Merge(from.own)); err != nil {
						t.Fatal(err)
					}
				case 1:
					w.exchange(t)
				default:
					w.edit(t, r.Uint64())
				}
				w.compare(t)
			}
			for _, w := range all {
				operations += w.operations
			}
		})
	}
}
