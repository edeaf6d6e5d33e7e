package crdt_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// observe lets a screen show a document, from its beginning on.
func observe(tb testing.TB, d *crdt.Doc, unit crdt.Unit) *screen {
	tb.Helper()
	s := newScreen(tb, unit)
	stop, err := d.Observe(nil, s.take)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(stop)
	return s
}

// A screen that gets only events shows what the document says, whatever happens
// to that: changes, those that fail, others' in any order, and going back.
func TestScreen(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			unit := crdt.Unit(r.IntN(3))
			var docs []*crdt.Doc
			var screens []*screen
			for _, name := range []string{"ada", "bob", "cy"} {
				d, err := crdt.New(actor(name), crdt.Native(), crdt.Positions(unit))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(d.Close)
				docs, screens = append(docs, d), append(screens, observe(t, d, unit))
			}
			for range 40 {
				i := r.IntN(len(docs))
				happen(t, r, docs[i], docs[r.IntN(len(docs))])
				screens[i].shows(docs[i])
			}
			between(t, r, docs[0], unit)
		})
	}
}

// happen lets something happen to a document.
func happen(t *testing.T, r *rand.Rand, d, other *crdt.Doc) {
	t.Helper()
	scribble := func(root crdt.Map) error {
		for range 1 + r.IntN(6) {
			if err := randomEdit(r, root); err != nil {
				return err
			}
		}
		return nil
	}
	switch r.IntN(8) {
	case 0, 1:
		if err := d.Merge(other); err != nil {
			t.Fatal(err)
		}
	case 2:
		_, err := d.Change(func(root crdt.Map) error { return errors.Join(scribble(root), errGivenUp) })
		if !errors.Is(err, errGivenUp) {
			t.Fatal(err)
		}
	case 3:
		before := d.Heads()
		edit(t, d, scribble)
		if err := d.Revert(before); err != nil {
			t.Fatal(err)
		}
	case 4:
		if _, err := d.Change(nothing, crdt.AllowEmpty()); err != nil {
			t.Fatal(err)
		}
	default:
		edit(t, d, scribble)
	}
}

// between verifies the difference of a document at some times.
func between(t *testing.T, r *rand.Rand, d *crdt.Doc, unit crdt.Unit) {
	t.Helper()
	changes, err := d.Changes(nil)
	if err != nil {
		t.Fatal(err)
	}
	at := func() []crdt.Hash {
		if i := r.IntN(len(changes) + 1); i < len(changes) {
			return []crdt.Hash{changes[i].Hash}
		}
		return nil
	}
	shown := func(heads []crdt.Hash) (out any) {
		if err := d.ViewAt(heads, func(root crdt.Map) error { out = root.Any(); return nil }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	for range 10 {
		before, after := at(), at()
		patches, err := d.Diff(before, after)
		if err != nil {
			t.Fatal(err)
		}
		s := newScreen(t, unit)
		s.shown = shown(before)
		for p := range patches {
			s.apply(p)
		}
		if got, want := asJSON(t, s.shown), asJSON(t, shown(after)); got != want {
			t.Fatalf("from %s to %s the screen comes to\n%s, want\n%s", before, after, got, want)
		}
	}
}

// patchesOf returns the patches of what fn does to a document.
func patchesOf(t *testing.T, d *crdt.Doc, fn func()) (patches []crdt.Patch) {
	t.Helper()
	stop, err := d.Observe(d.Heads(), func(e crdt.Event) { patches = slices.AppendSeq(patches, e.Patches) })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	fn()
	return patches
}

// What belongs together is one patch, and what says nothing is none.
func TestFewPatches(t *testing.T) {
	d := newNative(t, "ada", func(root crdt.Map) error {
		return root.Set("t", "Bar-tailed godwit")
	})
	list := newNative(t, "bob", func(root crdt.Map) error { return root.Set("l", []any{1, 2, 3, 4}) })
	text := func(root crdt.Map) crdt.Text { return root.Get("t").Text() }
	splice := func(index, length int, in string) crdt.Patch {
		return crdt.Patch{Path: []any{"t"}, Action: crdt.PatchSplice, Index: index, Length: length, Text: in}
	}
	for _, c := range []struct {
		what string
		doc  *crdt.Doc
		do   func(root crdt.Map) error
		want []crdt.Patch
	}{
		{"typing", d, func(root crdt.Map) error {
			for i, r := range "The " {
				if err := text(root).Insert(i, string(r)); err != nil {
					return err
				}
			}
			return nil
		}, []crdt.Patch{splice(0, 0, "The ")}},
		{"replacing", d, func(root crdt.Map) error { return text(root).Splice(0, 3, "A") }, []crdt.Patch{splice(0, 3, "A")}},
		{"backspace", d, func(root crdt.Map) error {
			for i := 18; i > 12; i-- {
				if err := text(root).Delete(i, 1); err != nil {
					return err
				}
			}
			return nil
		}, []crdt.Patch{splice(13, 6, "")}},
		{"typing and taking back", d, func(root crdt.Map) error {
			return errors.Join(text(root).Insert(3, "xyz"), text(root).Delete(3, 3))
		}, nil},
		{"two places", d, func(root crdt.Map) error {
			return errors.Join(text(root).Insert(13, "bird"), text(root).Delete(0, 2))
		}, []crdt.Patch{splice(0, 2, ""), splice(11, 0, "bird")}},
		{"select all and delete", d, func(root crdt.Map) error { return text(root).Delete(0, text(root).Len()) }, []crdt.Patch{splice(0, 15, "")}},
		{"a list", list, func(root crdt.Map) error {
			l := root.Get("l").List()
			return errors.Join(l.Insert(4, 5, []any{6}), l.Delete(0, 2))
		}, []crdt.Patch{
			{Path: []any{"l"}, Action: crdt.PatchDelete, Length: 2},
			{Path: []any{"l"}, Action: crdt.PatchInsert, Index: 2, Values: []any{int64(5), []any{int64(6)}}},
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := patchesOf(t, c.doc, func() { edit(t, c.doc, c.do) })
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// What plain values don't say of something new follows: that it is in conflict,
// and its marks. A change of those that have lost is told as well.
func TestPatchesBesideValues(t *testing.T) {
	ada := newNative(t, "ada", nothing)
	bob := newNative(t, "bob", nothing)
	edit(t, ada, func(root crdt.Map) error { return root.Set("k", 1) })
	edit(t, bob, func(root crdt.Map) error { return root.Set("k", 2) })
	put := crdt.Patch{Path: []any{}, Action: crdt.PatchPut, Key: "k", Value: int64(2), Conflict: true}
	conflict := crdt.Patch{Path: []any{}, Action: crdt.PatchConflict, Key: "k", Conflict: true}
	merge := func(d, from *crdt.Doc) func() {
		return func() {
			if err := d.Merge(from); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(got []crdt.Patch, want ...crdt.Patch) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	check(patchesOf(t, ada, merge(ada, bob)), put)
	check(patchesOf(t, bob, merge(bob, ada)), conflict)

	marked := func(root crdt.Map) error {
		if err := root.Set("m", map[string]any{"t": "godwit"}); err != nil {
			return err
		}
		return root.At("m", "t").Text().Mark(0, 3, "bold", true, crdt.ExpandAfter)
	}
	check(patchesOf(t, ada, func() { edit(t, ada, marked) }),
		crdt.Patch{Path: []any{}, Action: crdt.PatchPut, Key: "m", Value: map[string]any{"t": "godwit"}},
		crdt.Patch{Path: []any{"m", "t"}, Action: crdt.PatchMark, Length: 3, Name: "bold", Value: true})
	check(patchesOf(t, ada, func() {
		edit(t, ada, func(root crdt.Map) error { return root.At("m", "t").Text().Insert(3, "!") })
	}),
		crdt.Patch{Path: []any{"m", "t"}, Action: crdt.PatchSplice, Index: 3, Text: "!"},
		crdt.Patch{Path: []any{"m", "t"}, Action: crdt.PatchMark, Index: 3, Length: 1, Name: "bold", Value: true})
	check(patchesOf(t, ada, func() {
		edit(t, ada, func(root crdt.Map) error { return root.At("m", "t").Text().Unmark(1, 2, "bold", crdt.ExpandNone) })
	}), crdt.Patch{Path: []any{"m", "t"}, Action: crdt.PatchMark, Index: 1, Length: 1, Name: "bold"})
}

// Events say who made what has changed.
func TestEvents(t *testing.T) {
	ada, bob := newNative(t, "ada", nothing), newNative(t, "bob", nothing)
	var events []crdt.Event
	stop, err := ada.Observe(nil, func(e crdt.Event) { events = append(events, e) })
	if err != nil {
		t.Fatal(err)
	}
	mine := edit(t, ada, func(root crdt.Map) error { return root.Set("a", 1) })
	theirs := edit(t, bob, func(root crdt.Map) error { return root.Set("b", 2) })
	last := edit(t, bob, func(root crdt.Map) error { return root.Set("b", 3) })
	if err := ada.Apply(theirs.Bytes(), theirs.Bytes(), last.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := ada.Revert([]crdt.Hash{mine.Hash}); err != nil {
		t.Fatal(err)
	}
	stop()
	edit(t, ada, func(root crdt.Map) error { return root.Set("a", 2) })
	if len(events) != 3 {
		t.Fatalf("%d events", len(events))
	}
	if e := events[0]; !e.Local || len(e.Changes) != 1 || e.Changes[0] != mine || len(e.Before) > 0 {
		t.Errorf("my change is told as %+v", e)
	}
	if e := events[1]; e.Local || len(e.Changes) != 2 || e.Changes[1].Hash != last.Hash || string(e.Changes[0].Actor) != string(actor("bob")) {
		t.Errorf("the others' changes are told as %+v", e)
	}
	if e := events[2]; e.Changes != nil || !slices.Equal(e.After, events[0].After) || len(slices.Collect(e.Patches)) != 1 {
		t.Errorf("going back is told as %+v", e)
	}
}

// Who observes from some heads on hears first what has changed since.
func TestObserveSince(t *testing.T) {
	d := newNative(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	since := d.Heads()
	edit(t, d, func(root crdt.Map) error { return root.Set("b", 2) })
	for _, c := range []struct {
		since []crdt.Hash
		want  int
	}{{nil, 2}, {since, 1}, {d.Heads(), 0}} {
		n := 0
		stop, err := d.Observe(c.since, func(e crdt.Event) { n += len(slices.Collect(e.Patches)) })
		if err != nil {
			t.Fatal(err)
		}
		if stop(); n != c.want {
			t.Errorf("since %s there are %d patches, want %d", c.since, n, c.want)
		}
	}
	if _, err := d.Observe([]crdt.Hash{{1}}, func(crdt.Event) {}); !errors.Is(err, crdt.ErrUnknownHeads) {
		t.Errorf("got %v", err)
	}
	if _, err := d.Diff([]crdt.Hash{{1}}, nil); !errors.Is(err, crdt.ErrUnknownHeads) {
		t.Errorf("got %v", err)
	}
}

// An observer may use the document, and change it: what that makes is told when
// it has returned.
func TestObserverChanges(t *testing.T) {
	d := newNative(t, "ada", nothing)
	s := newScreen(t, crdt.CodePoints)
	within := false
	stop, err := d.Observe(nil, func(e crdt.Event) {
		if within {
			t.Error("told of something before it had returned")
		}
		within = true
		defer func() { within = false }()
		s.take(e)
		if n := view(t, d, func(root crdt.Map) (int64, error) { return root.Get("n").Int(), nil }); n < 5 {
			edit(t, d, func(root crdt.Map) error { return root.Set("n", n+1) })
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	edit(t, d, func(root crdt.Map) error { return root.Set("n", 1) })
	s.shows(d)
	says(t, d, `{"n":5}`)
}

// However many write at once, an observer hears of everything, in order.
func TestObserveMany(t *testing.T) {
	d := newNative(t, "ada", nothing)
	s := newScreen(t, crdt.CodePoints)
	var mu sync.Mutex
	if _, err := d.Observe(nil, func(e crdt.Event) {
		mu.Lock()
		defer mu.Unlock()
		s.take(e)
	}); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 50 {
				edit(t, d, func(root crdt.Map) error { return root.Set(fmt.Sprint(w), i) })
			}
		})
	}
	writers.Wait()
	edit(t, d, func(root crdt.Map) error { return root.Set("end", true) })
	mu.Lock()
	defer mu.Unlock()
	s.shows(d)
}

// An observer that panics while it is brought up to date is none: nobody could
// stop it. Others miss nothing of what one panics at.
func TestObserversWithOneThatPanics(t *testing.T) {
	d := newNative(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	panics := func(fn func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Error("nobody heard of the panic")
			}
		}()
		fn()
	}
	broken := func(crdt.Event) { panic("an observer's fault") }
	panics(func() { _, _ = d.Observe(nil, broken) })
	stop, err := d.Observe(d.Heads(), broken)
	if err != nil {
		t.Fatal(err)
	}
	s := observe(t, d, crdt.CodePoints)
	panics(func() { edit(t, d, func(root crdt.Map) error { return root.Set("a", 2) }) })
	s.shows(d)
	stop()
	edit(t, d, func(root crdt.Map) error { return root.Set("a", 3) })
	s.shows(d)
}

// An observer that panics harms only the call in which it runs.
func TestObserverPanics(t *testing.T) {
	d := newNative(t, "ada", nothing)
	n := 0
	if _, err := d.Observe(nil, func(crdt.Event) {
		if n++; n == 1 {
			panic("an observer's fault")
		}
	}); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nobody heard of the panic")
			}
		}()
		edit(t, d, func(root crdt.Map) error { return root.Set("a", 1) })
	}()
	edit(t, d, func(root crdt.Map) error { return root.Set("a", 2) })
	if n != 2 {
		t.Errorf("it was called %d times", n)
	}
	says(t, d, `{"a":2}`)
}

func TestObserveReference(t *testing.T) {
	d, err := crdt.New(actor("ada"), crdt.Reference())
	if err != nil {
		t.Skip(err)
	}
	defer d.Close()
	if _, err := d.Observe(nil, func(crdt.Event) {}); !errors.Is(err, crdt.ErrNotNative) {
		t.Errorf("got %v", err)
	}
	if _, err := d.Diff(nil, nil); !errors.Is(err, crdt.ErrNotNative) {
		t.Errorf("got %v", err)
	}
}

// Changes that lead back from a batch that can't be applied as a whole are not
// told.
func TestObserveRefusedBatch(t *testing.T) {
	ada, bob := newNative(t, "ada", nothing), newNative(t, "bob", nothing)
	s := observe(t, ada, crdt.CodePoints)
	first := edit(t, bob, func(root crdt.Map) error { return root.Set("b", 1) })
	edit(t, bob, func(root crdt.Map) error { return root.Set("b", 2) })
	third := edit(t, bob, func(root crdt.Map) error { return root.Set("b", 3) })
	if err := ada.Apply(first.Bytes(), third.Bytes()); !errors.Is(err, crdt.ErrMissing) {
		t.Fatalf("got %v", err)
	}
	s.shows(ada)
	if err := ada.Merge(bob); err != nil {
		t.Fatal(err)
	}
	s.shows(ada)
}

// BenchmarkObserve is a keystroke in a paper that is observed, and the end of
// its history as one batch.
func BenchmarkObserve(b *testing.B) {
	w := recorded()
	for _, observed := range []bool{false, true} {
		b.Run(fmt.Sprintf("keystroke/observed %t", observed), func(b *testing.B) {
			d := loaded(b, w.saved)
			if observed {
				watch(b, d)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				edit(b, d, func(root crdt.Map) error { return root.Get("text").Text().Insert(50_000+i, "x") })
			}
		})
		b.Run(fmt.Sprintf("batch/observed %t", observed), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				cut := len(w.changes) - 10_000
				d := loaded(b, nil)
				if err := d.Apply(w.changes[:cut]...); err != nil {
					b.Fatal(err)
				}
				if observed {
					watch(b, d)
				}
				b.StartTimer()
				if err := d.Apply(w.changes[cut:]...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func loaded(tb testing.TB, saved []byte) *crdt.Doc {
	tb.Helper()
	d, err := crdt.Load(actor("bob"), saved, crdt.Native())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	return d
}

// watch looks at the patches of whatever happens to a document.
func watch(tb testing.TB, d *crdt.Doc) {
	tb.Helper()
	if _, err := d.Observe(d.Heads(), func(e crdt.Event) {
		for range e.Patches {
		}
	}); err != nil {
		tb.Fatal(err)
	}
}

func nothing(crdt.Map) error { return nil }
