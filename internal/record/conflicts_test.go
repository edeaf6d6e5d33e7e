package record_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/record"
)

// TestConflictsSayWhoWroteWhat: and which is shown.
func TestConflictsSayWhoWroteWhat(t *testing.T) {
	ann, bob := both(t)
	a := edit(t, ann, func(root crdt.Map) error {
		return errors.Join(root.Set("status", crdt.ImmutableString("done")), root.At("in").Map().Set("x", 2), root.Set("same", 7))
	})
	b := edit(t, bob, func(root crdt.Map) error {
		return errors.Join(root.Set("status", crdt.ImmutableString("dropped")), root.At("in").Map().Set("x", 3), root.Set("same", 7))
	}, crdt.WithMessage(record.Resolved))
	meet(t, ann, bob)
	for _, d := range []*crdt.Doc{ann, bob, reload(t, ann)} {
		found := conflicts(t, d)
		if len(found) != 2 {
			t.Fatalf("the conflicts are %v", found)
		}
		for _, c := range found {
			for i, w := range c.Values {
				by := a
				if w.Actor == b.Actor {
					by = b
				}
				if w.Actor != by.Actor || w.Change != by.Hash || w.Resolved != (by == b) {
					t.Errorf("%v: value %d is %+v", c.Path, i, w)
				}
			}
			if err := d.View(func(root crdt.Map) error {
				if shown := root.At(c.Path...).Any(); shown != c.Values[1].Value || c.Values[0].Value == shown {
					t.Errorf("%v: %v is shown of %v", c.Path, shown, c.Values)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestEqualValuesAreNoConflict: however they were written; but what two counters have
// counted isn't the same.
func TestEqualValuesAreNoConflict(t *testing.T) {
	for name, pair := range map[string]struct {
		a, b  any
		equal bool
	}{
		"texts":             {"Ada", "Ada", true},
		"text and string":   {"Ada", crdt.ImmutableString("Ada"), true},
		"other texts":       {"Ada", "Bea", false},
		"int and float":     {1, 1.0, true},
		"int and uint":      {1, crdt.Uint64(1), true},
		"int and bool":      {1, true, false},
		"number and string": {1, "1", false},
		"maps":              {value{"x": []any{1, nil}}, value{"x": []any{1.0, nil}}, true},
		"other maps":        {value{"x": []any{1, nil}}, value{"x": []any{1, 0}}, false},
		"bytes":             {[]byte{1}, []byte{1}, true},
		"null and null":     {nil, nil, true},
		"counters":          {crdt.Counter(1), crdt.Counter(1), false}, // the sum is two
		"counters in maps":  {value{"x": []any{crdt.Counter(1)}}, value{"x": []any{crdt.Counter(1)}}, false},
	} {
		ann, bob := both(t)
		edit(t, ann, set("v", pair.a))
		edit(t, bob, set("v", pair.b))
		meet(t, ann, bob)
		if got := len(conflicts(t, ann)) == 0; got != pair.equal {
			t.Errorf("%s: equal is %v", name, got)
		}
	}
	ann, bob := both(t)
	destroy(t, ann, record.EditWins)
	destroy(t, bob, record.DeleteWins)
	meet(t, ann, bob)
	if found := conflicts(t, ann); len(found) > 0 {
		t.Errorf("two tombstones are a conflict: %v", found)
	}
}

// TestAWrittenConflictIsGone: a value that is written over a conflict leaves none,
// whichever it is, and what it was made of.
func TestAWrittenConflictIsGone(t *testing.T) {
	values := []any{"a text", "another", crdt.ImmutableString("plain"), 1, crdt.Counter(5), crdt.Counter(6), value{"x": "t", "y": crdt.ImmutableString("p")}, []any{"t", 1}, nil}
	for _, a := range values {
		for _, b := range values {
			for choice := range 3 {
				for _, in := range []func(root crdt.Map, v any) error{
					func(root crdt.Map, v any) error { return root.Set("v", v) },
					func(root crdt.Map, v any) error { return root.At("list").List().Set(1, v) },
				} {
					ann, bob := newDoc(t, "ann"), newDoc(t, "bob")
					edit(t, ann, set("list", []any{0, 1, 2}))
					meet(t, ann, bob)
					edit(t, ann, func(root crdt.Map) error { return in(root, a) })
					edit(t, bob, func(root crdt.Map) error { return in(root, b) })
					meet(t, ann, bob)
					for _, c := range conflicts(t, ann) {
						var want any = "neither"
						edit(t, ann, func(root crdt.Map) error {
							if choice == 2 {
								return record.Resolve(root, c, want)
							}
							want = c.Values[choice].Value
							return record.Choose(root, c, choice)
						}, crdt.WithMessage(record.Resolved))
						if err := ann.View(func(root crdt.Map) error {
							if got := root.At(c.Path...).Any(); fmt.Sprint(got) != fmt.Sprint(want) {
								t.Errorf("%v over %v and %v leaves %v", want, a, b, got)
							}
							return nil
						}); err != nil {
							t.Fatal(err)
						}
					}
					if found := conflicts(t, ann); len(found) > 0 {
						t.Errorf("%v and %v: %v are left", a, b, found)
					}
				}
			}
		}
	}
}

// TestTheChosenStaysWhatItIs: what others write in it at the same time is there.
func TestTheChosenStaysWhatItIs(t *testing.T) {
	ann, bob := both(t)
	edit(t, ann, set("v", "draft"))
	edit(t, bob, set("v", "draft two"))
	meet(t, ann, bob)
	c := conflicts(t, ann)[0]
	edit(t, ann, func(root crdt.Map) error { return record.Choose(root, c, 1) }, crdt.WithMessage(record.Resolved))
	edit(t, bob, func(root crdt.Map) error { return root.At("v").Text().Splice(0, 0, "a ") })
	meet(t, ann, bob)
	if got, want := content(t, ann), fmt.Sprint(value{"in": value{"x": 1, "text": "letters"}, "v": "a " + c.Values[1].Value.(string)}); got != want {
		t.Errorf("it says %s, want %s", got, want)
	}
}

// TestStaleConflicts: what has changed since isn't overwritten.
func TestStaleConflicts(t *testing.T) {
	ann, bob := both(t)
	edit(t, ann, set("v", 1))
	edit(t, bob, set("v", 2))
	meet(t, ann, bob)
	c := conflicts(t, ann)[0]
	edit(t, ann, set("v", 3))
	if _, err := ann.Change(func(root crdt.Map) error { return record.Choose(root, c, 0) }); !errors.Is(err, record.ErrStale) {
		t.Error(err)
	}
	edit(t, ann, func(root crdt.Map) error { return root.Delete("v") })
	if _, err := ann.Change(func(root crdt.Map) error { return record.Resolve(root, c, 1) }); !errors.Is(err, record.ErrStale) {
		t.Error(err)
	}
}

// resolver says what somebody makes of a conflict: the index of a value, or -1 and
// another value.
type resolver func(c record.Conflict, own func(crdt.ActorID) bool) (int, any)

var resolvers = []resolver{
	func(c record.Conflict, own func(crdt.ActorID) bool) (int, any) { return c.Local(own), nil },
	func(c record.Conflict, own func(crdt.ActorID) bool) (int, any) { return max(c.Remote(own), 0), nil },
	func(c record.Conflict, own func(crdt.ActorID) bool) (int, any) { return -1, "mine" },
	func(c record.Conflict, own func(crdt.ActorID) bool) (int, any) {
		return -1, fmt.Sprint(c.Values[0].Value, "!")
	},
}

// resolve lets somebody resolve what they may, and reports whether they wrote.
func resolve(tb testing.TB, d *crdt.Doc, by resolver) bool {
	tb.Helper()
	own := func(a crdt.ActorID) bool { return a == d.Actor() }
	found := slices.DeleteFunc(conflicts(tb, d), func(c record.Conflict) bool { return !c.Resolvable(own) })
	if len(found) == 0 {
		return false
	}
	edit(tb, d, func(root crdt.Map) error {
		for _, c := range found {
			var err error
			if i, v := by(c, own); i >= 0 {
				err = record.Choose(root, c, i)
			} else {
				err = record.Resolve(root, c, v)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}, crdt.WithMessage(record.Resolved))
	return true
}

// TestThoseWhoDisagreeFallSilent: two, three or four people with opposite
// resolvers, who meet in any order; and letters of theirs never run together.
func TestThoseWhoDisagreeFallSilent(t *testing.T) {
	for range 300 {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 7))
		people := 2 + rng.IntN(3)
		var docs []*crdt.Doc
		var by []resolver
		words := map[string]bool{"mine": true}
		for i := range people {
			d := newDoc(t, fmt.Sprint("person ", i))
			docs, by = append(docs, d), append(by, resolvers[rng.IntN(len(resolvers))])
			word := fmt.Sprint("word", i)
			words[word] = true
			edit(t, d, func(root crdt.Map) error {
				return errors.Join(root.Set("a", word), root.Set("b", crdt.ImmutableString(word)))
			})
		}
		writes := 0
		for quiet := 0; quiet < 200; quiet++ {
			i := rng.IntN(people)
			if err := docs[i].Merge(docs[rng.IntN(people)]); err != nil {
				t.Fatal(err)
			}
			if resolve(t, docs[i], by[i]) {
				quiet = 0
				if writes++; writes > 3*people*people {
					t.Fatalf("seed %d: they don't fall silent", seed)
				}
			}
		}
		meet(t, docs...)
		for i, d := range docs {
			if resolve(t, d, by[i]) {
				t.Errorf("person %d isn't silent", i)
			}
			if content(t, d) != content(t, docs[0]) {
				t.Errorf("person %d has %s, another %s", i, content(t, d), content(t, docs[0]))
			}
		}
		if err := docs[0].View(func(root crdt.Map) error {
			for _, field := range []string{"a", "b"} {
				word := root.Get(field).Str()
				for len(word) > 0 && word[len(word)-1] == '!' {
					word = word[:len(word)-1]
				}
				if !words[word] {
					t.Errorf("%s has become %q", field, word)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// isSame reports whether conflicts are between the same values.
func isSame(a, b record.Conflict) bool {
	return slices.EqualFunc(a.Values, b.Values, func(a, b record.Written) bool { return a.Op == b.Op })
}

// TestOnlyAuthorsResolve: and nobody what was resolved.
func TestOnlyAuthorsResolve(t *testing.T) {
	ann, bob := both(t)
	cem := newDoc(t, "cem")
	edit(t, ann, set("v", 1))
	edit(t, bob, set("v", 2))
	meet(t, ann, bob, cem)
	if resolve(t, cem, resolvers[2]) {
		t.Error("somebody resolves what others wrote")
	}
	c := conflicts(t, ann)[0]
	if again := conflicts(t, bob)[0]; !isSame(c, again) {
		t.Errorf("%v and %v are not the same", c, again)
	}
	if !resolve(t, ann, resolvers[2]) || !resolve(t, bob, resolvers[3]) {
		t.Error("authors don't resolve")
	}
	meet(t, ann, bob, cem)
	found := conflicts(t, ann)
	if len(found) != 1 || isSame(c, found[0]) {
		t.Fatalf("the conflicts are %v", found)
	}
	if resolve(t, ann, resolvers[0]) || resolve(t, bob, resolvers[0]) {
		t.Error("what was resolved is resolved again")
	}
	isIn(t, record.Present, ann, bob)
}
