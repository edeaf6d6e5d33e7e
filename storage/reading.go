package storage

import (
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
)

// reading is a snapshot that readers share until the next write. To begin and end
// one costs Badger more than most of what is read in it.
type reading struct {
	txn   *badger.Txn
	users atomic.Int64 // and one for being the latest; the last ends it
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

	mu     sync.Mutex // guards the setting of latest
	writes uint64     // how often it was outdated
}

// begin returns a reading of all that was written before; leave is due.
func (rs *readings) begin(db *badger.DB) *reading {
	if r := rs.latest.Load(); r != nil && r.join() {
		return r
	}
	rs.mu.Lock()
	seen := rs.writes
	rs.mu.Unlock()
	r := &reading{txn: db.NewTransaction(false)}
	r.users.Store(1)
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if seen == rs.writes && rs.latest.Load() == nil { // or it may lack what others have written since
		r.users.Store(2)
		rs.latest.Store(r)
	}
	return r
}

// outdate makes sure that what has been written is seen from now on. It lets the
// latest reading go, so that an idle store holds back no compaction either.
func (rs *readings) outdate() {
	rs.mu.Lock()
	rs.writes++
	r := rs.latest.Swap(nil)
	rs.mu.Unlock()
	if r != nil {
		r.leave()
	}
}
