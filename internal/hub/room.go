package hub

import (
	"context"

	"golang.org/x/sync/semaphore"

	"github.com/godwit-sync/godwit/internal/socket"
)

// smallLetter is how long a message may be that isn't counted as outgoing.
const smallLetter = 64 << 10

// room is a share of the memory for outgoing messages. Those who find none are
// not made to wait for others, who may be slow: they say less at a time.
type room struct {
	outgoing   *semaphore.Weighted
	total      int64
	held       int64
	maxChanges int // bytes of changes for which there is room
}

// reserve takes room for the longest message that a session is to write.
func (h *Hub) reserve() room {
	r := room{outgoing: h.outgoing, total: h.OutgoingBytes, maxChanges: h.MessageBytes}
	if want := int64(h.MessageBytes + smallLetter); h.outgoing.TryAcquire(want) {
		r.held = want
	} else {
		r.maxChanges = min(r.maxChanges, smallLetter/2)
	}
	return r
}

// resize makes the room as large as a message. It waits only for one that
// holds a single change larger than what is left; until done is closed.
func (r *room) resize(size int, done <-chan struct{}) error {
	need := min(int64(size), r.total)
	if size <= smallLetter {
		need = 0
	}
	if need <= r.held {
		r.outgoing.Release(r.held - need)
		r.held = need
		return nil
	}
	r.release()
	if err := r.await(need, done); err != nil {
		return err
	}
	r.held = need
	return nil
}

func (r *room) await(need int64, done <-chan struct{}) error {
	if r.outgoing.TryAcquire(need) {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		defer cancel()
		select {
		case <-done:
		case <-ctx.Done():
		}
	}()
	if r.outgoing.Acquire(ctx, need) != nil {
		return socket.ErrClosed
	}
	return nil
}

func (r *room) release() {
	r.outgoing.Release(r.held)
	r.held = 0
}
