package crdt

import (
	"slices"
	"sort"
)

// keyedItem is an item of a list whose items a field tells apart.
type keyedItem struct {
	index int
	key   any // nil if there is none
	was   *node
}

// reconcileByKey brings a list whose items a field tells apart to what a node
// says. Items that have no key, or one that couldn't be read, stay. Of several
// with one key the first counts; they go together.
//
// An item that is moved is deleted and written anew, with all that was in it: the
// format knows no moving. As few are moved as possible.
func (l List) reconcileByKey(was, now node) error {
	items := l.keyedItems(was, now.key)
	moves := movesOf(items, now)
	copies := map[any]node{}
	kept := map[any]int{} // their indices, once the others are gone
	var gone []int
	for _, it := range items {
		there := l.Get(it.index)
		switch move, wanted := moves[it.key]; {
		case it.key == nil:
			continue
		case wanted && !move:
			if it.was != nil {
				kept[it.key] = it.index - len(gone)
			}
			continue
		case wanted && it.was != nil:
			copies[it.key] = there.node()
		}
		gone = append(gone, it.index)
	}
	for _, i := range slices.Backward(gone) {
		if err := l.s.did(l.object.delete(i, 1)); err != nil {
			return err
		}
	}
	return l.placeByKey(was.byKey(now.key), now, kept, copies)
}

// keyedItems returns what is in the list, with the nodes that it was shown as.
func (l List) keyedItems(was node, name string) []keyedItem {
	shown := was.byKey(name)
	items := make([]keyedItem, 0, l.Len())
	for i, v := range l.All() {
		it := keyedItem{index: i}
		if key, ok := itemKey(v.Map().Get(name).Any()); ok && shown[key] != nil {
			it.key = key
		}
		items = append(items, it)
	}
	for i, it := range items { // the first of a key is what was shown
		if it.key != nil {
			items[i].was = shown[it.key]
			delete(shown, it.key)
		}
	}
	return items
}

// byKey returns a list's items by what tells them apart.
func (n node) byKey(name string) map[any]*node {
	out := make(map[any]*node, len(n.items))
	for i := range n.items {
		if key, ok := n.items[i].itemKey(name); ok && out[key] == nil {
			out[key] = &n.items[i]
		}
	}
	return out
}

// movesOf says of the items of a list that are to stay whether they must move.
func movesOf(items []keyedItem, now node) map[any]bool {
	index := map[any]int{}
	for _, it := range items {
		if it.was != nil {
			index[it.key] = it.index
		}
	}
	var keys []any
	var at []int
	for _, child := range now.items {
		key, _ := child.itemKey(now.key)
		if i, ok := index[key]; ok {
			keys, at = append(keys, key), append(at, i)
		}
	}
	moves := map[any]bool{}
	for i, stays := range longestAscending(at) {
		moves[keys[i]] = !stays
	}
	return moves
}

// longestAscending marks as many numbers as can be that ascend.
func longestAscending(all []int) []bool {
	var ends []int // ends[n] is the index of the least number that n+1 of them end with
	before := make([]int, len(all))
	for i, v := range all {
		n := sort.Search(len(ends), func(n int) bool { return all[ends[n]] >= v })
		if before[i] = -1; n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, 0)
		}
		ends[n] = i
	}
	out := make([]bool, len(all))
	if len(ends) == 0 {
		return out
	}
	for i := ends[len(ends)-1]; i >= 0; i = before[i] {
		out[i] = true
	}
	return out
}

// placeByKey writes what is wanted: into the items that were kept, which stand
// at some indices in order, and between them.
func (l List) placeByKey(was map[any]*node, now node, kept map[any]int, copies map[any]node) error {
	i, added := 0, 0
	for j, child := range now.items {
		key, _ := child.itemKey(now.key)
		there, stays := kept[key]
		copied, moves := copies[key]
		var err error
		switch {
		case stays:
			i = there + added
			err = l.reconcileItem(i, *was[key], child)
		case moves:
			if err = l.insertNew(i, []node{copied}); err == nil {
				err = l.reconcileItem(i, *was[key], child)
			}
			added++
		default:
			err = l.insertNew(i, []node{child})
			added++
		}
		if err != nil {
			return at(j, err)
		}
		i++
	}
	return l.s.failure
}
