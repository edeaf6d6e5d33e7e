package query

import (
	"bytes"
	"context"
	"iter"
	"slices"
)

// candidate is a record that may match.
type candidate struct {
	Record        // without fields if it has not been read
	rank   []byte // may change with the next
	sure   bool   // it is known to match
}

type candidates = iter.Seq2[candidate, error]

// run is one run of a plan.
type run struct {
	plan    *Plan
	rows    Rows
	after   []byte
	limit   int
	scratch []byte
}

func (p *Plan) start(rows Rows, after []byte, limit int) *run {
	return &run{plan: p, rows: rows, after: after, limit: limit}
}

// Run yields what the query asks for, each record once, as it goes: what has to
// be sorted is read before the first; with a limit, no more than about twice as
// many records are held, otherwise their places.
func (p *Plan) Run(ctx context.Context, rows Rows) iter.Seq2[Match, error] {
	return p.page(ctx, rows, p.after, p.query.limit)
}

// page yields the first matches behind a rank, all with limit 0.
func (p *Plan) page(ctx context.Context, rows Rows, after []byte, limit int) iter.Seq2[Match, error] {
	return func(yield func(Match, error) bool) {
		n := 0
		for c, err := range p.start(rows, after, limit).matches(ctx) {
			if !yield(Match{c.Record, &p.way.order}, err) || err != nil {
				return
			}
			if n++; n == limit {
				return
			}
		}
	}
}

// Count returns how many records match the conditions, whatever limit and
// cursor there are. If an index answers all conditions, no record is read.
func (p *Plan) Count(ctx context.Context, rows Rows) (int, error) {
	counting := &Plan{query: Query{conditions: p.query.conditions}, counting: true}
	counting.way = counting.cheapest(p.indexes)
	r := counting.start(rows, nil, 0)
	n := 0
	for _, s := range counting.way.sources {
		for c, err := range r.read(ctx, s) {
			if err != nil {
				return 0, err
			}
			if c.sure = s.exact; !c.sure {
				if _, c.sure, err = r.matching(ctx, c); err != nil {
					return 0, err
				}
			}
			if c.sure {
				n++
			}
		}
	}
	return n, nil
}

// matches yields the records that match, in order.
func (r *run) matches(ctx context.Context) candidates {
	return func(yield func(candidate, error) bool) {
		for c, err := range merged(r.streams(ctx)) {
			ok := false
			if err == nil {
				c, ok, err = r.matching(ctx, c)
			}
			if err != nil {
				yield(candidate{}, err)
				return
			}
			if ok && !yield(c, nil) {
				return
			}
		}
	}
}

// matching reads a candidate, if it has not been, and reports whether it
// fulfils all conditions.
func (r *run) matching(ctx context.Context, c candidate) (candidate, bool, error) {
	if c.Fields == nil {
		var err error
		if c.Fields, err = r.rows.Record(ctx, c.ID); err != nil || c.Fields == nil {
			return c, false, err
		}
	}
	ok := c.sure
	if !ok {
		ok, r.scratch = r.plan.query.holds(c.Fields, r.scratch)
	}
	return c, ok, nil
}

// holds reports whether a record fulfils all conditions.
func (q Query) holds(fields Fields, scratch []byte) (bool, []byte) {
	for i := range q.conditions {
		var ok bool
		if ok, scratch = q.conditions[i].holds(fields, scratch); !ok {
			return false, scratch
		}
	}
	return true, scratch
}

// streams returns candidates in order, all sources together.
func (r *run) streams(ctx context.Context) []candidates {
	w := r.plan.way
	var streams []candidates
	var ordered, unordered []source
	for _, s := range w.sources {
		if !s.ordered {
			unordered = append(unordered, s)
			continue
		}
		if r.after != nil {
			s = w.behind(s, r.after)
		}
		ordered = append(ordered, s)
	}
	if w.chained && w.backward {
		slices.Reverse(ordered)
	}
	for len(ordered) > 0 {
		n := 1
		if w.chained {
			n = len(ordered)
		}
		streams = append(streams, r.chain(ctx, ordered[:n]))
		ordered = ordered[n:]
	}
	if len(unordered) > 0 {
		streams = append(streams, r.sorted(ctx, unordered))
	}
	return streams
}

// chain yields the candidates of some ordered sources, one behind the other.
func (r *run) chain(ctx context.Context, sources []source) candidates {
	return func(yield func(candidate, error) bool) {
		for _, s := range sources {
			for c, err := range r.read(ctx, s) {
				if !yield(c, err) || err != nil {
					return
				}
			}
		}
	}
}

// read yields the candidates of a source, with their ranks if it is ordered.
func (r *run) read(ctx context.Context, s source) candidates {
	w := r.plan.way
	return func(yield func(candidate, error) bool) {
		if s.to != nil && bytes.Compare(s.from, s.to) >= 0 {
			return
		}
		var rank []byte
		if w.index == nil {
			for record, err := range r.rows.Records(ctx, s.from, s.to, w.backward) {
				if rank = rank[:0]; s.ordered {
					rank = w.rank(rank, s, record.ID[:])
				}
				if !yield(candidate{Record: record, rank: rank}, err) || err != nil {
					return
				}
			}
			return
		}
		for key, err := range r.rows.Entries(ctx, w.index.Number, s.from, s.to, w.backward) {
			if err != nil {
				yield(candidate{}, err)
				return
			}
			if rank = rank[:0]; s.ordered {
				rank = w.rank(rank, s, key)
			}
			if !yield(candidate{Record: Record{ID: idOf(key)}, rank: rank}, nil) {
				return
			}
		}
	}
}
