package crdt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

func TestIDsAreReadAsTextAndAsURL(t *testing.T) {
	id := crdt.NewDocumentID()
	for _, text := range []string{id.String(), id.URL()} {
		if got, err := crdt.ParseDocumentID(text); got != id || err != nil {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	if _, err := crdt.ParseDocumentID("automerge:nonsense"); err == nil {
		t.Error("nonsense is an id")
	}
}

func TestWithoutTheReferenceTheErrorSaysWhatToDo(t *testing.T) {
	d, err := crdt.New(crdt.NewActorID(), crdt.Reference())
	if err == nil {
		d.Close()
		t.Skip("this program holds it")
	}
	if !errors.Is(err, crdt.ErrNoReference) {
		t.Errorf("New: %v", err)
	}
}

func TestAChangeIsOneWithoutATime(t *testing.T) {
	d := newDoc(t, "ada", nil)
	c := edit(t, d, func(root crdt.Map) error {
		return errors.Join(root.Set("a", 1), root.Set("b", true))
	})
	if c.Time != 0 || c.Seq != 1 || c.Ops != 2 || c.Actor != actor("ada") || c.Message != "" {
		t.Errorf("the change is %+v", c)
	}
	if heads := d.Heads(); !slices.Equal(heads, []crdt.Hash{c.Hash}) {
		t.Errorf("heads %v, want %s", heads, c.Hash)
	}
	if again := edit(t, d, func(root crdt.Map) error { return root.Set("a", 1) }); again != nil {
		t.Errorf("writing what is there makes %+v", again)
	}
	c, err := d.Change(func(root crdt.Map) error { return root.Delete("a") },
		crdt.WithTime(time.Unix(1700000000, 5)), crdt.WithMessage("goodbye a"))
	if err != nil || c.Time != 1700000000 || c.Message != "goodbye a" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAnEmptyChangeJoinsHeads(t *testing.T) {
	a := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	b := newDoc(t, "bob", func(root crdt.Map) error { return root.Set("b", 1) })
	if err := a.Merge(b); err != nil {
		t.Fatal(err)
	}
	heads := a.Heads()
	c, err := a.Change(func(crdt.Map) error { return nil }, crdt.AllowEmpty())
	if err != nil || len(heads) != 2 || !slices.Equal(c.Deps, heads) || len(a.Heads()) != 1 {
		t.Errorf("%+v, %v; heads before %v, after %v", c, err, heads, a.Heads())
	}
}

// What a change does besides is done in it, and only if it isn't empty.
func TestAlso(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	also := crdt.Also(func(root crdt.Map) error { return root.Set("b", 2) })
	if c, err := d.Change(func(root crdt.Map) error { return root.Set("a", 1) }, also); c != nil || err != nil {
		t.Errorf("nothing written makes %v, %v", c, err)
	}
	says(t, d, `{"a":1}`)
	if c, err := d.Change(func(root crdt.Map) error { return root.Set("a", 2) }, also); err != nil || c.Ops != 2 {
		t.Errorf("it makes %v, %v", c, err)
	}
	says(t, d, `{"a":2,"b":2}`)
	why := errors.New("no")
	_, err := d.Change(func(root crdt.Map) error { return root.Set("a", 3) }, also, crdt.Also(func(crdt.Map) error { return why }))
	if !errors.Is(err, why) {
		t.Error(err)
	}
	says(t, d, `{"a":2,"b":2}`)
}

func TestAFailedChangeLeavesNothing(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("text", "Hello") })
	heads := d.Heads()
	spoil := func(root crdt.Map) {
		_ = root.Get("text").Text().Set("spoilt")
		_ = root.Set("more", []any{1, map[string]any{"x": 2}})
	}
	failure := errors.New("no")
	if c, err := d.Change(func(root crdt.Map) error { spoil(root); return failure }); c != nil || !errors.Is(err, failure) {
		t.Errorf("a failed change returns %v, %v", c, err)
	}
	func() {
		defer func() {
			if p := recover(); p != "oh" {
				t.Errorf("the panic that arrives is %v", p)
			}
		}()
		_, _ = d.Change(func(root crdt.Map) error { spoil(root); panic("oh") })
	}()
	ended := make(chan struct{})
	go func() { // as a test does that fails inside
		defer close(ended)
		_, _ = d.Change(func(root crdt.Map) error { spoil(root); runtime.Goexit(); return nil })
	}()
	<-ended
	says(t, d, `{"text":"Hello"}`)
	if !slices.Equal(d.Heads(), heads) {
		t.Errorf("heads %v, want %v", d.Heads(), heads)
	}
	c := edit(t, d, func(root crdt.Map) error { return root.Get("text").Text().Append("!") })
	if c.Seq != 2 || !slices.Equal(c.Deps, heads) {
		t.Errorf("the next change is %+v", c)
	}
}

func TestAChangeThatIsTooLargeLeavesNothing(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	_, err := d.Change(func(root crdt.Map) error { return root.Set("b", make([]byte, change.MaxChunk)) })
	if !errors.Is(err, crdt.ErrTooLarge) {
		t.Fatalf("a change of %d bytes: %v", change.MaxChunk, err)
	}
	_, err = d.Change(func(crdt.Map) error { return nil },
		crdt.AllowEmpty(), crdt.WithMessage(strings.Repeat("x", change.MaxMessage+1)))
	if !errors.Is(err, crdt.ErrTooLarge) {
		t.Fatalf("a long message: %v", err)
	}
	says(t, d, `{"a":1}`)
	edit(t, d, func(root crdt.Map) error { return root.Set("a", 2) })
}

func TestHandlesEnd(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error {
		return root.Set("m", map[string]any{"l": []any{1}, "t": "x"})
	})
	var root crdt.Map
	var n crdt.Value
	if err := d.View(func(r crdt.Map) error {
		root, n = r, r.At("m", "l", 0)
		if err := r.Set("a", 1); !errors.Is(err, crdt.ErrReadOnly) {
			t.Errorf("a write in View: %v", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if root.Len() != 0 || root.Has("m") || len(root.Keys()) != 0 {
		t.Error("a handle that has ended still reads")
	}
	if err := root.Set("a", 1); !errors.Is(err, crdt.ErrEnded) {
		t.Errorf("a write after the end: %v", err)
	}
	if text, err := json.Marshal(root); !errors.Is(err, crdt.ErrEnded) {
		t.Errorf("what has ended is %s in JSON, %v", text, err)
	}
	if text, err := json.Marshal(n); string(text) != "1" || err != nil {
		t.Errorf("a scalar that was kept is %s in JSON, %v", text, err)
	}
	edit(t, d, func(root crdt.Map) error {
		if err := root.Get("nothing").Text().Append("x"); !errors.Is(err, crdt.ErrAbsent) {
			t.Errorf("a write to what isn't there: %v", err)
		}
		return nil
	})
}

func TestAfterCloseThereIsErrClosed(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	d.Close()
	d.Close()
	_, changing := d.Change(func(crdt.Map) error { return nil })
	_, saving := d.Save()
	_, listing := d.Changes(nil)
	_, forking := d.Fork(actor("bob"))
	for _, err := range []error{
		changing, saving, listing, forking, d.Revert(nil), d.Apply(nil), d.ApplyChanges(),
		d.View(func(crdt.Map) error { return nil }), newDoc(t, "bob", nil).Merge(d),
	} {
		if !errors.Is(err, crdt.ErrClosed) {
			t.Errorf("%v, want ErrClosed", err)
		}
	}
	if d.Footprint() != 0 || len(d.Heads()) != 1 {
		t.Errorf("footprint %d, heads %v", d.Footprint(), d.Heads())
	}
}

func TestRevertForgets(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	heads := d.Heads()
	first := edit(t, d, func(root crdt.Map) error { return root.Set("a", 2) })
	if err := d.Revert(heads); err != nil {
		t.Fatal(err)
	}
	says(t, d, `{"a":1}`)
	second := edit(t, d, func(root crdt.Map) error { return root.Set("a", 2) })
	if first.Hash != second.Hash {
		t.Errorf("the same edit at the same place is %s, then %s", first.Hash, second.Hash)
	}
	if err := d.Revert([]crdt.Hash{{1}}); !errors.Is(err, crdt.ErrUnknownHeads) {
		t.Errorf("unknown heads: %v", err)
	}
	if err := d.Revert(nil); err != nil {
		t.Fatal(err)
	}
	says(t, d, `{}`)
}

func TestThePastCanBeSeenAndForked(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	heads := d.Heads()
	edit(t, d, func(root crdt.Map) error { return root.Set("a", 2) })
	if err := d.ViewAt(heads, func(root crdt.Map) error {
		if n := root.Get("a").Int(); n != 1 {
			t.Errorf("a was %d, want 1", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	old, err := d.Fork(actor("bob"), heads...)
	if err != nil {
		t.Fatal(err)
	}
	now, err := d.Fork(actor("cy"))
	if err != nil {
		t.Fatal(err)
	}
	says(t, old, `{"a":1}`)
	says(t, now, `{"a":2}`)
	if c := edit(t, old, func(root crdt.Map) error { return root.Set("b", 1) }); c.Actor != actor("bob") || !slices.Equal(c.Deps, heads) {
		t.Errorf("the fork's change is %+v", c)
	}
	if err := errors.Join(d.Merge(old), d.Merge(old)); err != nil {
		t.Fatal(err)
	}
	says(t, d, `{"a":2,"b":1}`)
}

func TestSavedDocumentsLoad(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", strings.Repeat("long ", 1000)) })
	saved, err := d.Save()
	if err != nil {
		t.Fatal(err)
	}
	var log []byte
	for i := range 3 {
		c := edit(t, d, func(root crdt.Map) error { return root.Set("n", i) })
		log = append(log, c.Bytes()...)
	}
	for name, data := range map[string][]byte{
		"a document":            saved,
		"a document and a tail": append(slices.Clone(saved), log...),
		"changes": func() (all []byte) {
			changes, _ := d.Changes(nil)
			for _, c := range changes {
				all = append(all, c.Bytes()...)
			}
			return all
		}(),
	} {
		got, err := crdt.Load(actor("ada"), data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name != "a document" {
			says(t, got, content(t, d))
		}
		c := edit(t, got, func(root crdt.Map) error { return root.Set("more", true) })
		if name != "a document" && c.Seq != 5 {
			t.Errorf("%s: the next change is number %d", name, c.Seq)
		}
		got.Close()
	}
}

func TestDamageIsFound(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", "text") })
	saved, _ := d.Save()
	changes, _ := d.Changes(nil)
	for name, whole := range map[string][]byte{"document": saved, "change": changes[0].Bytes()} {
		for i := range whole {
			bent := slices.Clone(whole)
			bent[i] ^= 0x10
			if got, err := crdt.Load(actor("bob"), bent); !errors.Is(err, crdt.ErrDamaged) {
				t.Fatalf("%s with byte %d bent: %v, %v", name, i, got, err)
			}
			if got, err := crdt.Load(actor("bob"), whole[:i]); i > 0 && !errors.Is(err, crdt.ErrDamaged) {
				t.Fatalf("%s cut after %d: %v, %v", name, i, got, err)
			}
		}
	}
	if _, err := crdt.Load(actor("bob"), append(slices.Clone(saved), saved[:len(saved)-1]...)); !errors.Is(err, crdt.ErrDamaged) {
		t.Errorf("a document, and a part of one: %v", err)
	}
}

// Chunks that were put one behind the other, as those do who append what is new
// to a file, are one document, whatever they are.
func TestChunksOfAnyKindAreOneDocument(t *testing.T) {
	ada := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("text", "one") })
	bob, err := ada.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	defer bob.Close()
	mine := edit(t, ada, func(root crdt.Map) error { return root.Set("ada", 1) })
	edit(t, bob, func(root crdt.Map) error { return root.Get("text").Text().Append(" two") })
	one, two := saved(t, ada), saved(t, bob)
	if err := ada.Merge(bob); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"two documents":               slices.Concat(one, two),
		"two documents, the same":     slices.Concat(one, one, two),
		"a document and a change":     slices.Concat(two, mine.Bytes()),
		"a change and a document":     slices.Concat(mine.Bytes(), two),
		"everything, again and again": slices.Concat(mine.Bytes(), two, one, mine.Bytes(), saved(t, ada)),
	} {
		d, err := crdt.Load(actor("cem"), data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(d.Heads(), ada.Heads()) || content(t, d) != content(t, ada) {
			t.Errorf("%s say %s, want %s", name, content(t, d), content(t, ada))
		}
		d.Close()
	}
}

func TestWhatCantBeAppliedLeavesNothing(t *testing.T) {
	a := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	second := edit(t, a, func(root crdt.Map) error { return root.Set("a", 2) })
	b := newDoc(t, "bob", func(root crdt.Map) error { return root.Set("b", 1) })
	if err := b.Apply(second.Bytes()); !errors.Is(err, crdt.ErrMissing) {
		t.Errorf("a change without what it depends on: %v", err)
	}
	twin := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("twin", 1) })
	changes, _ := a.Changes(nil)
	if err := twin.Apply(changes[0].Bytes()); !errors.Is(err, crdt.ErrRefused) {
		t.Errorf("a twin: %v", err)
	}
	c := newDoc(t, "cem", func(root crdt.Map) error { return root.Set("c", 1) })
	if err := c.ApplyChanges(changes[1]); !errors.Is(err, crdt.ErrMissing) {
		t.Errorf("parsed, without what it depends on: %v", err)
	}
	says(t, c, `{"c":1}`)
	if err := errors.Join(c.ApplyChanges(changes...), c.ApplyChanges(changes...)); err != nil {
		t.Error(err)
	}
	says(t, c, `{"a":2,"c":1}`)
	says(t, b, `{"b":1}`)
	says(t, twin, `{"twin":1}`)
	if err := b.Merge(a); err != nil {
		t.Fatal(err)
	}
	says(t, b, `{"a":2,"b":1}`)
}

func TestAnybodyMayCallAtAnyTime(t *testing.T) {
	a, b := newDoc(t, "ada", nil), newDoc(t, "bob", nil)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 10 {
				d, other := a, b
				if i%2 == 1 {
					d, other = b, a
				}
				_, err := d.Change(func(root crdt.Map) error { return root.Set(fmt.Sprint(i), n) })
				if err := errors.Join(err, d.Merge(other)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(a.Merge(b), b.Merge(a)); err != nil {
		t.Fatal(err)
	}
	says(t, a, content(t, b))
	if !slices.Equal(a.Heads(), b.Heads()) || a.Heads() == nil {
		t.Errorf("heads %v and %v", a.Heads(), b.Heads())
	}
}

func TestAfterAPanicOfTheEngineOnlyCloseIsLeft(t *testing.T) {
	d := newDoc(t, "ada", func(root crdt.Map) error { return root.Set("a", 1) })
	d.MakePanic(func() { t.Error("the engine is used after it panicked") })
	c, err := d.Change(func(root crdt.Map) error {
		_ = root.Set("a", 2) // who ignores the error gets it all the same
		if root.Has("a") {
			t.Error("the engine still answers")
		}
		return nil
	})
	if c != nil || !errors.Is(err, crdt.ErrEngine) {
		t.Errorf("%v, %v, want ErrEngine", c, err)
	}
	_, saving := d.Save()
	_, listing := d.Changes(nil)
	for _, err := range []error{saving, listing, d.View(func(crdt.Map) error { return nil }), d.Revert(nil)} {
		if !errors.Is(err, crdt.ErrEngine) {
			t.Errorf("%v, want ErrEngine", err)
		}
	}
	d.Close()
	if err := d.Revert(nil); !errors.Is(err, crdt.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

// What automerge-go takes can't be seen from here; it is guessed, and loading
// doesn't change it.
func TestFootprintOfTheReferenceIsTheSameAfterLoading(t *testing.T) {
	needsReference(t)
	small := open(t, "ada", crdt.Reference(), func(root crdt.Map) error { return root.Set("n", 1) })
	large := open(t, "ada", crdt.Reference(), func(root crdt.Map) error { return root.Set("t", strings.Repeat("text ", 5000)) })
	for i := range 300 {
		edit(t, large, func(root crdt.Map) error { return root.Set(fmt.Sprint(i%7), i) })
	}
	if s, l := small.Footprint(), large.Footprint(); s < 1000 || l < 100*s {
		t.Errorf("footprints %d and %d", s, l)
	}
	for _, d := range []*crdt.Doc{small, large} {
		saved, err := d.Save()
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := crdt.Load(actor("bob"), saved, crdt.Reference())
		if err != nil {
			t.Fatal(err)
		}
		defer loaded.Close()
		if got, want := loaded.Footprint(), d.Footprint(); got != want {
			t.Errorf("footprint %d after loading, %d before", got, want)
		}
	}
}
