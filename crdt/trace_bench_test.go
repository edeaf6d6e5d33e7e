package crdt_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/change"
)

// The editing trace: a paper written in 259,778 keystrokes and deletions, each
// a change of its own.
// https://github.com/automerge/automerge-perf
type keystroke struct {
	pos, del int
	text     string
}

var trace = sync.OnceValue(func() []keystroke {
	packed, err := os.ReadFile("testdata/editing-trace.json.gz")
	if err != nil {
		panic(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err)
	}
	var rows [][]any
	if err := json.NewDecoder(r).Decode(&rows); err != nil {
		panic(err)
	}
	edits := make([]keystroke, len(rows))
	for i, row := range rows {
		edits[i] = keystroke{pos: int(row[0].(float64)), del: int(row[1].(float64))}
		for _, s := range row[2:] {
			edits[i].text += s.(string)
		}
	}
	return edits
})

// typed is the trace as an engine has it, its changes and what it saved.
type typed struct {
	doc     *crdt.Doc
	changes [][]byte
	saved   []byte
}

// typeTrace makes each keystroke a change.
func typeTrace(tb testing.TB, engine crdt.Option) *typed {
	tb.Helper()
	d, err := crdt.New(actor("ada"), engine)
	if err != nil {
		tb.Skip(err)
	}
	w := &typed{doc: d}
	keep := func(c *change.Change, err error) {
		if err != nil {
			tb.Fatal(err)
		}
		w.changes = append(w.changes, c.Bytes())
	}
	keep(d.Change(func(root crdt.Map) error { return root.Set("text", "") }))
	for _, k := range trace() {
		keep(d.Change(func(root crdt.Map) error { return root.Get("text").Text().Splice(k.pos, k.del, k.text) }))
	}
	return w
}

// recorded is the trace as the native engine has typed it.
var recorded = sync.OnceValue(func() *typed {
	tb := &testing.B{}
	w := typeTrace(tb, crdt.Native())
	saved, err := w.doc.Save()
	if err != nil {
		panic(err)
	}
	w.saved = saved
	w.doc = nil
	return w
})

// eachEngine runs a benchmark with both engines.
func eachEngine(b *testing.B, run func(b *testing.B, engine crdt.Option)) {
	b.Run("native", func(b *testing.B) { run(b, crdt.Native()) })
	b.Run("reference", func(b *testing.B) {
		needsReference(b)
		run(b, crdt.Reference())
	})
}

// holding measures the Go heap that a benchmark's results keep, in bytes.
func holding(b *testing.B, make func() any) {
	b.StopTimer()
	defer b.StartTimer()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := make()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "heapMB")
}

func BenchmarkTraceApply(b *testing.B) {
	trace()
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		for b.Loop() {
			typeTrace(b, engine)
		}
		holding(b, func() any { return typeTrace(b, engine).doc })
	})
}

func BenchmarkTraceLoad(b *testing.B) {
	saved := recorded().saved
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		load := func() any {
			d, err := crdt.Load(actor("bob"), saved, engine)
			if err != nil {
				b.Fatal(err)
			}
			if n := len(textOf(b, d)); n != 104_852 {
				b.Fatalf("%d letters", n)
			}
			return d
		}
		for b.Loop() {
			load().(*crdt.Doc).Close()
		}
		holding(b, load)
	})
}

// Loading takes the word of who saved; this doesn't.
func BenchmarkTraceLoadVerified(b *testing.B) {
	saved := recorded().saved
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		for b.Loop() {
			d, err := crdt.Load(actor("bob"), saved, engine)
			if err != nil {
				b.Fatal(err)
			}
			if err := d.Verify(); err != nil {
				b.Fatal(err)
			}
			d.Close()
		}
	})
}

// BenchmarkTraceMerge merges two copies in which two people have typed a thousand
// letters each.
func BenchmarkTraceMerge(b *testing.B) {
	saved := recorded().saved
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		typed := func(name string, at int) *crdt.Doc {
			d, err := crdt.Load(actor(name), saved, engine)
			if err != nil {
				b.Fatal(err)
			}
			for i := range 1000 {
				edit(b, d, func(root crdt.Map) error { return root.Get("text").Text().Insert(at+i*7, "x") })
			}
			return d
		}
		bob := typed("bob", 1000)
		for b.Loop() {
			b.StopTimer()
			ada := typed("ada", 2000)
			b.StartTimer()
			if err := ada.Merge(bob); err != nil {
				b.Fatal(err)
			}
			ada.Close()
		}
	})
}

func textOf(tb testing.TB, d *crdt.Doc) (text string) {
	tb.Helper()
	if err := d.View(func(root crdt.Map) error { text = root.Get("text").Str(); return nil }); err != nil {
		tb.Fatal(err)
	}
	return text
}

func BenchmarkTraceSave(b *testing.B) {
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		d, err := crdt.Load(actor("bob"), recorded().saved, engine)
		if err != nil {
			b.Fatal(err)
		}
		edit(b, d, func(root crdt.Map) error { return root.Get("text").Text().Append("!") })
		size := 0
		for b.Loop() {
			size = len(saved(b, d))
		}
		b.ReportMetric(float64(size), "savedB")
	})
}

// saved returns a document as a chunk.
func saved(tb testing.TB, d *crdt.Doc) []byte {
	tb.Helper()
	chunk, err := d.Save()
	if err != nil {
		tb.Fatal(err)
	}
	return chunk
}

func BenchmarkTraceReceive(b *testing.B) {
	changes := recorded().changes
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		receive := func() any {
			d, err := crdt.New(actor("bob"), engine)
			if err != nil {
				b.Fatal(err)
			}
			if err := d.Apply(changes...); err != nil {
				b.Fatal(err)
			}
			return d
		}
		for b.Loop() {
			receive().(*crdt.Doc).Close()
		}
		holding(b, receive)
	})
}

func BenchmarkTraceKeystroke(b *testing.B) {
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		d, err := crdt.Load(actor("bob"), recorded().saved, engine)
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; b.Loop(); i++ {
			edit(b, d, func(root crdt.Map) error { return root.Get("text").Text().Insert(50_000+i%1000, "x") })
		}
	})
}
