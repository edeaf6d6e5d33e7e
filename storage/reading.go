package storage

import (
	"container/list"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
)

// reading is a snapshot that readers share until the next write. To begin and end
// one costs Badger more than most of what is read in it.
type reading struct {
	txn    *badger.Txn
	writes uint64       // readings.writes before it began
	users  atomic.Int64 // and one for being the latest; the last ends it
}

// join reports whether the reading goes on; if so, leave is due.
func (r *reading) join() bool {
	for {
		n := r.users.Load()
		if n == 0 {
			return false
		}
		if r.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (r *reading) leave() {
	if r.users.Add(-1) == 0 {
		r.txn.Discard()
	}
}

// readings has the latest reading.
type readings struct {
	latest atomic.Pointer[reading] // nil: nobody has read since the last write

	mu      sync.Mutex // guards the setting of latest
	writes  uint64     // how often it was outdated
	written int64      // bytes, about
	held    list.List  // of *Snapshot, the oldest first
	limit   int64      // what each may hold on to, in bytes
}

// What a snapshot may hold on to before it is let go, in bytes, and what a commit
// counts at least: Badger keeps some 44 bytes of each in memory until all snapshots
// that are older have ended.
const (
	heldBytes  = 1 << 30
	heldCommit = 8 << 10
)

// begin returns a reading of all that was written before; leave is due.
func (rs *readings) begin(db *badger.DB) *reading {
	if r := rs.latest.Load(); r != nil && r.join() {
		return r
	}
	rs.mu.Lock()
	seen := rs.writes
	rs.mu.Unlock()
	r := &reading{txn: db.NewTransaction(false), writes: seen}
	r.users.Store(1)
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if seen == rs.writes && rs.latest.Load() == nil { // or it may lack what others have written since
		r.users.Store(2)
		rs.latest.Store(r)
	}
	return r
}

// isLatest reports whether a reading still sees all that was written, but for what is
// being written.
func (rs *readings) isLatest(r *reading) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return r.writes == rs.writes
}

// keep has a reading at hand for those who come while something is being written.
// Badger would have them wait until that is on the disk.
func (rs *readings) keep(db *badger.DB) { rs.begin(db).leave() }

// outdate makes sure that what has been written, so many bytes, is seen from now
// on. It lets the latest reading go, so that an idle store holds back no compaction
// either, and snapshots that hold on to too much.
func (rs *readings) outdate(written int64) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.writes++
	rs.written += max(written, heldCommit)
	if r := rs.latest.Swap(nil); r != nil {
		r.leave()
	}
	for e := rs.held.Front(); e != nil && rs.written-e.Value.(*Snapshot).since > rs.limit; e = rs.held.Front() {
		rs.letGo(e.Value.(*Snapshot))
	}
}

// hold has a snapshot, whose reading has begun, last.
func (rs *readings) hold(sn *Snapshot) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	sn.since = rs.written
	sn.place = rs.held.PushBack(sn)
}

// drop ends a snapshot, unless it has ended already.
func (rs *readings) drop(sn *Snapshot) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if sn.place != nil {
		rs.letGo(sn)
	}
}

// letGo ends a snapshot that is held; rs.mu is held, too.
func (rs *readings) letGo(sn *Snapshot) {
	rs.held.Remove(sn.place)
	sn.place = nil
	sn.reading.leave()
}
