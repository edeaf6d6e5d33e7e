package crdt_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt"
)

// TestTypeAt: the type of each place in a value, if it has one.
func TestTypeAt(t *testing.T) {
	type city string
	type inner struct{ City city }
	type embedded struct{ ID crdt.DocumentID }
	type record struct {
		embedded
		Name   string `crdt:"name"`
		Hidden int    `crdt:"-"`
		At     *time.Time
		Home   *inner
		Items  []inner
		Scores map[string][]int
		Any    any
	}
	for _, c := range []struct {
		path []any
		want reflect.Type
	}{
		{nil, reflect.TypeFor[record]()},
		{[]any{"name"}, reflect.TypeFor[string]()},
		{[]any{"ID"}, reflect.TypeFor[crdt.DocumentID]()},
		{[]any{"At"}, reflect.TypeFor[*time.Time]()},
		{[]any{"Home", "City"}, reflect.TypeFor[city]()},
		{[]any{"Items", 7, "City"}, reflect.TypeFor[city]()},
		{[]any{"Scores", "go", 1}, reflect.TypeFor[int]()},
		{[]any{"Any", "deep", 1}, reflect.TypeFor[any]()},
		{[]any{"Name"}, nil},
		{[]any{"Hidden"}, nil},
		{[]any{0}, nil},
		{[]any{"name", "in"}, nil},
		{[]any{"At", "wall"}, nil},
		{[]any{"ID", 0}, nil},
		{[]any{"Items", "City"}, nil},
		{[]any{"Scores", 1}, nil},
	} {
		got, ok := crdt.TypeAt(reflect.TypeFor[record](), c.path...)
		if got != c.want || ok != (c.want != nil) {
			t.Errorf("at %v is %v, %t; want %v", c.path, got, ok, c.want)
		}
	}
}
