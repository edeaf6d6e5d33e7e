package crdt

import "fmt"

// Container is a part of a value of Go that takes in what several people put there: a
// map, a list whose items a field tells apart, or a counter.
type Container struct {
	Name   string
	Kind   Kind        // [KindMap], [KindList] or [KindCounter]
	Fields []Container // of a map, ascending by name; what is in lists isn't looked at
}

// Containers returns the containers that [Map.Reconcile] makes in an empty map, but
// for those in lists, ascending by name.
func Containers(want any) ([]Container, error) {
	n, err := prepare(want)
	if err == nil && n.kind != KindMap {
		err = fmt.Errorf("%w: reconcile a map with a %T", ErrInvalid, want)
	}
	return n.containers(), err
}

func (n node) containers() []Container {
	var found []Container
	for _, f := range n.fields {
		switch {
		case f.omit:
		case f.kind == KindMap:
			found = append(found, Container{f.key, KindMap, f.containers()})
		case f.kind == KindList && f.node.key != "":
			found = append(found, Container{Name: f.key, Kind: KindList})
		case f.kind == KindCounter:
			found = append(found, Container{Name: f.key, Kind: KindCounter})
		}
	}
	return found
}
