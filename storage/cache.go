package storage

import (
	"sync"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// rowCache keeps the document rows used lately, so that an append to a document
// that is busy, or was just looked up, reads nothing. It has two halves: what is used
// moves to the young one, and when that is full, the old one is forgotten. The
// committer relies on it, so it holds what is in the store, or what is about to be
// replaced by the committer itself.
type rowCache struct {
	limit int64 // bytes, of both halves

	mu         sync.Mutex
	size       int64 // of the young half
	young, old map[docid.ID]*document
}

func newRowCache(limit int64) rowCache {
	return rowCache{limit: limit, young: make(map[docid.ID]*document)}
}

// get returns a document's row; nil and true if it is known to have none.
func (c *rowCache) get(id docid.ID) (*document, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if row, ok := c.young[id]; ok {
		return row, true
	}
	row, ok := c.old[id]
	if ok {
		c.add(id, row)
	}
	return row, ok
}

// put notes a row that has become durable.
func (c *rowCache) put(id docid.ID, row *document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(id, row)
}

// learn notes a row that was read, if nothing has been written since then. What is
// being written is put when it is durable, and so after this.
func (c *rowCache) learn(id docid.ID, row *document, isLatest func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if isLatest() {
		c.add(id, row)
	}
}

// add is put; c.mu is held.
func (c *rowCache) add(id docid.ID, row *document) {
	if was, ok := c.young[id]; ok {
		c.size -= rowCost(was)
	}
	c.young[id] = row
	c.size += rowCost(row)
	if c.size > c.limit/2 {
		c.old, c.young, c.size = c.young, make(map[docid.ID]*document), 0
	}
}

// rowCost estimates what a cached row takes, with its share of the map.
func rowCost(row *document) int64 {
	if row == nil {
		return 64
	}
	return 192 + int64(len(row.heads))*change.HashSize
}
