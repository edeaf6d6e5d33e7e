package query

import (
	"math"
	"slices"
)

// Costs are guesses: nothing is known of a collection but its indexes. One is
// what it takes to read an entry.
const (
	guessedRecords = 10_000
	costRead       = 4   // of a record that an entry leads to
	costScan       = 2   // of a record, when all are read
	costSource     = 5   // of finding where a range begins
	costSort       = 0.5 // of one record among others
	muchCheaper    = 2   // how many times cheaper another index must be to be spoken of
)

// share guesses how many of all records fulfil a condition.
func (c condition) share() float64 {
	switch c.op {
	case opIs, opIn, opMissing:
		return min(1, 0.01*float64(len(c.points)))
	case opContains:
		return 0.02
	case opPrefix:
		return 0.05
	case opBetween:
		return 0.1
	case opIsNot, opExists:
		return 0.9
	}
	return 0.3
}

// price guesses what a way costs, up to the last match that is wanted.
func (p *Plan) price(w way) float64 {
	entries, matches := float64(guessedRecords), float64(guessedRecords)
	for i, c := range p.query.conditions {
		matches *= c.share()
		if w.used[i] {
			entries *= c.share()
		}
	}
	if limit := float64(p.query.limit); limit > 0 && !w.sorts() {
		entries = min(entries, math.Ceil(limit*entries/matches))
	}
	cost := costSource*float64(len(w.sources)) + entries
	switch {
	case w.index == nil:
		cost += entries * (costScan - 1)
	case !p.counting || !w.exact():
		cost += entries * costRead
	}
	if w.sorts() && !p.counting {
		cost += matches * costSort
		if p.query.limit == 0 { // without a limit they are read again
			cost += matches * costRead
		}
	}
	return cost
}

// cheapest returns the way that costs the least; of equals the first.
func (p *Plan) cheapest(indexes []Index) way {
	best := p.scan()
	if p.isEmpty() {
		best.sources = nil
		return best
	}
	best.cost = p.price(best)
	for _, x := range indexes {
		w := p.along(x)
		if w.cost = p.price(w); w.cost < best.cost {
			best = w
		}
	}
	return best
}

// wanted returns the index that would serve the query best: the fields of which
// one value is wanted, then those that it is sorted by or, without, one of which
// a range is.
func (p *Plan) wanted() (Index, bool) {
	var x Index
	add := func(name string) {
		if !slices.Contains(x.Fields, name) && len(x.Fields) < MaxIndexFields {
			x.Fields = append(x.Fields, name)
		}
	}
	for _, c := range p.query.conditions {
		if c.hasPoints() || c.op == opContains {
			add(c.name)
		}
	}
	for _, s := range p.order.fields {
		add(s.name)
	}
	for _, c := range p.query.conditions {
		if len(p.order.fields) == 0 && c.hasSpan() {
			add(c.name)
			break
		}
	}
	return x, len(x.Fields) > 0
}
