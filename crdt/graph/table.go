package graph

import (
	"hash/maphash"

	"github.com/godwit-sync/godwit/crdt/change"
)

// table finds nodes by their hash: a hash table with open addressing and linear
// probing that holds node numbers only, since the nodes hold the hashes. A map
// with the hashes as keys would take six times the memory.
//
// Nodes leave a table in the reverse of the order in which they came, so that
// none that remains was ever moved on by one that left.
type table struct {
	slots []uint32 // node number + 1; 0 is free; a power of two of them
}

const smallestTable = 8

// seed keeps those who choose hashes from choosing slots.
var seed = maphash.MakeSeed()

// slot returns where a hash is, or where it would be put.
func (t *table) slot(nodes []node, h *change.Hash) int {
	mask := len(t.slots) - 1
	at := int(maphash.Bytes(seed, h[:])) & mask
	for t.slots[at] != 0 && nodes[t.slots[at]-1].hash != *h {
		at = (at + 1) & mask
	}
	return at
}

func (t *table) find(nodes []node, h *change.Hash) (uint32, bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	found := t.slots[t.slot(nodes, h)]
	return found - 1, found != 0
}

// add puts in the last of the nodes.
func (t *table) add(nodes []node) {
	last := len(nodes) - 1
	if len(nodes)*4 > len(t.slots)*3 {
		t.slots = make([]uint32, max(smallestTable, 2*len(t.slots)))
		for i := range nodes[:last] {
			t.slots[t.slot(nodes, &nodes[i].hash)] = uint32(i) + 1
		}
	}
	t.slots[t.slot(nodes, &nodes[last].hash)] = uint32(last) + 1
}

// remove takes out the last of the nodes.
func (t *table) remove(nodes []node) {
	t.slots[t.slot(nodes, &nodes[len(nodes)-1].hash)] = 0
}
