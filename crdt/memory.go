package crdt

import (
	"runtime"
	"sync/atomic"
)

// memoryNudge is how much released memory may wait for the collector.
const memoryNudge = 32 << 20

// unseen is the memory of documents that were let go since the last nudge.
var unseen atomic.Int64

// release counts the document's memory as let go, if Go doesn't see it. The
// engine frees it when Go collects the handle, of which Go sees only a few
// bytes: so it is told to collect when enough has come together.
func (d *Doc) release() {
	if d.engines.own || unseen.Add(d.engine.memory(d.size)) < memoryNudge {
		return
	}
	unseen.Store(0)
	runtime.GC()
}
