package storage

import (
	"context"
	"sync"
	"time"

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
	urgent  bool       // there are some that wait, and not all of them patiently
	changed *sync.Cond // urgent or closed
	hurry   *time.Timer
	longest time.Duration // that the patient wait
}

// patience is how long a patient batch waits for others to be written with: longer
// than changes are apart that somebody types or a machine streams, and too short for
// anybody to notice.
const patience = 100 * time.Millisecond

func newQueue(size int64, longest time.Duration) *queue {
	q := &queue{room: semaphore.NewWeighted(size), size: size, longest: longest}
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
	if !sub.batch.Patient {
		q.wake()
	} else if q.hurry == nil {
		q.hurry = time.AfterFunc(q.longest, q.endPatience)
	}
	return nil
}

// wake has the committer take what waits; q.mu is held.
func (q *queue) wake() {
	q.urgent = true
	q.changed.Signal()
}

func (q *queue) endPatience() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) > 0 { // or they were taken at this moment
		q.wake()
	}
}

// take waits until there are submissions that are not patient, or have been for long
// enough, and returns all there are, in order; none once the queue is closed and
// empty.
func (q *queue) take() []*submission {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.urgent && !q.closed {
		q.changed.Wait()
	}
	if q.hurry != nil {
		q.hurry.Stop()
	}
	taken := q.waiting
	q.waiting, q.urgent, q.hurry = nil, false, nil
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
