package query

import (
	"fmt"
	"slices"
	"strings"
)

// Explain says in a few lines how the query is run, and what index would make
// it much cheaper.
//
// The choice is a guess, since nothing is known of the records: of 10,000, one
// in a hundred holds a certain value, two have a certain element, five begin
// with a certain prefix, ten are between two bounds, and thirty are above or
// below one. Reading a record through an index costs five times as much as an
// entry, when all are read twice as much; what is sorted without a limit is read
// again. An index that has the order makes it possible to stop at the limit. Of all ways the cheapest is taken, of equals
// the first: the records themselves, then the indexes as they were given.
func (p *Plan) Explain() string {
	lines := []string{p.query.String()}
	if len(p.way.sources) == 0 {
		return lines[0] + "\n1. nothing: no value fulfils all conditions"
	}
	for i, step := range p.steps() {
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, step))
	}
	if p.better != nil {
		lines = append(lines, fmt.Sprintf("An index on (%s) would help.", strings.Join(p.better.Fields, ", ")))
	}
	return strings.Join(lines, "\n")
}

func (p *Plan) steps() []string {
	steps := []string{p.finding()}
	w := p.way
	left := p.conditions(false)
	switch {
	case w.index != nil && left != "":
		steps = append(steps, "read each record, and keep it if "+left)
	case w.index != nil:
		steps = append(steps, "read each record")
	case left != "":
		steps = append(steps, "keep those where "+left)
	}
	if w.sorts() {
		steps = append(steps, "sort "+w.order.String())
	}
	if p.query.limit > 0 {
		steps = append(steps, fmt.Sprintf("stop after %d", p.query.limit))
	}
	return steps
}

// finding says where the records come from.
func (p *Plan) finding() string {
	w := p.way
	if w.index == nil {
		return "all records by id: " + p.noIndex()
	}
	what := w.index.String()
	if used := p.conditions(true); used != "" {
		what += ": " + used
	}
	if n := len(w.sources); n > 1 {
		what += fmt.Sprintf(", in %d ranges", n)
	}
	if !w.sorts() {
		what += ", " + w.order.String()
	}
	return what
}

// noIndex says why none is used.
func (p *Plan) noIndex() string {
	switch {
	case len(p.query.conditions)+len(p.order.fields) == 0:
		return "all are wanted"
	case len(p.indexes) == 0:
		return "there is no index"
	}
	if _, ok := p.order.backward(); !ok {
		return "no index has an order in which some fields ascend and others descend"
	}
	for _, x := range p.indexes {
		if w := p.along(x); slices.Contains(w.used, true) || p.stated && !w.sorts() {
			return x.String() + " would lead to too many of them"
		}
	}
	return "no index begins with a field that is compared or sorted by"
}

// conditions joins those that the way's sources answer, or those that they
// don't.
func (p *Plan) conditions(used bool) string {
	var all []string
	for i, c := range p.query.conditions {
		if p.way.used[i] == used {
			all = append(all, c.String())
		}
	}
	return strings.Join(all, " and ")
}

// String says how the order sorts.
func (o order) String() string {
	var all []string
	for _, s := range append(o.fields[:len(o.fields):len(o.fields)], sortField{field{name: "id"}, o.idDescending()}) {
		s.descending = s.descending != o.reverse
		all = append(all, s.String())
	}
	return "by " + strings.Join(all, ", ")
}
