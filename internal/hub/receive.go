package hub

import (
	"context"

	"golang.org/x/sync/semaphore"

	"github.com/godwit-sync/godwit/crdt/change"
	crdtsync "github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/socket"
	"github.com/godwit-sync/godwit/internal/wire"
)

// sync hands a sync message to its document, in slices if it is long. Each
// waits until enough of what this session sent before has been dealt with. The
// last one releases the frame.
func (s *session) sync(m wire.Sync, frame socket.Frame) error {
	message, err := crdtsync.Decode(m.Data)
	if err != nil {
		frame.Release()
		return err
	}
	d, err := s.open(m, len(m.Data)-total(message.Changes))
	if err != nil || d == nil {
		frame.Release()
		return err
	}
	in := incoming{blobs: message.Changes, clone: len(frame.Bytes) > lean}
	for {
		ev := &replica.Received{From: &s.neighbour, Request: m.Request}
		inflated := in.inflated()
		wait(s.hub.inflating, inflated)
		err := in.next(ev)
		slots := cost(ev)
		wait(s.slots, slots)
		finished := func() {
			s.slots.Release(slots)
			s.hub.inflating.Release(inflated)
		}
		if err == nil && !in.done() {
			ev.Finished = finished
			d.step(ev)
			continue
		}
		if err == nil {
			ev.Message = message
		}
		ev.Finished = func() { finished(); frame.Release() }
		d.step(ev)
		return err
	}
}

// wait takes n of a semaphore that has more than that and is always given back.
func wait(s *semaphore.Weighted, n int64) {
	if err := s.Acquire(context.Background(), n); err != nil {
		panic(err)
	}
}

// cost is how many of its session's slots a slice takes: one for so many
// changes, or for so much memory, whichever is more. A huge change takes all.
func cost(ev *replica.Received) int64 {
	const perSlot, slotBytes = 128, 64 << 10
	count := 1 + (len(ev.Changes)+len(ev.Invalid))/perSlot
	return int64(min(underWay, max(count, footprint(ev.Changes)/slotBytes)))
}

// footprint is what changes take in memory, in bytes.
func footprint(changes []*change.Change) (bytes int) {
	for _, c := range changes {
		bytes += c.Footprint()
	}
	return bytes
}

func total(blobs [][]byte) (bytes int) {
	for _, b := range blobs {
		bytes += len(b)
	}
	return bytes
}
