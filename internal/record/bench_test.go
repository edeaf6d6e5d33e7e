package record_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/record"
)

// employee is a record of about a kilobyte.
func employee() value {
	v := value{"address": value{"city": "London", "geo": value{"lat": 51.5, "lon": -0.1}}}
	for i := range 12 {
		v[fmt.Sprint("field", i)] = crdt.ImmutableString(strings.Repeat("x", 60))
	}
	return v
}

func BenchmarkPutNew(b *testing.B) {
	v := employee()
	b.ReportAllocs()
	for b.Loop() {
		d, err := crdt.New(actor("ann"))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := record.Put(d, "ada@example.com", v); err != nil {
			b.Fatal(err)
		}
		d.Close()
	}
}

// BenchmarkReconcileNew is what BenchmarkPutNew costs without a key.
func BenchmarkReconcileNew(b *testing.B) {
	v := employee()
	b.ReportAllocs()
	for b.Loop() {
		d, err := crdt.New(actor("ann"))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.Change(func(root crdt.Map) error { return root.Reconcile(v) }); err != nil {
			b.Fatal(err)
		}
		d.Close()
	}
}

// BenchmarkStateOf: of a record whose history is long, without a tombstone, with
// the latest change one, and with one that was beaten long ago.
func BenchmarkStateOf(b *testing.B) {
	long := func(b *testing.B) *crdt.Doc {
		d := newDoc(b, "ann")
		create(b, d, "k", employee())
		for i := range 2000 {
			edit(b, d, set("n", i))
		}
		return d
	}
	for name, after := range map[string]func(d *crdt.Doc){
		"present": func(*crdt.Doc) {},
		"deleted": func(d *crdt.Doc) { destroy(b, d, record.EditWins) },
		"beaten": func(d *crdt.Doc) {
			destroy(b, d, record.EditWins)
			for i := range 2000 {
				edit(b, d, set("n", i))
			}
		},
		"deleted twice": func(d *crdt.Doc) {
			other, err := d.Fork(actor("bob"))
			if err != nil {
				b.Fatal(err)
			}
			defer other.Close()
			destroy(b, d, record.EditWins)
			destroy(b, other, record.EditWins)
			meet(b, d, other)
		},
	} {
		b.Run(name, func(b *testing.B) {
			d := long(b)
			after(d)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := record.StateOf(d); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+", again", func(b *testing.B) {
			d := long(b)
			after(d)
			var memory record.Beaten
			b.ReportAllocs()
			for b.Loop() {
				if _, err := memory.StateOf(d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkHasConflicts(b *testing.B) {
	d := newDoc(b, "ann")
	create(b, d, "k", employee())
	b.ReportAllocs()
	for b.Loop() {
		if err := d.View(func(root crdt.Map) error {
			_, err := record.HasConflicts(root)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}
