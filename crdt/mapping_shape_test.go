package crdt_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/godwit-sync/godwit/crdt"
)

// TestContainers: those that Reconcile makes, and no others.
func TestContainers(t *testing.T) {
	type item struct{ ID string }
	type address struct {
		City string
		Geo  map[string]any `crdt:",omitempty"`
	}
	want := struct {
		Name    string
		Address address
		Later   *address
		Items   []item `crdt:"items,key=ID"`
		Plain   []address
		Votes   crdt.Counter
		Views   crdt.Counter `crdt:",omitempty"`
		Any     map[string]any
	}{Any: map[string]any{"in": map[string]any{"deep": map[string]any{}}, "list": []any{map[string]any{}}, "text": "t"}}
	got, err := crdt.Containers(&want)
	if err != nil {
		t.Fatal(err)
	}
	deep := []crdt.Container{{Name: "in", Kind: crdt.KindMap, Fields: []crdt.Container{{Name: "deep", Kind: crdt.KindMap}}}}
	if want := []crdt.Container{
		{Name: "Address", Kind: crdt.KindMap}, {Name: "Any", Kind: crdt.KindMap, Fields: deep}, {Name: "Votes", Kind: crdt.KindCounter}, {Name: "items", Kind: crdt.KindList},
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, v := range []any{nil, "text", []any{1}, map[string]any{"c": make(chan int)}} {
		if _, err := crdt.Containers(v); !errors.Is(err, crdt.ErrInvalid) {
			t.Errorf("%T: %v", v, err)
		}
	}
}
