package crdt

import (
	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/internal/document"
)

// census counts what costs an engine memory. A document's chunk tells little of
// that: a million operations may be a thousand bytes.
type census struct{ changes, ops int64 }

func (c *census) add(one *change.Change) {
	c.changes++
	c.ops += int64(one.Ops)
}

func censusOf(d *document.Document) census {
	return census{int64(d.NumChanges), int64(d.NumOps)}
}
