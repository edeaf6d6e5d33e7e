package query

import (
	"bytes"
	"context"
	"math"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// EventKind is what has happened to a record in a live result.
type EventKind uint8

// What can happen. A list to which this is done, event after event, stays equal
// to the result.
const (
	Entered EventKind = iota + 1 // inserted at To
	Changed                      // replaced at To, where it was
	Moved                        // taken from From, then inserted at To, perhaps changed
	Left                         // deleted at From
)

var eventNames = [...]string{Entered: "entered", Changed: "changed", Moved: "moved", Left: "left"}

// String returns the kind's name in lower case.
func (k EventKind) String() string { return eventNames[k] }

// Event is one thing that has happened to a live result.
type Event struct {
	Kind     EventKind
	From, To int
	Match    Match // of a record that left, the id only
}

// How many matches behind the limit are searched at once: as many as the limit
// is, within these bounds.
const (
	minSlack = 4
	maxSlack = 256
)

// Live is the result of a query, kept up to date as its records change. It holds
// the places of all matches; with a limit, of those within and of some behind,
// so that not every record that leaves makes it necessary to search the next.
type Live struct {
	plan  *Plan
	limit int
	slack int
	held  ranks
	byID  map[docid.ID]string
	// bound is up to where all matches are held; "" = all are.
	bound   string
	scratch []byte
}

// Live runs the query, and returns what keeps its result up to date, and the
// result.
func (p *Plan) Live(ctx context.Context, rows Rows) (*Live, []Match, error) {
	l := &Live{plan: p, limit: p.query.limit, byID: make(map[docid.ID]string)}
	wanted := 0
	if l.slack = max(minSlack, min(l.limit, maxSlack)); l.limit > 0 {
		wanted = l.limit + l.slack
	} else {
		l.limit = math.MaxInt
	}
	matches, err := l.search(ctx, rows, p.after, wanted)
	if err != nil {
		return nil, nil, err
	}
	return l, matches[:min(len(matches), l.limit)], nil
}

// search holds the next matches behind a rank.
func (l *Live) search(ctx context.Context, rows Rows, after []byte, limit int) ([]Match, error) {
	var found []Match
	for m, err := range l.plan.page(ctx, rows, after, limit) {
		if err != nil {
			return nil, err
		}
		found = append(found, m)
	}
	l.bound = ""
	for i, m := range found {
		rank := string(l.plan.way.order.rank(nil, m.Fields, m.ID))
		// What is held already has moved, and that is still to be told.
		if _, ok := l.byID[m.ID]; !ok {
			l.hold(m.ID, rank)
		}
		if i+1 == limit {
			l.bound = rank
		}
	}
	return found, nil
}

// Update says what it means for the result that a record has changed to this,
// or is gone (no Fields). Of each record, all changes after [Plan.Live] have to
// be told in order; one that rows had already does no harm. Rows may be newer
// than what was told, but not older. After an error, begin with [Plan.Live]
// anew.
func (l *Live) Update(ctx context.Context, rows Rows, changed Record) ([]Event, error) {
	if err := l.stock(ctx, rows, l.limit); err != nil {
		return nil, err
	}
	from, to := l.place(changed)
	wasIn, isIn := from >= 0 && from < l.limit, to >= 0 && to < l.limit
	m := Match{changed, &l.plan.way.order}
	switch {
	case wasIn && isIn && from == to:
		return []Event{{Changed, from, to, m}}, nil
	case wasIn && isIn:
		return []Event{{Moved, from, to, m}}, nil
	case wasIn:
		return l.left(ctx, rows, from, changed.ID)
	case isIn:
		return l.entered(to, m), nil
	}
	l.trim()
	return nil, nil
}

// place moves a record to where it belongs now. It returns its numbers before
// and after, -1 where it isn't held.
func (l *Live) place(r Record) (from, to int) {
	from, to = -1, -1
	if old, ok := l.byID[r.ID]; ok {
		delete(l.byID, r.ID)
		from = l.held.delete(old)
	}
	if r.Fields == nil {
		return from, to
	}
	var ok bool
	if ok, l.scratch = l.plan.query.holds(r.Fields, l.scratch); !ok {
		return from, to
	}
	l.scratch = l.plan.way.order.rank(l.scratch[:0], r.Fields, r.ID)
	if bytes.Compare(l.scratch, l.plan.after) > 0 && (l.bound == "" || string(l.scratch) <= l.bound) {
		to = l.hold(r.ID, string(l.scratch))
	}
	return from, to
}

func (l *Live) hold(id docid.ID, rank string) int {
	l.byID[id] = rank
	return l.held.insert(rank)
}

// stock searches until more than n matches are held, or all.
func (l *Live) stock(ctx context.Context, rows Rows, n int) error {
	for l.held.n <= n && l.bound != "" {
		if _, err := l.search(ctx, rows, []byte(l.bound), l.slack); err != nil {
			return err
		}
	}
	return nil
}

// entered says that a record has come into the result and, with a limit, that
// the last has left it.
func (l *Live) entered(to int, m Match) (events []Event) {
	if l.held.n > l.limit {
		last := l.plan.way.order.id(l.held.at(l.limit))
		events = append(events, Event{Kind: Left, From: l.limit - 1, Match: Match{Record: Record{ID: last}}})
	}
	l.trim()
	return append(events, Event{Kind: Entered, To: to, Match: m})
}

// left says that a record has left the result, and which one slides in.
func (l *Live) left(ctx context.Context, rows Rows, from int, id docid.ID) ([]Event, error) {
	events := []Event{{Kind: Left, From: from, Match: Match{Record: Record{ID: id}}}}
	for l.held.n >= l.limit {
		next := Record{ID: l.plan.way.order.id(l.held.at(l.limit - 1))}
		var err error
		if next.Fields, err = rows.Record(ctx, next.ID); err != nil {
			return nil, err
		}
		// It may be newer than what was told of it.
		if _, to := l.place(next); to >= 0 && to < l.limit {
			return append(events, Event{Kind: Entered, To: to, Match: Match{next, &l.plan.way.order}}), nil
		}
		if err := l.stock(ctx, rows, l.limit-1); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// trim forgets what is far behind the limit.
func (l *Live) trim() {
	if l.held.n <= l.limit || l.held.n-l.limit <= 2*l.slack {
		return
	}
	for l.held.n-l.limit > l.slack {
		last := l.held.last()
		l.held.delete(last)
		delete(l.byID, l.plan.way.order.id(last))
	}
	l.bound = l.held.last()
}
