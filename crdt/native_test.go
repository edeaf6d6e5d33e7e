package crdt_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

func newNative(t *testing.T, name string, fn func(root crdt.Map) error) *crdt.Doc {
	t.Helper()
	return open(t, name, crdt.Native(), fn)
}

// view reads a document.
func view[T any](t *testing.T, d *crdt.Doc, fn func(root crdt.Map) (T, error)) (out T) {
	t.Helper()
	if err := d.View(func(root crdt.Map) (err error) {
		out, err = fn(root)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestConflictsAreAllThere(t *testing.T) {
	ada := newNative(t, "ada", func(root crdt.Map) error {
		return errors.Join(root.Set("n", 1), root.Set("l", []any{1, 2}))
	})
	bob, err := ada.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	edit(t, ada, func(root crdt.Map) error { return errors.Join(root.Set("n", "ada"), root.Get("l").List().Set(1, 20)) })
	edit(t, bob, func(root crdt.Map) error { return errors.Join(root.Set("n", true), root.Get("l").List().Set(1, 21)) })
	if err := ada.Merge(bob); err != nil {
		t.Fatal(err)
	}
	says(t, ada, `{"l":[1,20],"n":true}`)
	read := func(root crdt.Map) (string, error) {
		n, err := root.Conflicts("n")
		if err != nil {
			return "", err
		}
		l, err := root.Get("l").List().Conflicts(1)
		out := ""
		for _, v := range slices.Concat(n, l) {
			out += fmt.Sprint(v.Any(), " ")
		}
		return out, err
	}
	if got := view(t, ada, read); got != "ada true 21 20 " {
		t.Errorf("in conflict are %s", got)
	}
	edit(t, ada, func(root crdt.Map) error { return root.Set("n", 3) })
	if got := view(t, ada, read); got != "3 21 20 " {
		t.Errorf("after another write are %s", got)
	}
}

// Whoever is shown a conflict may choose any of its values, also the one that is
// shown already. Then it is over for everybody.
func TestConflictsAreSettledByChoosing(t *testing.T) {
	for _, values := range [][2]any{
		{1, true},
		{"text", crdt.ImmutableString("plain")},
		{"text", "another"},
		{crdt.Counter(1), crdt.Counter(2)},
		{crdt.Uint64(1 << 60), crdt.Int64(-1 << 60)},
		{map[string]any{"a": 1}, []any{1}},
	} {
		for chosen := range 2 {
			ada, bob := inConflict(t, values)
			want := ""
			edit(t, ada, func(root crdt.Map) error {
				list := root.Get("list").List()
				atKey, err := root.Conflicts("key")
				atIndex, failed := list.Conflicts(0)
				if len(atKey) != 2 || len(atIndex) != 2 || err != nil || failed != nil {
					t.Fatalf("%v in conflict: %v, %v; %v, %v", values, atKey, err, atIndex, failed)
				}
				want = fmt.Sprint(atKey[chosen].Any(), " ", atIndex[chosen].Any(), " ")
				return errors.Join(root.Set("key", choice(atKey[chosen])), list.Set(0, choice(atIndex[chosen])))
			})
			if err := bob.Merge(ada); err != nil {
				t.Fatal(err)
			}
			left := view(t, bob, func(root crdt.Map) (string, error) {
				key, err := root.Conflicts("key")
				index, failed := root.Get("list").List().Conflicts(0)
				out := ""
				for _, v := range slices.Concat(key, index) {
					out += fmt.Sprint(v.Any(), " ")
				}
				return out, errors.Join(err, failed)
			})
			if left != want {
				t.Errorf("choice %d of %v: %sare left", chosen, values, left)
			}
		}
	}
}

// inConflict returns documents in which two values stand at a key and at an index.
func inConflict(t *testing.T, values [2]any) (ada, bob *crdt.Doc) {
	t.Helper()
	ada = newNative(t, "ada", func(root crdt.Map) error { return root.Set("list", []any{nil}) })
	bob, err := ada.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range []*crdt.Doc{ada, bob} {
		edit(t, d, func(root crdt.Map) error {
			return errors.Join(root.Set("key", values[i]), root.Get("list").List().Set(0, values[i]))
		})
	}
	if err := ada.Merge(bob); err != nil {
		t.Fatal(err)
	}
	return ada, bob
}

// choice is what an app writes that was shown a value.
func choice(v crdt.Value) any {
	if k := v.Kind(); k == crdt.KindMap || k == crdt.KindList {
		return v.Any()
	}
	return v
}

// Reads that can say so say that their handle has ended.
func TestReadsOfEndedHandles(t *testing.T) {
	d := newNative(t, "ada", func(root crdt.Map) error {
		return errors.Join(root.Set("t", "text"), root.Set("l", []any{1}))
	})
	root := view(t, d, func(root crdt.Map) (crdt.Map, error) { return root, nil })
	values := view(t, d, func(root crdt.Map) ([]crdt.Value, error) { return []crdt.Value{root.Get("t"), root.Get("l")}, nil })
	text, list := values[0].Text(), values[1].List()
	_, conflicts := root.Conflicts("t")
	_, atIndex := list.Conflicts(0)
	_, marks := text.Marks()
	_, spans := text.Spans()
	_, block := text.Block(0)
	writing := changeErr(d, func(root crdt.Map) error { return root.Set("copy", values[0]) })
	for i, err := range []error{conflicts, atIndex, marks, spans, block, writing} {
		if !errors.Is(err, crdt.ErrEnded) {
			t.Errorf("%d: %v, want ErrEnded", i, err)
		}
	}
	if spans, err := (crdt.Text{}).Spans(); spans != nil || err != nil {
		t.Errorf("the spans of no text are %v, %v", spans, err)
	}
}

// What was chosen among objects and counters is still the one that others write
// to meanwhile.
func TestWhatIsChosenStaysTheSame(t *testing.T) {
	for _, values := range [][2]any{
		{"text", "text"}, {"text", "other"}, {crdt.Counter(1), crdt.Counter(2)}, {map[string]any{"a": 1}, map[string]any{"a": 1}},
	} {
		ada, bob := inConflict(t, values)
		if err := bob.Merge(ada); err != nil {
			t.Fatal(err)
		}
		edit(t, bob, func(root crdt.Map) error {
			switch there := root.Get("key"); there.Kind() {
			case crdt.KindText:
				return there.Text().Append("!")
			case crdt.KindMap:
				return there.Map().Set("b", 2)
			}
			return root.Increment("key", 5)
		})
		edit(t, ada, func(root crdt.Map) error { return root.Set("key", root.Get("key").Any()) })
		want := fmt.Sprint(view(t, bob, func(root crdt.Map) (any, error) { return root.Get("key").Any(), nil }))
		if err := ada.Merge(bob); err != nil {
			t.Fatal(err)
		}
		left := view(t, ada, func(root crdt.Map) ([]crdt.Value, error) { return root.Conflicts("key") })
		got := fmt.Sprint(view(t, ada, func(root crdt.Map) (any, error) { return root.Get("key").Any(), nil }))
		if len(left) != 1 || got != want {
			t.Errorf("%v: %d are left, %s, want %s", values, len(left), got, want)
		}
	}
}

func TestMarks(t *testing.T) {
	d := newNative(t, "ada", func(root crdt.Map) error { return root.Set("t", "one 🦊 two three") })
	text := func(root crdt.Map) crdt.Text { return root.Get("t").Text() }
	edit(t, d, func(root crdt.Map) error {
		return errors.Join(
			text(root).Mark(4, 9, "bold", true, crdt.ExpandAfter),
			text(root).Mark(0, 3, "link", "https://example.org", crdt.ExpandNone))
	})
	edit(t, d, func(root crdt.Map) error {
		return errors.Join(text(root).Insert(9, "!!"), text(root).Insert(3, "!"))
	})
	read := func(root crdt.Map) (out string, err error) {
		marks, err := text(root).Marks()
		for _, m := range marks {
			out += fmt.Sprintf("%s=%v %d-%d; ", m.Name, m.Value.Any(), m.Start, m.End)
		}
		return out, err
	}
	if got, want := view(t, d, read), "bold=true 5-12; link=https://example.org 0-3; "; got != want {
		t.Errorf("marks are %s, want %s", got, want)
	}
	edit(t, d, func(root crdt.Map) error { return text(root).Unmark(6, 8, "bold", crdt.ExpandNone) })
	if got, want := view(t, d, read), "bold=true 5-6; bold=true 8-12; link=https://example.org 0-3; "; got != want {
		t.Errorf("marks are %s, want %s", got, want)
	}
	for _, err := range []error{
		changeErr(d, func(root crdt.Map) error { return text(root).Mark(3, 99, "bold", true, 0) }),
		changeErr(d, func(root crdt.Map) error { return text(root).Mark(3, 2, "bold", true, 0) }),
		changeErr(d, func(root crdt.Map) error { return text(root).Mark(1, 2, "", true, 0) }),
		changeErr(d, func(root crdt.Map) error { return text(root).Mark(1, 2, "bold", []any{1}, 0) }),
	} {
		if err == nil {
			t.Error("a senseless mark was made")
		}
	}
}

func changeErr(d *crdt.Doc, fn func(root crdt.Map) error) error {
	_, err := d.Change(fn)
	return err
}

// What only the native engine can do, the other says that it can't.
func TestTheReferenceSaysWhatItLacks(t *testing.T) {
	needsReference(t)
	d := open(t, "ada", crdt.Reference(), func(root crdt.Map) error { return root.Set("t", "text") })
	err := changeErr(d, func(root crdt.Map) error {
		if _, err := root.Conflicts("t"); !errors.Is(err, crdt.ErrNotNative) {
			t.Errorf("conflicts: %v", err)
		}
		text := root.Get("t").Text()
		_, cursor := text.Cursor(0, crdt.MoveAfter)
		_, position := text.Position(crdt.CursorStart)
		_, block := text.Block(0)
		_, spans := text.Spans()
		for _, err := range []error{cursor, position, block, spans, text.SplitBlock(0, nil), text.JoinBlock(0)} {
			if !errors.Is(err, crdt.ErrNotNative) {
				t.Errorf("cursors and blocks: %v", err)
			}
		}
		return text.Mark(0, 1, "bold", true, crdt.ExpandNone)
	})
	if !errors.Is(err, crdt.ErrNotNative) {
		t.Errorf("mark: %v", err)
	}
}
