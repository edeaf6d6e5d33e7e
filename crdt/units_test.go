package crdt_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// inUnit returns a document that counts in a unit, with a text t.
func inUnit(tb testing.TB, unit crdt.Unit, text string) *crdt.Doc {
	tb.Helper()
	d, err := crdt.New(actor("ada"), crdt.Native(), crdt.Positions(unit))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	edit(tb, d, func(root crdt.Map) error { return root.Set("t", text) })
	return d
}

// measure returns the width of runes in a unit.
func measure(unit crdt.Unit, text []rune) (n int) {
	for _, r := range text {
		switch {
		case unit == crdt.Bytes:
			n += len(string(r))
		case unit == crdt.UTF16 && r > 0xffff:
			n += 2
		default:
			n++
		}
	}
	return n
}

// The same edits make the same changes, whatever positions count.
func TestUnitsAreOnlyForPositions(t *testing.T) {
	units := []crdt.Unit{crdt.CodePoints, crdt.UTF16, crdt.Bytes}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		letters := []rune("aé€🦊")
		some := func(most int) []rune {
			out := make([]rune, r.IntN(most+1))
			for i := range out {
				out[i] = letters[r.IntN(len(letters))]
			}
			return out
		}
		model := some(200)
		var docs []*crdt.Doc
		for _, unit := range units {
			docs = append(docs, inUnit(t, unit, string(model)))
		}
		for range 40 {
			from := r.IntN(len(model) + 1)
			to := from + r.IntN(min(5, len(model)-from)+1)
			insert, do := some(3), r.IntN(4)
			var changes []string
			for i, unit := range units {
				c := edit(t, docs[i], func(root crdt.Map) error {
					text, start := root.Get("t").Text(), measure(unit, model[:from])
					length := measure(unit, model[from:to])
					switch do {
					case 0:
						return text.Mark(start, start+length, "bold", true, crdt.ExpandAfter)
					case 1:
						return text.Set(string(slices.Concat(model[:from], insert, model[to:])))
					case 2:
						return errors.Join(text.Insert(start, string(insert)), text.Delete(start+measure(unit, insert), length))
					}
					return text.Splice(start, length, string(insert))
				})
				if c != nil {
					changes = append(changes, string(c.Bytes()))
				}
			}
			if do > 0 {
				model = slices.Concat(model[:from], insert, model[to:])
			}
			if len(slices.Compact(changes)) > 1 || len(changes) > 0 && len(changes) < 3 {
				t.Fatalf("seed %d: the changes differ", seed)
			}
			for i, unit := range units {
				agree(t, docs[i], unit, model)
			}
		}
	}
}

// agree checks a text's length, content and marks, which begin and end between
// letters.
func agree(t *testing.T, d *crdt.Doc, unit crdt.Unit, model []rune) {
	t.Helper()
	ends := map[int]bool{}
	for i := range len(model) + 1 {
		ends[measure(unit, model[:i])] = true
	}
	view(t, d, func(root crdt.Map) (any, error) {
		text := root.Get("t").Text()
		if got := text.String(); got != string(model) || text.Len() != measure(unit, model) {
			t.Fatalf("the text is %q of %d, want %q", got, text.Len(), string(model))
		}
		marks, err := text.Marks()
		for _, m := range marks {
			if !ends[m.Start] || !ends[m.End] {
				t.Fatalf("%+v of %q", m, string(model))
			}
		}
		return nil, err
	})
}

// Within a code point it is as in JavaScript.
func TestPositionsWithinCodePoints(t *testing.T) {
	for _, c := range []struct {
		unit     crdt.Unit
		pos, del int
		want     string
	}{
		{crdt.UTF16, 2, 0, "a😀|Xb"},
		{crdt.UTF16, 2, 1, "a😀|b"},
		{crdt.UTF16, 1, 1, "a|Xb"},
		{crdt.Bytes, 2, 1, "a😀|b"},
		{crdt.Bytes, 4, 2, "a😀|"},
		{crdt.Bytes, 1, 1, "a|Xb"},
		{crdt.Bytes, 7, 0, "a😀Xb|"},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			d := inUnit(t, c.unit, "a😀Xb")
			edit(t, d, func(root crdt.Map) error { return root.Get("t").Text().Splice(c.pos, c.del, "|") })
			says(t, d, `{"t":"`+c.want+`"}`)
			err := changeErr(d, func(root crdt.Map) error {
				text := root.Get("t").Text()
				return text.Insert(text.Len()+1, "!")
			})
			if !errors.Is(err, crdt.ErrRange) {
				t.Errorf("beyond the end: %v", err)
			}
		})
	}
}

// What turns out to write nothing makes no change.
func TestEditsOfNothing(t *testing.T) {
	d := inUnit(t, crdt.UTF16, "a😀")
	for _, nothing := range []func(text crdt.Text) error{
		func(text crdt.Text) error { return text.Delete(2, 1) }, // the latter half
		func(text crdt.Text) error { return text.Mark(1, 1, "bold", true, crdt.ExpandNone) },
		func(text crdt.Text) error { return text.Insert(1, "") },
	} {
		if c := edit(t, d, func(root crdt.Map) error { return nothing(root.Get("t").Text()) }); c != nil {
			t.Errorf("it made a change of %d operations", c.Ops)
		}
	}
	says(t, d, `{"t":"a😀"}`)
}

// What is made of a document counts as it does.
func TestUnitsAreKept(t *testing.T) {
	d := inUnit(t, crdt.UTF16, "🦊")
	first := d.Heads()
	edit(t, d, func(root crdt.Map) error { return root.Get("t").Text().Append("🦊") })
	length := func(root crdt.Map) (int, error) { return root.Get("t").Text().Len(), nil }
	fork, err := d.Fork(actor("bob"), first...)
	if err != nil {
		t.Fatal(err)
	}
	defer fork.Close()
	if n := view(t, fork, length); n != 2 {
		t.Errorf("a fork counts %d", n)
	}
	if err := d.ViewAt(first, func(root crdt.Map) error {
		if n, _ := length(root); n != 2 {
			t.Errorf("the past counts %d", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.Revert(first); err != nil {
		t.Fatal(err)
	}
	if n := view(t, d, length); n != 2 {
		t.Errorf("what was reverted counts %d", n)
	}
}

func TestUnitsThatAreRefused(t *testing.T) {
	if _, err := crdt.New(actor("ada"), crdt.Native(), crdt.Positions(7)); !errors.Is(err, crdt.ErrInvalid) {
		t.Errorf("unit 7: %v", err)
	}
	needsReference(t)
	for _, opts := range [][]crdt.Option{
		{crdt.Reference(), crdt.Positions(crdt.UTF16)}, {crdt.Positions(crdt.Bytes), crdt.Reference()},
	} {
		if _, err := crdt.New(actor("ada"), opts...); !errors.Is(err, crdt.ErrNotNative) {
			t.Errorf("automerge-go: %v", err)
		}
	}
	d, err := crdt.New(actor("ada"), crdt.Reference(), crdt.Positions(crdt.CodePoints))
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}

// A hundred thousand values are inserted and deleted at once, and deletions of
// what was inserted together are one run.
func TestListsOfManyValues(t *testing.T) {
	values := make([]any, 100_000)
	for i := range values {
		values[i] = i
	}
	d := newNative(t, "ada", func(root crdt.Map) error { return root.Set("l", []any{"first", "last"}) })
	edit(t, d, func(root crdt.Map) error { return root.Get("l").List().Insert(1, values...) })
	c := edit(t, d, func(root crdt.Map) error {
		l := root.Get("l").List()
		if got := l.Get(99_999).Int(); l.Len() != 100_002 || got != 99_998 {
			t.Errorf("of %d, the last but two is %d", l.Len(), got)
		}
		return l.Delete(1, 100_000)
	})
	if c.Ops != 100_000 || len(c.Bytes()) > 200 {
		t.Errorf("%d deletions take %d bytes", c.Ops, len(c.Bytes()))
	}
	says(t, d, `{"l":["first","last"]}`)
	edit(t, d, func(root crdt.Map) error {
		return root.Get("l").List().Insert(1, 1, []any{2, "x"}, 3, nil, nil, crdt.Counter(4))
	})
	says(t, d, `{"l":["first",1,[2,"x"],3,null,null,4,"last"]}`)
	edit(t, d, func(root crdt.Map) error { return root.Get("l").List().Delete(1, 6) })
	says(t, d, `{"l":["first","last"]}`)
}
