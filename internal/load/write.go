package load

import (
	"fmt"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
)

// write makes a change on top of what a replica has: its author sets its own
// key in the root map to the change's number, replacing the one before.
func (r *replica) write(author int, made time.Duration) error {
	a := r.history.authors[author]
	seq := uint64(r.clock[author]) + 1
	op := change.Op{Key: change.MapKey(a.key), Action: change.ActionSet, Value: change.Uint(seq)}
	if before := a.entry(seq - 1); before != nil {
		op.Pred = []change.OpID{{Counter: before.lastOp, Actor: a.actor}}
	}
	return r.commit(author, made, op)
}

// commit makes a change of operations.
func (r *replica) commit(author int, made time.Duration, ops ...change.Op) error {
	draft := change.Draft{
		Actor:   r.history.authors[author].actor,
		Seq:     uint64(r.clock[author]) + 1,
		StartOp: r.lastOp + 1,
		Deps:    r.hashes(),
		Ops:     ops,
	}
	c, err := draft.Encode()
	if err != nil {
		return fmt.Errorf("make change %d of %s: %w", draft.Seq, r.history.id, err)
	}
	e := entry{hash: c.Hash, chunk: c.Bytes(), lastOp: c.MaxOp(), made: made, deps: make([]ref, len(r.heads))}
	for i, h := range r.heads {
		e.deps[i] = h.ref
	}
	r.take(r.history.add(author, e), &e)
	return nil
}

// written returns a document that one author wrote alone, in so many changes.
func written(changes int) (*history, error) {
	h := newHistory(1)
	author := newReplica(h)
	for range changes {
		if err := author.write(0, now()); err != nil {
			return nil, err
		}
	}
	return h, nil
}
