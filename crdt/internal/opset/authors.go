package opset

import (
	"slices"

	"github.com/godwit-sync/godwit/crdt/change"
)

// Authors returns the actors who have made changes.
func (s *Set) Authors() []change.ActorID {
	var ids []change.ActorID
	for number, a := range s.history.actors {
		if a.seq > 0 {
			ids = append(ids, s.actors.ids[number])
		}
	}
	return ids
}

// ChangesOf returns, for each operation, the change that it is part of, or nil if
// it is in none. A loaded document's changes are rebuilt if what came later
// doesn't hold all of them; for a closed chunk that fails with [ErrClosed].
func (s *Set) ChangesOf(ops []change.OpID) ([]*change.Change, error) {
	found, err := s.changesOf(ops)
	switch {
	case err != nil || s.history.saved == nil || !slices.Contains(found, nil):
		return found, err
	case s.history.closed():
		return nil, ErrClosed
	}
	if err := s.rebuild(); err != nil {
		return nil, err
	}
	return s.changesOf(ops)
}

// changesOf is [Set.ChangesOf] among the changes that have a record. An actor's
// operations go up from change to change: each belongs to the first that ends at
// it or behind it, unless that one begins behind it, too.
func (s *Set) changesOf(ops []change.OpID) ([]*change.Change, error) {
	found, wanted := make([]*change.Change, len(ops)), s.byActor(ops)
	first := s.history.first()
	for i := range s.history.records.n {
		r := s.history.records.at(i)
		some := wanted[r.actor]
		n := 0
		for n < len(some) && ops[some[n]].Counter <= uint64(r.maxOp) {
			n++
		}
		if n == 0 {
			continue
		}
		c, err := change.ReadHeader(s.history.chunk(&s.actors, first+i))
		if err != nil {
			return nil, err
		}
		for _, k := range some[:n] {
			if ops[k].Counter >= c.StartOp {
				found[k] = c
			}
		}
		wanted[r.actor] = some[n:]
	}
	return found, nil
}

// byActor returns the indices of some operations by the numbers of their actors,
// ascending by counter.
func (s *Set) byActor(ops []change.OpID) map[uint32][]int {
	by := make(map[uint32][]int)
	for k, op := range ops {
		if actor, known := s.actors.find(op.Actor); known {
			by[actor] = append(by[actor], k)
		}
	}
	for _, some := range by {
		slices.SortFunc(some, func(a, b int) int { return ops[a].Compare(ops[b]) })
	}
	return by
}
