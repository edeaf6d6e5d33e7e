package crdt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// BenchmarkChange is one small change of a small document.
func BenchmarkChange(b *testing.B) {
	for name, fn := range map[string]func(root crdt.Map, i int) error{
		"number":  func(root crdt.Map, i int) error { return root.Set("n", i) },
		"letter":  func(root crdt.Map, i int) error { return root.Get("t").Text().Insert(i%100, "x") },
		"nothing": func(crdt.Map, int) error { return nil },
	} {
		b.Run(name, func(b *testing.B) {
			d := newDoc(b, "ada", func(root crdt.Map) error { return root.Set("t", strings.Repeat("text ", 20)) })
			for i := 0; b.Loop(); i++ {
				if _, err := d.Change(func(root crdt.Map) error { return fn(root, i) }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFailedChange shows that giving up costs time linear in the history.
func BenchmarkFailedChange(b *testing.B) {
	for _, changes := range []int{10, 1000} {
		b.Run(fmt.Sprint(changes), func(b *testing.B) {
			d := history(b, changes)
			for b.Loop() {
				_, _ = d.Change(func(root crdt.Map) error { _ = root.Set("n", -1); return crdt.ErrInvalid })
			}
		})
	}
}

func BenchmarkView(b *testing.B) {
	d := newDoc(b, "ada", func(root crdt.Map) error { return root.Set("n", 1) })
	for b.Loop() {
		_ = d.View(func(root crdt.Map) error { root.Get("n").Int(); return nil })
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, changes := range []int{1, 50, 1000} {
		saved, err := history(b, changes).Save()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(changes), func(b *testing.B) {
			for b.Loop() {
				d, err := crdt.Load(actor("bob"), saved)
				if err != nil {
					b.Fatal(err)
				}
				d.Close()
			}
		})
	}
}

// BenchmarkApply is a change that arrives by itself.
func BenchmarkApply(b *testing.B) {
	changes, err := history(b, 5000).Changes(nil)
	if err != nil {
		b.Fatal(err)
	}
	d := newDoc(b, "bob", nil)
	for i := 0; b.Loop(); i++ {
		if i == len(changes) {
			b.StopTimer()
			d, i = newDoc(b, "bob", nil), 0
			b.StartTimer()
		}
		if err := d.Apply(changes[i].Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}

func history(tb testing.TB, changes int) *crdt.Doc {
	d := newDoc(tb, "ada", nil)
	for i := range changes {
		edit(tb, d, func(root crdt.Map) error { return root.Set("n", i) })
	}
	return d
}
