package crdt_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// record is a small document: ten fields.
func record(root crdt.Map) error {
	for i, key := range []string{"id", "name", "mail", "phone", "street", "city", "zip", "age", "active", "note"} {
		var v any = crdt.ImmutableString("value of " + key)
		switch key {
		case "age":
			v = i
		case "active":
			v = true
		}
		if err := root.Set(key, v); err != nil {
			return err
		}
	}
	return nil
}

func newRecord(tb testing.TB, engine crdt.Option) *crdt.Doc {
	d, err := crdt.New(actor("ada"), engine)
	if err != nil {
		tb.Fatal(err)
	}
	edit(tb, d, record)
	return d
}

func BenchmarkSmallDocCreate(b *testing.B) {
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		b.ReportAllocs()
		for b.Loop() {
			newRecord(b, engine).Close()
		}
	})
}

func BenchmarkSmallDocLoad(b *testing.B) {
	chunk := saved(b, newRecord(b, crdt.Native()))
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		b.ReportAllocs()
		load := func(chunk []byte) *crdt.Doc {
			d, err := crdt.Load(actor("bob"), chunk, engine)
			if err != nil {
				b.Fatal(err)
			}
			return d
		}
		for b.Loop() {
			load(chunk).Close()
		}
		const many = 10_000
		if b.N < many {
			return
		}
		holding(b, func() any { // per 10,000: 10 MB are 1 KB each
			docs := make([]*crdt.Doc, many)
			for i := range docs {
				docs[i] = load(bytes.Clone(chunk)) // which the document keeps
			}
			return docs
		})
	})
}

// A hundred thousand records, open at once; with automerge-go they would take
// gigabytes.
func BenchmarkSmallDocHundredThousand(b *testing.B) {
	chunk := saved(b, newRecord(b, crdt.Native()))
	docs := make([]*crdt.Doc, 100_000)
	for b.Loop() {
		clear(docs)
		debug.FreeOSMemory()
		before, ok := anonymous(b)
		for i := range docs {
			var err error
			if docs[i], err = crdt.Load(actor("bob"), bytes.Clone(chunk), crdt.Native()); err != nil {
				b.Fatal(err)
			}
		}
		debug.FreeOSMemory()
		if after, _ := anonymous(b); ok {
			b.ReportMetric(float64(after-before)/1e6, "rssMB")
		}
	}
	runtime.KeepAlive(docs)
}

// pathological runs a story that has tripped others, once per iteration.
func pathological(b *testing.B, run func(b *testing.B, engine crdt.Option) any) {
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		for b.Loop() {
			run(b, engine)
		}
		holding(b, func() any { return run(b, engine) })
	})
}

// receiving takes changes as foreign ones.
func receiving(b *testing.B, changes [][]byte) {
	pathological(b, func(b *testing.B, engine crdt.Option) any {
		d, err := crdt.New(actor("cem"), engine)
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Apply(changes...); err != nil {
			b.Fatal(err)
		}
		return d
	})
}

func open(tb testing.TB, name string, engine crdt.Option, fn func(root crdt.Map) error) *crdt.Doc {
	d, err := crdt.New(actor(name), engine)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	edit(tb, d, fn)
	return d
}

// One position, typed at backwards.
func BenchmarkPathologicalBackwards(b *testing.B) {
	pathological(b, func(b *testing.B, engine crdt.Option) any {
		return open(b, "ada", engine, func(root crdt.Map) error {
			if err := root.Set("text", ""); err != nil {
				return err
			}
			text := root.Get("text").Text()
			for range 100_000 {
				if err := text.Insert(0, "x"); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// Many people insert at one place, none of whom knows of the others.
func BenchmarkPathologicalRivals(b *testing.B) {
	base := saved(b, open(b, "ada", crdt.Native(), func(root crdt.Map) error { return root.Set("text", "ab") }))
	var changes [][]byte
	for i := range 1000 {
		d, err := crdt.Load(actor(fmt.Sprintf("%04d", i)), base, crdt.Native())
		if err != nil {
			b.Fatal(err)
		}
		changes = append(changes, edit(b, d, func(root crdt.Map) error { return root.Get("text").Text().Insert(1, "xyz") }).Bytes())
	}
	pathological(b, func(b *testing.B, engine crdt.Option) any {
		d, err := crdt.Load(actor("bob"), base, engine)
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Apply(changes...); err != nil {
			b.Fatal(err)
		}
		return d
	})
}

func BenchmarkPathologicalKeys(b *testing.B) {
	pathological(b, func(b *testing.B, engine crdt.Option) any {
		return open(b, "ada", engine, func(root crdt.Map) error {
			for i := range 100_000 {
				if err := root.Set(fmt.Sprintf("key %d", i*7919%100_000), i); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// Two people write to the same key in turns, each having seen the other.
func BenchmarkPathologicalTurns(b *testing.B) {
	ada := open(b, "ada", crdt.Native(), func(root crdt.Map) error { return root.Set("n", 0) })
	bob, err := ada.Fork(actor("bob"))
	if err != nil {
		b.Fatal(err)
	}
	var changes [][]byte
	for i := range 100_000 {
		from, to := ada, bob
		if i%2 == 1 {
			from, to = bob, ada
		}
		c := edit(b, from, func(root crdt.Map) error { return root.Set("n", i+1) })
		if err := to.Apply(c.Bytes()); err != nil {
			b.Fatal(err)
		}
		changes = append(changes, c.Bytes())
	}
	first, err := ada.Changes(nil)
	if err != nil {
		b.Fatal(err)
	}
	changes = append([][]byte{first[0].Bytes()}, changes...)
	receiving(b, changes)
}

func BenchmarkPathologicalPaste(b *testing.B) {
	paste := strings.Repeat("a line of text that is pasted, é 🙂\n", 28_000) // 1 MB
	pathological(b, func(b *testing.B, engine crdt.Option) any {
		return open(b, "ada", engine, func(root crdt.Map) error { return root.Set("text", paste) })
	})
}

func BenchmarkPathologicalSelectAll(b *testing.B) {
	text := strings.Repeat("letters ", 30_000)
	pathological(b, func(b *testing.B, engine crdt.Option) any {
		d := open(b, "ada", engine, func(root crdt.Map) error { return root.Set("text", text) })
		edit(b, d, func(root crdt.Map) error { return root.Get("text").Text().Splice(0, 240_000, "") })
		return d
	})
}

func BenchmarkPathologicalNulls(b *testing.B) {
	nulls := make([]any, 1_000_000)
	pathological(b, func(b *testing.B, engine crdt.Option) any {
		return open(b, "ada", engine, func(root crdt.Map) error { return root.Set("list", nulls) })
	})
}

// A document in which a thousand people have written a word each.
func BenchmarkPathologicalActors(b *testing.B) {
	d := open(b, "0000", crdt.Native(), func(root crdt.Map) error { return root.Set("text", "") })
	for i := range 1000 {
		next, err := d.Fork(actor(fmt.Sprintf("%04d", i+1)))
		if err != nil {
			b.Fatal(err)
		}
		edit(b, next, func(root crdt.Map) error { return root.Get("text").Text().Append("word ") })
		d = next
	}
	history, err := d.Changes(nil)
	if err != nil {
		b.Fatal(err)
	}
	var changes [][]byte
	for _, c := range history {
		changes = append(changes, c.Bytes())
	}
	receiving(b, changes)
}
