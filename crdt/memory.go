package crdt

import (
	"runtime"
	"sync/atomic"
)

// What an open document costs, as seen in the memory of a process that loaded
// many: documents of one change, of many, of many operations.
const (
	memoryPerDocument = 24 << 10
	memoryPerChange   = 1100
	memoryPerOp       = 450
	// memoryNudge is how much released memory may wait for the collector.
	memoryNudge = 32 << 20
)

func (c census) footprint() int64 {
	return memoryPerDocument + memoryPerChange*c.changes + memoryPerOp*c.ops
}

// unseen is the memory of documents that were let go since the last nudge.
var unseen atomic.Int64

// released counts a document's memory as let go. The engine frees it when Go
// collects the handle, and Go sees only the few bytes of that: so it is told to
// collect when enough has come together.
func released(size census) {
	if unseen.Add(size.footprint()) < memoryNudge {
		return
	}
	unseen.Store(0)
	runtime.GC()
}
