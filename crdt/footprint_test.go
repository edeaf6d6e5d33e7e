package crdt_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/godwit-sync/godwit/crdt"
)

// What a document says that it takes is what it takes, within a factor of two:
// those who keep many open go by it.
func TestFootprint(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes large documents")
	}
	type writing = func(root crdt.Map) error
	words := func(root crdt.Map) error {
		return root.Set("text", strings.Repeat("a few words, ", 20_000))
	}
	keys := func(root crdt.Map) error {
		for i := range 3_000 {
			if err := root.Set(fmt.Sprint("key number ", i), i); err != nil {
				return err
			}
		}
		return nil
	}
	maps := func(root crdt.Map) error {
		for i := range 1_000 {
			if err := root.Set(fmt.Sprint(i), map[string]any{"name": crdt.ImmutableString("a name"), "list": []any{1, 2}}); err != nil {
				return err
			}
		}
		return nil
	}
	for name, fn := range map[string]writing{"small": record, "words": words, "keys": keys, "maps": maps} {
		t.Run(name, func(t *testing.T) {
			written := measured(func() *crdt.Doc { return open(t, "ada", crdt.Native(), fn) })
			chunk := saved(t, written.doc)
			written.check(t, "written")
			measured(func() *crdt.Doc {
				d, err := crdt.Load(actor("bob"), chunk, crdt.Native())
				if err != nil {
					t.Fatal(err)
				}
				return d
			}).check(t, "loaded")
		})
	}
	t.Run("typed", func(t *testing.T) {
		measured(func() *crdt.Doc {
			d := open(t, "ada", crdt.Native(), func(root crdt.Map) error { return root.Set("text", "") })
			for range 5_000 {
				edit(t, d, func(root crdt.Map) error { return root.Get("text").Text().Append("x") })
			}
			return d
		}).check(t, "typed")
	})
}

// weight is what documents take on the heap.
type weight struct {
	doc   *crdt.Doc
	bytes float64
}

// measured makes a document several times, until they take so much that nothing
// else counts, and measures one of them.
func measured(make func() *crdt.Doc) weight {
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	first := make() // and what is kept for the next one
	copies := 3 + int(2e6/first.Footprint())
	first.Close()
	before := heap()
	var docs []*crdt.Doc
	for range copies {
		docs = append(docs, make())
	}
	w := weight{docs[0], (heap() - before) / float64(copies)}
	runtime.KeepAlive(docs)
	return w
}

func (w weight) check(t *testing.T, how string) {
	t.Helper()
	says := float64(w.doc.Footprint())
	t.Logf("%s: says %.0f, takes %.0f", how, says, w.bytes)
	if says < w.bytes/2 || says > 2*w.bytes {
		t.Errorf("%s, it says %.0f bytes and takes %.0f", how, says, w.bytes)
	}
}

// A change that was applied is taken apart: the memory that it came in, with
// thousands of others perhaps, is free.
func TestChunksAreNotKept(t *testing.T) {
	ada := open(t, "ada", crdt.Native(), record)
	bob, err := ada.Fork(actor("bob"))
	if err != nil {
		t.Fatal(err)
	}
	defer bob.Close()
	d := open(t, "cem", crdt.Native(), nothing)
	if err := d.Merge(ada); err != nil {
		t.Fatal(err)
	}
	set := func(d *crdt.Doc) { edit(t, d, func(root crdt.Map) error { return root.Set("n", 1) }) }
	merge := func() {
		if err := ada.Merge(bob); err != nil {
			t.Fatal(err)
		}
		_, err := ada.Change(func(root crdt.Map) error { return root.Set("l", []any{crdt.Counter(1), "x"}) }, crdt.WithMessage("merged"))
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, made := range []func(){func() { set(ada) }, func() { set(bob) }, merge} {
		before := ada.Heads()
		made()
		changes, err := ada.Changes(before)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			buf := make([]byte, 1<<16)
			kept := weak.Make(&buf[0])
			if err := d.Apply(buf[:copy(buf, c.Bytes())]); err != nil {
				t.Fatal(err)
			}
			buf = nil
			if runtime.GC(); kept.Value() != nil {
				t.Errorf("the document keeps the chunk of %s", c.Hash)
			}
		}
	}
	says(t, d, content(t, ada))
}
