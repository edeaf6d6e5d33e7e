package storage

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// submission is a batch on its way to the committer.
type submission struct {
	batch   *Batch
	entries []write   // what the batch puts and deletes, sealed
	extra   []write   // the store's own rows to go with it
	purge   *docid.ID // the document to purge, if any; then nothing is appended
	stage   stageID   // where the changes are, if they are staged
	cost    int64     // of the queue's budget
	refused error     // why the batch is not to be written, if it isn't
	done    func(Seq, error)
}

// makesRoom reports whether the submission is written below the reserve, too.
func (sub *submission) makesRoom() bool { return sub.purge != nil || sub.batch.MakesRoom }

// queue holds the submissions that wait for the committer, bounded by the
// bytes they hold on to.
type queue struct {
	room *semaphore.Weighted
	size int64

	mu      sync.Mutex
	waiting []*submission
	closed  bool
	changed *sync.Cond // waiting or closed
}

func newQueue(size int64) *queue {
	q := &queue{room: semaphore.NewWeighted(size), size: size}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// put waits for room and adds a submission. It returns ctx's error if that
// ends first.
func (q *queue) put(ctx context.Context, sub *submission) error {
	sub.cost = min(sub.cost, q.size)
	if err := q.room.Acquire(ctx, sub.cost); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, sub)
	q.changed.Signal()
	return nil
}

// take waits for submissions and returns all there are, in order; none once
// the queue is closed and empty.
func (q *queue) take() []*submission {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.changed.Wait()
	}
	taken := q.waiting
	q.waiting = nil
	return taken
}

// release gives back a submission's room once it has been dealt with.
func (q *queue) release(sub *submission) { q.room.Release(sub.cost) }

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Signal()
}
