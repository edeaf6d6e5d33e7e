package crdt_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// abc returns a document with the texts t and u, of one actor, and some cursors
// of t.
func abc(tb testing.TB, places ...int) (*crdt.Doc, []crdt.Cursor) {
	tb.Helper()
	d := inUnit(tb, crdt.CodePoints, "abcdef")
	edit(tb, d, func(root crdt.Map) error { return root.Set("u", "xyz") })
	cursors, err := cursorsOf(d, "t", places...)
	if err != nil {
		tb.Fatal(err)
	}
	return d, cursors
}

func cursorsOf(d *crdt.Doc, key string, places ...int) (cursors []crdt.Cursor, err error) {
	err = d.View(func(root crdt.Map) error {
		for _, pos := range places {
			for _, move := range []crdt.Move{crdt.MoveAfter, crdt.MoveBefore} {
				c, err := root.Get(key).Text().Cursor(pos, move)
				if err != nil {
					return err
				}
				cursors = append(cursors, c)
			}
		}
		return nil
	})
	return cursors, err
}

// are checks where cursors are.
func are(t *testing.T, d *crdt.Doc, cursors []crdt.Cursor, want ...int) {
	t.Helper()
	view(t, d, func(root crdt.Map) (any, error) {
		for i, c := range cursors {
			if pos, err := root.Get("t").Text().Position(c); err != nil || pos != want[i] {
				t.Errorf("%s is at %d, %v, want %d", c, pos, err, want[i])
			}
		}
		return nil, nil
	})
}

func TestCursorsStayWithTheirLetters(t *testing.T) {
	d, cursors := abc(t, 3, 6)
	cursors = append(cursors, crdt.CursorStart)
	bob, err := d.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	defer bob.Close()
	edit(t, bob, func(root crdt.Map) error { return root.Get("t").Text().Insert(0, "🦊🦊") })
	if err := d.Merge(bob); err != nil {
		t.Fatal(err)
	}
	are(t, d, cursors, 5, 5, 8, 8, 0)
	edit(t, d, func(root crdt.Map) error { // c to e, before which b is left
		text := root.Get("t").Text()
		err := errors.Join(text.Delete(4, 3))
		if pos, _ := text.Position(cursors[0]); pos != 4 {
			t.Errorf("within the change it is at %d", pos)
		}
		return err
	})
	are(t, d, cursors, 4, 3, 5, 5, 0)
	if err := d.Revert(bob.Heads()); err != nil {
		t.Fatal(err)
	}
	are(t, d, cursors, 5, 5, 8, 8, 0)
}

// What others send as a cursor is an error where it is none, and nothing worse.
func TestCursorsOfOthers(t *testing.T) {
	d, cursors := abc(t, 3)
	other, err := cursorsOf(d, "u", 1)
	if err != nil {
		t.Fatal(err)
	}
	ada := fmt.Sprintf("%x", "ada.............")
	edit(t, d, func(root crdt.Map) error { return root.Get("t").Text().Delete(0, 1) })
	view(t, d, func(root crdt.Map) (any, error) {
		text := root.Get("t").Text()
		for _, c := range append(other,
			"", "x", "-", "@", "-@", "1@", "3@"+crdt.Cursor(ada[1:]), "3@zz", "+3@"+crdt.Cursor(ada), "--3@"+crdt.Cursor(ada),
			"0@"+crdt.Cursor(ada), "1@"+crdt.Cursor(ada), "99@"+crdt.Cursor(ada), "-99@"+crdt.Cursor(ada), // none, the text itself, later ones
			"4294967299@"+crdt.Cursor(ada), "18446744073709551616@"+crdt.Cursor(ada), "3@bb",
			crdt.Cursor("3@"+strings.Repeat("00", 1<<20)), "ß3@"+crdt.Cursor(ada), "3@"+crdt.Cursor(ada)+"@", "S", "start",
		) {
			if pos, err := text.Position(c); !errors.Is(err, crdt.ErrCursor) {
				t.Errorf("%.60q is at %d, %v", c, pos, err)
			}
		}
		if _, err := text.Cursor(-1, crdt.MoveAfter); !errors.Is(err, crdt.ErrRange) {
			t.Errorf("before the beginning: %v", err)
		}
		if _, err := text.Cursor(6, crdt.MoveAfter); !errors.Is(err, crdt.ErrRange) {
			t.Errorf("beyond the end: %v", err)
		}
		if _, err := (crdt.Text{}).Cursor(0, crdt.MoveAfter); !errors.Is(err, crdt.ErrAbsent) {
			t.Errorf("of no text: %v", err)
		}
		return nil, nil
	})
	are(t, d, append(cursors, crdt.Cursor(strings.ToUpper(string(cursors[0])))), 2, 2, 2)
	var kept crdt.Text
	view(t, d, func(root crdt.Map) (any, error) { kept = root.Get("t").Text(); return nil, nil })
	if _, err := kept.Position("s"); !errors.Is(err, crdt.ErrEnded) {
		t.Errorf("after its end: %v", err)
	}
}

func FuzzCursor(f *testing.F) {
	d, cursors := abc(f, 0, 3, 6)
	for _, c := range cursors {
		f.Add(string(c))
	}
	f.Fuzz(func(t *testing.T, c string) {
		err := d.View(func(root crdt.Map) error {
			pos, err := root.Get("t").Text().Position(crdt.Cursor(c))
			if err == nil && (pos < 0 || pos > 6) {
				t.Errorf("%q is at %d", c, pos)
			}
			return err
		})
		if err != nil && !errors.Is(err, crdt.ErrCursor) {
			t.Error(err)
		}
	})
}
