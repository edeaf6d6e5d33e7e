package peer

import (
	"sync"

	"github.com/godwit-sync/godwit/crdt"
)

// viewTable knows whose views of one collection are being written, so that nobody
// else writes them meanwhile.
type viewTable struct {
	mu sync.Mutex
	// of has, for each of them, what is closed when it is done; nil until somebody
	// waits for that.
	of map[crdt.DocumentID]chan struct{}
}

// lock waits for a record's view. Whoever holds another one while waiting must be
// about to append.
func (t *viewTable) lock(id crdt.DocumentID) {
	for {
		done := t.tryLock(id)
		if done == nil {
			return
		}
		<-done
	}
}

// tryLock locks a record's view, or returns what is closed when it is free again.
func (t *viewTable) tryLock(id crdt.DocumentID) (busy <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	done, held := t.of[id]
	if !held {
		t.of[id] = nil
		return nil
	}
	if done == nil {
		done = make(chan struct{})
		t.of[id] = done
	}
	return done
}

func (t *viewTable) unlock(id crdt.DocumentID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if done := t.of[id]; done != nil {
		close(done)
	}
	delete(t.of, id)
}
