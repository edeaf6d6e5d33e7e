package query

import (
	"bytes"
	"fmt"
	"slices"
)

// Plan is how a query is run. It keeps nothing of what it finds, so it may be
// run many times, as long as its index is kept up to date.
type Plan struct {
	query    Query
	indexes  []Index
	order    order  // as stated
	stated   bool   // the order is the query's, or its cursor's, not the way's
	after    []byte // a rank; nil = from the start
	way      way
	better   *Index // what would help
	counting bool
}

// NewPlan chooses the cheapest way to run a query: all records by id, or one of
// the indexes, which must be complete. See [Plan.Explain] for how it guesses.
func NewPlan(q Query, indexes []Index) (*Plan, error) {
	p := &Plan{query: q, indexes: indexes}
	if q.err != nil {
		return nil, q.err
	}
	for _, x := range indexes {
		if err := x.Err(); err != nil {
			return nil, err
		}
	}
	if err := p.setOrder(); err != nil {
		return nil, err
	}
	p.way = p.cheapest(indexes)
	if x, ok := p.wanted(); ok && len(p.way.sources) > 0 {
		if w := p.along(x); p.price(w)*muchCheaper < p.way.cost {
			p.better = &x
		}
	}
	return p, nil
}

// setOrder finds what the order comes down to, and where to begin. A field that
// is the same in all matches doesn't sort them.
func (p *Plan) setOrder() error {
	p.stated = len(p.query.order) > 0
	p.order = order{p.query.order, p.query.reverse}.without(p.isFixed)
	if p.query.after == "" {
		return nil
	}
	of, rank, err := parseCursor(p.query.after, p.query.reverse)
	if err != nil {
		return err
	}
	if p.stated && !p.order.same(of) {
		return fmt.Errorf("%w: it is of another order", ErrCursor)
	}
	p.stated, p.order, p.after = true, of, rank
	return nil
}

// isFixed reports whether all matches have one value in a field.
func (p *Plan) isFixed(name string) bool {
	return slices.ContainsFunc(p.query.conditions, func(c condition) bool {
		return c.name == name && c.hasPoints() && len(c.points) == 1
	})
}

// isEmpty reports whether nothing can match.
func (p *Plan) isEmpty() bool {
	return slices.ContainsFunc(p.query.conditions, func(c condition) bool {
		if c.hasPoints() {
			return len(c.points) == 0
		}
		s, _ := p.spanOn(c.name)
		return s.to != nil && bytes.Compare(s.from, s.to) >= 0
	})
}

// hasPoints reports whether the field must be one of the condition's points.
func (c condition) hasPoints() bool {
	return c.op == opIs || c.op == opIn || c.op == opMissing
}

func (c condition) hasSpan() bool { return c.span.to != nil }

// pointsOn returns the number of the condition that leaves a field the fewest
// values, and -1 if there is none.
func (p *Plan) pointsOn(name string) int {
	best := -1
	for i, c := range p.query.conditions {
		if c.name == name && c.hasPoints() && (best < 0 || len(c.points) < len(p.query.conditions[best].points)) {
			best = i
		}
	}
	return best
}

// elementOn returns the number of the first condition on a field's elements.
func (p *Plan) elementOn(name string) int {
	return slices.IndexFunc(p.query.conditions, func(c condition) bool {
		return c.name == name && c.op == opContains
	})
}

// spanOn returns where all conditions with a span put a field, and which
// conditions those are.
func (p *Plan) spanOn(name string) (span, []int) {
	var all span
	var which []int
	for i, c := range p.query.conditions {
		if c.name != name || !c.hasSpan() {
			continue
		}
		if len(which) == 0 {
			all = c.span
		}
		all.from = highest(all.from, c.span.from)
		all.to = lowest(all.to, c.span.to)
		which = append(which, i)
	}
	return all, which
}

func highest(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return b
	}
	return a
}

func lowest(a, b []byte) []byte {
	if bytes.Compare(a, b) > 0 {
		return b
	}
	return a
}
