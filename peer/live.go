package peer

import (
	"context"
	"hash/maphash"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/internal/query"
)

// LiveKind is what has happened to a live result.
type LiveKind = query.EventKind

// What can happen to a live result. A list to which this is done, event after
// event, stays equal to it.
const (
	Entered = query.Entered // inserted at To
	Changed = query.Changed // replaced at To, where it was; it may be its State alone that is another
	Moved   = query.Moved   // taken from From, then inserted at To, perhaps changed
	Left    = query.Left    // taken from From
)

// LiveEvent is one thing that has happened to a live result.
type LiveEvent[T any] struct {
	Kind     LiveKind
	From, To int
	Record   Record[T] // of one that left only the ID
}

// LiveUpdate is a result, or what has become of it.
type LiveUpdate[T any] struct {
	// Reset says that Result is the whole result: it is the first, or was found anew
	// since the indexes were.
	Reset  bool
	Result []Record[T]
	// Events are to be done to the result one after the other.
	Events []LiveEvent[T]
	// Err is why there is no more; it is the last that is told.
	Err error
}

// Live runs a query, and goes on to tell what becomes of its result: which
// records enter it, change, move and leave, and how far they come on their way to the
// relay. The first update is the result
// itself, as it was at one moment; see [Records.Find]. What happens after that
// moment is told, and no state of a record twice. Whoever reads slowly gets what has
// happened in fewer, later updates. What a transaction writes may come in several:
// in between, the result has some of it and lacks the rest.
//
// The channel is closed when ctx ends, or the peer is closed. It holds the places and
// checksums of all records in the result, not the records, and nothing of the store.
func (r *Records[T]) Live(ctx context.Context, q Query) <-chan LiveUpdate[T] {
	out := make(chan LiveUpdate[T])
	p := r.c.peer
	if p.enter() != nil {
		close(out)
		return out
	}
	go func() {
		defer p.running.Done()
		defer close(out)
		tell := func(u LiveUpdate[T]) bool {
			select {
			case out <- u:
				return true
			case <-ctx.Done():
			case <-p.closing:
			}
			return false
		}
		if err := r.live(ctx, r.asked(q), tell); err != nil {
			tell(LiveUpdate[T]{Err: during(err, "live query of %q", r.c.name)})
		}
	}()
	return out
}

// live tells a result and what becomes of it until tell returns false.
func (r *Records[T]) live(ctx context.Context, q Query, tell func(LiveUpdate[T]) bool) error {
	f := newFollower()
	defer r.c.followers.add(everything, f)()
	for {
		again, err := r.liveWhile(ctx, q, f, tell)
		if err != nil || !again {
			return err
		}
	}
}

// liveWhile is live until indexes are built anew: then the result has to be found
// again.
func (r *Records[T]) liveWhile(ctx context.Context, q Query, f *follower, tell func(LiveUpdate[T]) bool) (again bool, err error) {
	if err := r.c.owe(ctx); err != nil {
		return false, err
	}
	s, err := r.c.search(ctx, nil, q)
	if err != nil {
		return false, r.c.failed(err)
	}
	live, matches, err := s.plan.Live(ctx, s.rows)
	s.rows.close()
	if err != nil {
		return false, r.c.failed(err)
	}
	told := newTold()
	u := LiveUpdate[T]{Reset: true}
	f.hideAll()
	for _, m := range matches {
		record := r.shown(f, m)
		told.isNews(m, record.State)
		u.Result = append(u.Result, record)
	}
	for {
		if (u.Reset || len(u.Events) > 0) && !tell(u) {
			return false, nil
		}
		ids, err := r.c.moved(ctx, f)
		if err != nil {
			return false, err
		}
		events, err := s.update(ctx, live, ids)
		if err != nil || s.isPast() {
			return err == nil, r.c.failed(err)
		}
		u = LiveUpdate[T]{}
		for _, e := range events {
			if news, is := r.liveEvent(f, e, told); is {
				u.Events = append(u.Events, news)
			}
		}
	}
}

// update takes into a live result what has become of some records by now. If the
// search is past then, that is of no use.
func (s *search) update(ctx context.Context, live *query.Live, ids []crdt.DocumentID) (all []query.Event, err error) {
	if s.rows, err = s.c.rows(nil, s.indexes); err != nil {
		return nil, err
	}
	defer s.rows.close()
	if s.isPast() {
		return nil, nil
	}
	for _, id := range ids {
		fields, err := s.rows.Record(ctx, id)
		if err != nil {
			return nil, err
		}
		events, err := live.Update(ctx, s.rows, query.Record{ID: id, Fields: fields})
		if err != nil {
			return nil, err
		}
		all = append(all, events...)
	}
	return all, nil
}

// liveRecords is how many records one update is about, at most.
const liveRecords = 256

// moved waits for records that have changed, or are shown and have come further, and
// returns them.
func (c *collection) moved(ctx context.Context, f *follower) (ids []crdt.DocumentID, err error) {
	for {
		for len(ids) < liveRecords {
			id, changed, ok := f.take()
			if !ok {
				break
			}
			if !changed {
				if changed, err = c.hasMoved(ctx, f, id); err != nil {
					return nil, err
				}
			}
			if changed {
				ids = append(ids, id)
			}
		}
		if len(ids) > 0 {
			return ids, nil
		}
		select {
		case <-f.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.peer.closing:
			return nil, ErrClosed
		}
	}
}

// hasMoved reports whether a record is shown that is further, or less far, than was
// said.
func (c *collection) hasMoved(ctx context.Context, f *follower, id crdt.DocumentID) (bool, error) {
	said, is := f.shows(id)
	if !is {
		return false, nil
	}
	err := c.owe(ctx)
	return said != c.stateOf(id, c.peer.known(id)), err
}

// shown returns a record that is about to be shown.
func (r *Records[T]) shown(f *follower, m query.Match) Record[T] {
	f.show(m.ID, NotHere)
	found := r.record(m)
	f.show(m.ID, found.State)
	return found
}

// liveEvent returns an event as it is told, and whether it is news.
func (r *Records[T]) liveEvent(f *follower, e query.Event, told *told) (LiveEvent[T], bool) {
	to := LiveEvent[T]{Kind: e.Kind, From: e.From, To: e.To, Record: Record[T]{ID: e.Match.ID}}
	if e.Kind == query.Left {
		f.hide(e.Match.ID)
		delete(told.sums, e.Match.ID)
		return to, true
	}
	to.Record = r.shown(f, e.Match)
	return to, told.isNews(e.Match, to.Record.State) || e.Kind != query.Changed
}

// told knows what was last told of each record in a live result: a record may be
// newer than the news of it, which then comes once more.
type told struct {
	seed maphash.Seed
	sums map[crdt.DocumentID]uint64
}

func newTold() *told { return &told{maphash.MakeSeed(), map[crdt.DocumentID]uint64{}} }

// isNews notes what is told of a record, and reports whether it is something else
// than before.
func (t *told) isNews(m query.Match, state State) bool {
	sum := maphash.Bytes(t.seed, m.Fields.(crdt.Snapshot)) + uint64(state)
	before, known := t.sums[m.ID]
	t.sums[m.ID] = sum
	return !known || before != sum
}
