package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	tidyInterval = 5 * time.Second
	// quietBytes is how much may be allocated in an interval that counts as
	// quiet; litterBytes how much garbage is worth collecting then.
	quietBytes  = 16 << 20
	litterBytes = 8 << 20
)

// tidy gives memory back to the system when a busy time has ended. Go's own
// collector acts on allocation: after a thousand clients have come and fallen
// silent it would leave what their greetings took, for lack of anything new.
func tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyInterval)
	defer ticker.Stop()
	h := readHeap()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		before := h.allocated
		h = readHeap()
		garbage := h.inUse - min(h.live, h.inUse)
		if h.allocated-before < quietBytes && garbage > max(litterBytes, h.live/4) {
			debug.FreeOSMemory()
			h = readHeap()
		}
	}
}

// heap is what the runtime says of the heap, in bytes.
type heap struct {
	allocated uint64 // ever
	inUse     uint64 // objects, garbage among them
	live      uint64 // what the last collection left
}

func readHeap() heap {
	samples := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(samples)
	return heap{samples[0].Value.Uint64(), samples[1].Value.Uint64(), samples[2].Value.Uint64()}
}
