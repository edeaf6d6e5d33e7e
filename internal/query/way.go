package query

import (
	"bytes"
	"slices"

	"github.com/godwit-sync/godwit/crdt/docid"
)

const (
	// maxSources is how many places of an index a query may look at one by one.
	// What would take more is not looked up.
	maxSources = 1024

	// maxMerged is how many are read at the same time, to be merged. With more,
	// they are read one after the other and sorted.
	maxMerged = 32
)

// way is one way to find what a query asks for.
type way struct {
	index   *Index // nil = the records themselves, by id
	order   order
	sources []source
	// chained: the ordered sources, one behind the other, are in order. If not,
	// they are merged.
	chained  bool
	backward bool   // the sources are read from their ends
	points   int    // how many of the index's fields have points
	used     []bool // which conditions the sources answer
	cost     float64
}

// source is a range of entries or, without an index, of records.
type source struct {
	span         // nil, nil = everything
	ordered bool // as the way is; otherwise it has to be sorted
	skip    int  // how many bytes of a key are before its rank, if ordered
	exact   bool // the entry alone tells that its record matches
}

// start is the beginning of some entries' keys: points for the index's first
// fields.
type start struct {
	key   []byte
	ends  []int // of the kind and of each point
	exact bool
}

// with returns a start that goes on with a point.
func (s start) with(point []byte, exact bool) start {
	if len(point) > MaxKey {
		point, exact = point[:MaxKey], false
	}
	key := slices.Concat(s.key, point)
	return start{key, append(slices.Clip(s.ends), len(key)), s.exact && exact}
}

// scan is the way over all records.
func (p *Plan) scan() way {
	w := way{order: p.order, used: make([]bool, len(p.query.conditions)), chained: true}
	w.backward, _ = w.order.backward()
	w.sources = []source{{ordered: len(p.order.fields) == 0, exact: len(p.query.conditions) == 0}}
	return w
}

// sorts reports whether the way finds its matches in another order.
func (w way) sorts() bool {
	return len(w.sources) > 0 && !slices.ContainsFunc(w.sources, func(s source) bool { return s.ordered })
}

// exact reports whether entries alone tell which records match. What lies aside
// hardly ever holds anything.
func (w way) exact() bool {
	return slices.ContainsFunc(w.sources, func(s source) bool { return s.exact })
}

// trail follows an index's fields as far as the conditions lead.
type trail struct {
	plan    *Plan
	fields  []field
	starts  []start
	element int // the field of which elements are searched, or -1
	aside   []source
	used    []bool
}

// along is the way through an index.
func (p *Plan) along(x Index) way {
	t := trail{
		plan: p, fields: x.parsed(), element: -1, used: make([]bool, len(p.query.conditions)),
		starts: []start{{key: []byte{base}, ends: []int{1}, exact: true}},
	}
	n := 0
	for n < len(t.fields) && (t.point(n) || t.elements(n)) {
		n++
	}
	w := way{index: &x, points: n, used: t.used, order: p.order}
	skip, ok := t.fit(&w)
	w.sources = t.sources(skip, ok)
	if !ok && !p.stated {
		w.order = order{reverse: p.order.reverse}
	}
	return w
}

// point goes on with all values that a field may have.
func (t *trail) point(n int) bool {
	i := t.plan.pointsOn(t.fields[n].name)
	if i < 0 {
		return false
	}
	points := t.plan.query.conditions[i].points
	if len(points)*len(t.starts) > maxSources {
		return false
	}
	var starts []start
	for _, s := range t.starts {
		for _, point := range points {
			next := s.with(point, true)
			if last := len(starts) - 1; last >= 0 && bytes.Equal(starts[last].key, next.key) {
				starts[last].exact = false // they agree in all that an entry holds
				continue
			}
			starts = append(starts, next)
		}
	}
	t.starts, t.used[i] = starts, true
	return true
}

// elements goes on with an element of a list. Long lists have one entry for all
// elements; and if a string is searched, strings that it is part of lie aside.
func (t *trail) elements(n int) bool {
	i := t.plan.elementOn(t.fields[n].name)
	if i < 0 || t.element >= 0 || 2*len(t.starts) > maxSources {
		return false
	}
	point := t.plan.query.conditions[i].points[0]
	var starts []start
	for _, s := range t.starts {
		if point[0] == tagString {
			t.aside = append(t.aside, source{span: span{
				slices.Concat(s.key, []byte{tagString}), slices.Concat(s.key, []byte{tagString + 1}),
			}})
		}
		s.key = slices.Clone(s.key)
		s.key[0] = base + 1 + byte(n)
		starts = append(starts, s.with(point, true), s.with([]byte{tagMany}, false))
	}
	t.starts, t.used[i], t.element = starts, true, n
	return true
}

// fit finds from which field on the index has the way's order, and returns that
// field. If nobody has stated an order, it chooses one.
func (t *trail) fit(w *way) (from int, ok bool) {
	if !t.plan.stated {
		if from = w.points; len(t.starts) > maxMerged {
			from = t.element + 1
		}
		w.order.fields = nil
		for _, f := range t.fields[from:] {
			w.order.fields = append(w.order.fields, sortField{f, false})
		}
	} else {
		from = len(t.fields) - len(w.order.fields)
		if from <= t.element || from > w.points || !hasFields(t.fields[from:], w.order.fields) {
			return 0, false
		}
	}
	first := t.starts[0]
	w.chained = !slices.ContainsFunc(t.starts, func(s start) bool {
		return !bytes.Equal(s.key[:s.ends[from]], first.key[:first.ends[from]])
	})
	w.backward, ok = w.order.backward()
	return from, ok && (w.chained || len(t.starts) <= maxMerged)
}

func hasFields(fields []field, sorted []sortField) bool {
	return slices.EqualFunc(fields, sorted, func(f field, s sortField) bool { return f.name == s.name })
}

// sources returns the ranges that begin with the starts, within the span of the
// field behind them.
func (t *trail) sources(from int, ordered bool) []source {
	within, exact := t.span()
	exact = exact && !slices.Contains(t.used, false)
	var all []source
	for _, s := range t.starts {
		r := span{s.key, next(s.key)}
		if within.to != nil {
			r = span{slices.Concat(s.key, within.from), slices.Concat(s.key, within.to)}
		}
		all = append(all, source{span: r, ordered: ordered, skip: s.ends[from], exact: exact && s.exact})
	}
	return append(all, t.aside...)
}

// span returns where the field behind the points is, in keys that are cut, and
// whether all that is in there fulfils the conditions on it.
func (t *trail) span() (within span, exact bool) {
	n := len(t.starts[0].ends) - 1
	if n == len(t.fields) {
		return span{}, true
	}
	within, which := t.plan.spanOn(t.fields[n].name)
	for _, i := range which {
		t.used[i] = true
	}
	exact = true
	if len(within.from) > MaxKey {
		within.from, exact = within.from[:MaxKey], false
	}
	if len(within.to) > MaxKey {
		within.to, exact = next(within.to[:MaxKey]), false
	}
	return within, exact
}

// behind returns what of an ordered source is behind a rank.
func (w way) behind(s source, rank []byte) source {
	key := slices.Concat(s.from[:s.skip], rank)
	if !w.backward {
		s.from = highest(s.from, append(key, 0))
		return s
	}
	complement(key[s.skip:])
	if s.to == nil || bytes.Compare(key, s.to) < 0 {
		s.to = key
	}
	return s
}

// rank appends the rank of an ordered source's key.
func (w way) rank(dst []byte, s source, key []byte) []byte {
	start := len(dst)
	dst = append(dst, key[s.skip:]...)
	if w.backward {
		complement(dst[start:])
	}
	return dst
}

// idOf returns whose entry it is.
func idOf(key []byte) docid.ID { return docid.ID(key[len(key)-docid.Size:]) }
