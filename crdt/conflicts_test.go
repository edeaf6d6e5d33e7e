package crdt_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// contested is a document in which two have written at several places at once,
// with the changes of either.
func contested(t *testing.T) (d *crdt.Doc, ann, bob *change.Change) {
	t.Helper()
	d = open(t, "ann", crdt.Native(), func(root crdt.Map) error {
		return errors.Join(
			root.Set("name", crdt.ImmutableString("Ada")),
			root.Set("address", map[string]any{"city": crdt.ImmutableString("London")}),
			root.Set("items", []any{map[string]any{"n": 1}, 2, 3, 4}),
			root.Set("text", "letters"),
		)
	})
	other, err := d.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	by := func(d *crdt.Doc, who string, n int) *change.Change {
		return edit(t, d, func(root crdt.Map) error {
			return errors.Join(
				root.At("address").Map().Set("city", crdt.ImmutableString(who)),
				root.At("items", 0).Map().Set("n", n),
				root.At("items").List().Set(2, n),
				root.Set("only "+who, n),
				root.At("text").Text().Splice(0, 1, who),
			)
		})
	}
	ann, bob = by(d, "ann", 10), by(other, "bob", 20)
	if err := d.Merge(other); err != nil {
		t.Fatal(err)
	}
	return d, ann, bob
}

// TestContests: every place at which several values stand is named, with who
// wrote them, and nothing else is; loaded again, it is the same.
func TestContests(t *testing.T) {
	d, ann, bob := contested(t)
	saved, err := d.Save()
	if err != nil {
		t.Fatal(err)
	}
	again, err := crdt.Load(actor("eve"), saved, crdt.Native())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	late := edit(t, again, func(root crdt.Map) error { return root.Set("late", 1) })
	for name, d := range map[string]*crdt.Doc{"merged": d, "loaded": again} {
		var ops []crdt.OpID
		got := map[string]string{}
		if err := d.View(func(root crdt.Map) error {
			contests, err := root.Contests()
			for _, c := range contests {
				got[fmt.Sprint(c.Path)] = fmt.Sprint(c.Values[0].Any(), " ", c.Values[1].Any())
				ops = append(ops, c.Writers...)
				if shown := root.At(c.Path...).Any(); shown != c.Values[1].Any() {
					t.Errorf("%s: at %v %v is shown", name, c.Path, shown)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{"[address city]": "ann bob", "[items 0 n]": "10 20", "[items 2]": "10 20"}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the contests are %v, want %v", name, got, want)
		}
		changes, err := d.ChangesOf(ops...)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range changes {
			if want := []*change.Change{ann, bob}[i%2]; c == nil || c.Hash != want.Hash {
				t.Errorf("%s: %v was written by %v, want %s", name, ops[i], c, want.Hash)
			}
		}
	}
	authors, err := again.Authors()
	if err != nil || len(authors) != 3 {
		t.Errorf("the authors are %v, %v", authors, err)
	}
	changes, err := again.ChangesOf(crdt.OpID{Counter: late.StartOp, Actor: late.Actor}, crdt.OpID{Counter: late.StartOp + 1, Actor: late.Actor}, crdt.OpID{Counter: 1, Actor: "nobody"})
	if err != nil || changes[0].Hash != late.Hash || changes[1] != nil || changes[2] != nil {
		t.Errorf("the changes are %v, %v", changes, err)
	}
}

// TestWriters: who wrote what stands at a key.
func TestWriters(t *testing.T) {
	d, ann, bob := contested(t)
	if err := d.View(func(root crdt.Map) error {
		for key, want := range map[string]int{"name": 1, "nothing": 0} {
			if ops, err := root.Writers(key); err != nil || len(ops) != want {
				t.Errorf("%s: %v, %v", key, ops, err)
			}
		}
		if ops, err := root.At("items").List().Writers(2); err != nil || len(ops) != 2 || ops[1].Actor != bob.Actor {
			t.Errorf("items: %v, %v", ops, err)
		}
		if ops, err := root.At("items").List().Writers(3); err != nil || len(ops) != 1 {
			t.Errorf("items: %v, %v", ops, err)
		}
		ops, err := root.At("address").Map().Writers("city")
		if err != nil || len(ops) != 2 || ops[0].Actor != ann.Actor || ops[1].Actor != bob.Actor {
			t.Errorf("%v, %v", ops, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestEnginesKnowWhoWroteWhat: the reference finds the changes and authors that
// ours finds.
func TestEnginesKnowWhoWroteWhat(t *testing.T) {
	needsReference(t)
	d, ann, bob := contested(t)
	saved, err := d.Save()
	if err != nil {
		t.Fatal(err)
	}
	other, err := crdt.Load(actor("eve"), saved, crdt.Reference())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	changes, err := other.ChangesOf(crdt.OpID{Counter: bob.MaxOp(), Actor: bob.Actor}, crdt.OpID{Counter: ann.StartOp, Actor: ann.Actor}, crdt.OpID{Counter: ann.MaxOp() + 1, Actor: ann.Actor})
	if err != nil || changes[0].Hash != bob.Hash || changes[1].Hash != ann.Hash || changes[2] != nil {
		t.Errorf("the changes are %v, %v", changes, err)
	}
	if authors, err := other.Authors(); err != nil || len(authors) != 2 {
		t.Errorf("the authors are %v, %v", authors, err)
	}
	if err := other.View(func(root crdt.Map) error {
		_, contests := root.Contests()
		_, writers := root.Writers("name")
		if !errors.Is(contests, crdt.ErrNotNative) || !errors.Is(writers, crdt.ErrNotNative) {
			t.Errorf("%v, %v; want ErrNotNative", contests, writers)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
