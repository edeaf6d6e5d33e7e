package record_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/internal/record"
)

// actor returns the actor id of a name.
func actor(name string) crdt.ActorID { return crdt.ActorID((name + "................")[:16]) }

func newDoc(tb testing.TB, name string) *crdt.Doc {
	tb.Helper()
	d, err := crdt.New(actor(name))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	return d
}

// edit makes a change that must work.
func edit(tb testing.TB, d *crdt.Doc, fn func(root crdt.Map) error, opts ...crdt.ChangeOption) *change.Change {
	tb.Helper()
	c, err := d.Change(fn, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// value is what a record is to say. Strings are plain.
type value = map[string]any

// merge writes a value into a map, and leaves what it doesn't name. Counters go up by
// what it says.
func merge(into crdt.Map, v value) error {
	for name, field := range v {
		nested, ok := field.(value)
		if !ok {
			switch f := field.(type) {
			case string:
				field = crdt.ImmutableString(f)
			case crdt.Counter:
				field = into.Get(name).Counter() + f
			}
			if err := into.Set(name, field); err != nil {
				return err
			}
			continue
		}
		if into.Get(name).Kind() != crdt.KindMap {
			if err := into.Set(name, value{}); err != nil {
				return err
			}
		}
		if err := merge(into.Get(name).Map(), nested); err != nil {
			return err
		}
	}
	return nil
}

// put adds a value to the record of a key, which must work.
func put(tb testing.TB, d *crdt.Doc, key string, v value) []*change.Change {
	tb.Helper()
	changes, err := record.Overlay(d, key, v, func(root crdt.Map) error { return merge(root, v) })
	if err != nil {
		tb.Fatal(err)
	}
	return changes
}

func destroy(tb testing.TB, d *crdt.Doc, policy record.Policy) *change.Change {
	tb.Helper()
	return edit(tb, d, func(root crdt.Map) error { return record.Delete(root, policy) })
}

func restore(tb testing.TB, d *crdt.Doc) *change.Change {
	tb.Helper()
	return edit(tb, d, record.Restore)
}

// meet exchanges all changes of some documents.
func meet(tb testing.TB, docs ...*crdt.Doc) {
	tb.Helper()
	for range 2 {
		for _, d := range docs {
			for _, other := range docs {
				if err := d.Merge(other); err != nil {
					tb.Fatal(err)
				}
			}
		}
	}
}

func reload(tb testing.TB, d *crdt.Doc) *crdt.Doc {
	tb.Helper()
	saved, err := d.Save()
	if err != nil {
		tb.Fatal(err)
	}
	again, err := crdt.Load(actor("reader"), saved)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(again.Close)
	return again
}

func stateOf(tb testing.TB, d *crdt.Doc) record.State {
	tb.Helper()
	s, err := record.StateOf(d)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// isIn checks the state of documents, also once they were saved and loaded.
func isIn(tb testing.TB, want record.State, docs ...*crdt.Doc) {
	tb.Helper()
	for i, d := range docs {
		if got := stateOf(tb, d); got != want {
			tb.Errorf("record %d is %v, want %v", i, got, want)
		}
		if got := stateOf(tb, reload(tb, d)); got != want {
			tb.Errorf("record %d, loaded again, is %v, want %v", i, got, want)
		}
	}
}

// content returns what a record says, but for what is reserved.
func content(tb testing.TB, d *crdt.Doc) string {
	tb.Helper()
	var text string
	if err := d.View(func(root crdt.Map) error {
		all := root.Any()
		for name := range all {
			if record.Reserved(name) {
				delete(all, name)
			}
		}
		text = fmt.Sprint(all)
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	return text
}

// says checks what records say, and that nothing in them is in conflict.
func says(tb testing.TB, want string, docs ...*crdt.Doc) {
	tb.Helper()
	for i, d := range docs {
		for _, d := range []*crdt.Doc{d, reload(tb, d)} {
			if got := content(tb, d); got != want {
				tb.Errorf("record %d says\n%s, want\n%s", i, got, want)
			}
			if found := conflicts(tb, d); len(found) > 0 {
				tb.Errorf("record %d has conflicts: %v", i, found)
			}
		}
	}
}

func conflicts(tb testing.TB, d *crdt.Doc) []record.Conflict {
	tb.Helper()
	found, err := record.Conflicts(d)
	if err != nil {
		tb.Fatal(err)
	}
	if err := d.View(func(root crdt.Map) error {
		has, err := record.HasConflicts(root)
		if has != (len(found) > 0) {
			tb.Errorf("it has conflicts: %v, but there are %d", has, len(found))
		}
		return err
	}); err != nil {
		tb.Fatal(err)
	}
	return found
}

func TestKeysThatCannotBe(t *testing.T) {
	d := newDoc(t, "ann")
	long := make([]byte, record.MaxKey+1)
	for i := range long {
		long[i] = 'k'
	}
	for _, key := range []string{"", "\xff", string(long)} {
		if _, err := record.Put(d, key, value{}); !errors.Is(err, record.ErrNoKey) {
			t.Errorf("%.10q: %v", key, err)
		}
	}
	if _, err := record.Put(d, string(long[1:]), value{}); err != nil {
		t.Error(err)
	}
}
