package crdt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
)

// employee is a record of ten fields that takes 1 KB together.
type employee struct {
	Name       string    `crdt:"name,immutable"`
	Mail       string    `crdt:"mail,immutable"`
	Phone      string    `crdt:"phone,immutable"`
	Title      string    `crdt:"title,immutable"`
	Department string    `crdt:"department,immutable"`
	Address    string    `crdt:"address,immutable"`
	Age        int       `crdt:"age"`
	Active     bool      `crdt:"active"`
	Since      time.Time `crdt:"since"`
	Note       string    `crdt:"note"`
}

func newEmployee() employee {
	return employee{
		Name: "Ada Lovelace", Mail: "ada@example.com", Phone: "+44 20 7946 0000", Title: "Engineer", Department: "R&D",
		Address: "12 St James's Square, London", Age: 36, Active: true, Since: noon, Note: strings.Repeat("A note. ", 105),
	}
}

// recordOf returns a document, loaded from its file, that says what a value does.
func recordOf(b *testing.B, v any, engine crdt.Option) *crdt.Doc {
	d, err := crdt.New(actor("ada"), engine)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	write(b, d, v)
	loaded, err := crdt.Load(actor("bob"), saved(b, d), engine)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(loaded.Close)
	return loaded
}

// viewing measures what is done in a view.
func viewing(b *testing.B, d *crdt.Doc, do func(root crdt.Map) error) {
	b.ReportAllocs()
	err := d.View(func(root crdt.Map) error {
		for b.Loop() {
			if err := do(root); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func snapshotOf(b *testing.B, d *crdt.Doc) (s crdt.Snapshot) {
	err := d.View(func(root crdt.Map) (err error) {
		s, err = root.Snapshot(nil)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkSnapshotEncode(b *testing.B) {
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		d := recordOf(b, newEmployee(), engine)
		b.ReportMetric(float64(len(snapshotOf(b, d))), "bytes")
		viewing(b, d, func(root crdt.Map) error {
			_, err := root.Snapshot(nil)
			return err
		})
	})
}

func BenchmarkSnapshotHydrate(b *testing.B) {
	s := snapshotOf(b, recordOf(b, newEmployee(), crdt.Native()))
	b.ReportAllocs()
	for b.Loop() {
		var e employee
		if err := s.Hydrate(&e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSnapshotAny(b *testing.B) {
	s := snapshotOf(b, recordOf(b, newEmployee(), crdt.Native()))
	b.ReportAllocs()
	for b.Loop() {
		s.Any()
	}
}

func BenchmarkSnapshotLookup(b *testing.B) {
	s := snapshotOf(b, recordOf(b, newEmployee(), crdt.Native()))
	b.ReportAllocs()
	for b.Loop() {
		s.Lookup("title")
	}
}

func BenchmarkHydrate(b *testing.B) {
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		viewing(b, recordOf(b, newEmployee(), engine), func(root crdt.Map) error {
			var e employee
			return root.Hydrate(&e)
		})
	})
}

// reconciling measures making changes of a value that edit changes each time.
func reconciling[T any](b *testing.B, v T, edit func(v *T, i int)) {
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		d := recordOf(b, v, engine)
		b.ReportAllocs()
		_, err := d.Change(func(root crdt.Map) error {
			for i := 0; b.Loop(); i++ {
				edit(&v, i)
				if err := root.Reconcile(&v); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkReconcileUnchanged(b *testing.B) {
	reconciling(b, newEmployee(), func(*employee, int) {})
}

func BenchmarkReconcileField(b *testing.B) {
	reconciling(b, newEmployee(), func(e *employee, i int) { e.Age = i })
}

// BenchmarkReconcileCreate makes a record's document and its change.
func BenchmarkReconcileCreate(b *testing.B) {
	eachEngine(b, func(b *testing.B, engine crdt.Option) {
		b.ReportAllocs()
		for b.Loop() {
			d, err := crdt.New(actor("ada"), engine)
			if err != nil {
				b.Fatal(err)
			}
			write(b, d, newEmployee())
			d.Close()
		}
	})
}

// BenchmarkReconcileKeyed puts the last of a thousand items first.
func BenchmarkReconcileKeyed(b *testing.B) {
	type order struct {
		Lines []line `crdt:"lines,key=id"`
	}
	var o order
	for i := range 1000 {
		o.Lines = append(o.Lines, line{ID: string(rune('a'+i%26)) + strings.Repeat("x", i/26), Title: "a title", Price: 1})
	}
	reconciling(b, o, func(o *order, _ int) {
		last := len(o.Lines) - 1
		moved := o.Lines[last]
		copy(o.Lines[1:], o.Lines[:last])
		o.Lines[0] = moved
	})
}
