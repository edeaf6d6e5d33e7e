package opset

import "github.com/godwit-sync/godwit/crdt/change"

// actors numbers the actors of a document, in the order in which they come.
type actors struct {
	ids     []change.ActorID
	numbers map[change.ActorID]uint32 // once there are many
}

// fewActors is how many are found by looking at each.
const fewActors = 8

// number returns an actor's number, and gives it one if need be.
func (a *actors) number(id change.ActorID) uint32 {
	if n, ok := a.find(id); ok {
		return n
	}
	n := uint32(len(a.ids))
	a.ids = append(a.ids, id)
	if a.numbers != nil {
		a.numbers[id] = n
	} else if len(a.ids) > fewActors {
		a.numbers = make(map[change.ActorID]uint32)
		for i, id := range a.ids {
			a.numbers[id] = uint32(i)
		}
	}
	return n
}

func (a *actors) find(id change.ActorID) (uint32, bool) {
	if a.numbers != nil {
		n, ok := a.numbers[id]
		return n, ok
	}
	for i, known := range a.ids {
		if known == id {
			return uint32(i), true
		}
	}
	return 0, false
}

// Less orders actors, by their numbers, as their ids are ordered.
func (a *actors) Less(x, y uint32) bool { return a.ids[x] < a.ids[y] }

// compare orders operations.
func (a *actors) compare(x, y ID) int {
	switch {
	case x == y:
		return 0
	case x.Counter < y.Counter, x.Counter == y.Counter && a.Less(x.Actor, y.Actor):
		return -1
	}
	return 1
}
