package query_test

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/btree"
	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/query"
)

// record is what a record holds.
type record map[string]any

func (r record) Lookup(path ...string) (any, bool) {
	var at any = map[string]any(r)
	for _, key := range path {
		m, _ := at.(map[string]any)
		v, ok := m[key]
		if !ok {
			return nil, false
		}
		at = v
	}
	return at, true
}

// world is a collection in memory. It counts what is read.
type world struct {
	indexes []query.Index
	records *btree.Map[string, record]
	entries map[uint16]*btree.Map[string, struct{}]
	reads   int // of single records
	scanned int // records and entries
}

func newWorld(indexes ...query.Index) *world {
	w := &world{indexes: indexes, records: new(btree.Map[string, record]), entries: make(map[uint16]*btree.Map[string, struct{}])}
	for _, x := range indexes {
		w.entries[x.Number] = new(btree.Map[string, struct{}])
	}
	return w
}

// put makes a record be so, or be gone (nil).
func (w *world) put(id docid.ID, r record) {
	old, _ := w.records.Get(string(id[:]))
	for _, x := range w.indexes {
		gone, come := query.Diff(keys(x, id, old), keys(x, id, r))
		for _, key := range gone {
			if _, was := w.entries[x.Number].Delete(string(key)); !was {
				panic("an entry that wasn't there is gone")
			}
		}
		for _, key := range come {
			w.entries[x.Number].Set(string(key), struct{}{})
		}
	}
	if r == nil {
		w.records.Delete(string(id[:]))
	} else {
		w.records.Set(string(id[:]), r)
	}
}

func keys(x query.Index, id docid.ID, r record) [][]byte {
	if r == nil {
		return x.Writer().Keys(id, nil)
	}
	return x.Writer().Keys(id, r)
}

func (w *world) Entries(_ context.Context, index uint16, from, to []byte, reverse bool) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var buffer []byte
		for key := range ranged(w.entries[index], from, to, reverse) {
			w.scanned++
			buffer = append(buffer[:0], key...)
			if !yield(buffer, nil) {
				return
			}
		}
	}
}

func (w *world) Records(_ context.Context, from, to []byte, reverse bool) iter.Seq2[query.Record, error] {
	return func(yield func(query.Record, error) bool) {
		for id, r := range ranged(w.records, from, to, reverse) {
			w.scanned++
			if !yield(query.Record{ID: docid.ID([]byte(id)), Fields: r}, nil) {
				return
			}
		}
	}
}

func (w *world) Record(_ context.Context, id docid.ID) (query.Fields, error) {
	w.reads++
	if r, ok := w.records.Get(string(id[:])); ok {
		return r, nil
	}
	return nil, nil
}

// ranged yields a part of a map as it is now.
func ranged[V any](m *btree.Map[string, V], from, to []byte, reverse bool) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		it := m.Copy().Iter()
		ok, step := it.Seek(string(from)), it.Next
		if reverse {
			if step = it.Prev; to == nil {
				ok = it.Last()
			} else if it.Seek(string(to)) {
				ok = it.Prev()
			} else {
				ok = it.Last()
			}
		}
		for ; ok; ok = step() {
			key := it.Key()
			if !reverse && to != nil && key >= string(to) || reverse && key < string(from) || !yield(key, it.Value()) {
				return
			}
		}
	}
}

// ids are those of a few records.
func ids(n int) []docid.ID {
	all := make([]docid.ID, n)
	for i := range all {
		all[i][0], all[i][15] = byte(i*37), byte(i)
	}
	return all
}

var long = strings.Repeat("long ", 50)

// scalars are values of all kinds that fields hold and conditions ask for.
var scalars = []any{
	nil, false, true, math.NaN(), math.Inf(-1), math.Inf(1), math.Copysign(0, -1), math.SmallestNonzeroFloat64,
	int64(-3), int64(0), int64(1), 1.0, 1.5, uint64(2), crdt.Counter(2), int64(30), int64(math.MinInt64), int64(math.MaxInt64),
	int64(1 << 53), int64(1<<53 + 1), float64(1 << 53), uint64(math.MaxUint64), float64(1 << 63), -float64(1 << 63), -0.5, 1e300,
	time.UnixMilli(0).UTC(), time.UnixMilli(-1).UTC(), time.UnixMilli(1 << 40).UTC(),
	[]byte{},
	[]byte{0},
	[]byte{0, 0},
	[]byte("a"),
	[]byte{255},
	"", "a", "ab", "abc", "b", "a\x00", "a\x00b", "a\x01", "\x00", "é", "日本", "日", "🦊", long, long + "a", long + "b", long[:222], long[:223], long[:224],
}

func value(t *rapid.T) any {
	switch rapid.IntRange(0, 12).Draw(t, "kind") {
	case 0, 1:
		return rapid.SliceOfN(rapid.SampledFrom(append([]any{[]any{"a"}}, scalars...)), 0, 4).Draw(t, "list")
	case 2:
		return map[string]any{"x": rapid.SampledFrom(scalars).Draw(t, "x")}
	case 3:
		return rapid.String().Draw(t, "string")
	case 4:
		return rapid.Float64().Draw(t, "float")
	case 5:
		return manyElements
	case 6, 7, 8:
		return rapid.SampledFrom([]any{int64(1), int64(2), "a", "b"}).Draw(t, "common")
	}
	return rapid.SampledFrom(scalars).Draw(t, "scalar")
}

var manyElements = func() (list []any) {
	for i := range query.MaxElements + 1 {
		list = append(list, i)
	}
	return append(list, "a", nil)
}()

var fieldNames = []string{"a", "b", "c", "a.x", "b.x"}

func aRecord(t *rapid.T) record {
	r := record{}
	for _, name := range []string{"a", "b", "c"} {
		if rapid.IntRange(0, 5).Draw(t, "has") > 0 {
			r[name] = value(t)
		}
	}
	return r
}

func someIndexes(t *rapid.T) (indexes []query.Index) {
	for i := range rapid.IntRange(0, 4).Draw(t, "indexes") {
		fields := rapid.SliceOfNDistinct(rapid.SampledFrom(fieldNames), 1, 3, rapid.ID[string]).Draw(t, "index")
		indexes = append(indexes, query.Index{Number: uint16(i), Fields: fields})
	}
	return indexes
}

// model is a query as the naive way knows it.
type model struct {
	query      query.Query
	conditions []func(record) bool
	fixed      []string
	order      []string
	reverse    bool
	limit      int
}

func scalar(t *rapid.T) any { return rapid.SampledFrom(scalars).Draw(t, "value") }

// comparand is a value that others can be above or below.
func comparand(t *rapid.T) any {
	return rapid.SampledFrom(scalars).Filter(func(v any) bool { return v != nil && !isNaN(v) }).Draw(t, "value")
}

func isNaN(v any) bool { f, ok := v.(float64); return ok && math.IsNaN(f) }

// condition adds a random condition.
func (m *model) condition(t *rapid.T) {
	name := rapid.SampledFrom(fieldNames).Draw(t, "field")
	on := m.query.And(name)
	var holds func(v any) bool
	switch op := rapid.IntRange(0, 12).Draw(t, "op"); op {
	case 0, 1:
		v := scalar(t)
		m.query, holds, m.fixed = on.Is(v), func(w any) bool { return compare(v, w) == 0 }, append(m.fixed, name)
	case 2:
		v := scalar(t)
		m.query, holds = on.IsNot(v), func(w any) bool { return compare(v, w) != 0 }
	case 3, 4:
		vs := rapid.SliceOfN(rapid.SampledFrom(scalars), 0, 40).Draw(t, "values")
		holds = func(w any) bool { return slices.ContainsFunc(vs, func(v any) bool { return compare(v, w) == 0 }) }
		if m.query = on.In(vs...); len(vs) > 0 && !slices.ContainsFunc(vs, func(v any) bool { return compare(v, vs[0]) != 0 }) {
			m.fixed = append(m.fixed, name)
		}
	case 5, 6, 7, 8:
		v := comparand(t)
		of := []func(any) query.Query{on.Above, on.AtLeast, on.Below, on.AtMost}[op-5]
		m.query, holds = of(v), func(w any) bool {
			c := compare(w, v)
			return class(v) == class(w) && (op == 5 && c > 0 || op == 6 && c >= 0 || op == 7 && c < 0 || op == 8 && c <= 0)
		}
	case 9:
		v := comparand(t)
		w := rapid.SampledFrom(scalars).Filter(func(w any) bool { return class(v) == class(w) }).Draw(t, "high")
		m.query, holds = on.Between(v, w), func(x any) bool { return compare(v, x) <= 0 && compare(x, w) <= 0 }
	case 10:
		s := rapid.SampledFrom([]string{"", "a", "ab", "日", long[:100], long, long + "a", "a\x00"}).Draw(t, "prefix")
		m.query, holds = on.Prefix(s), func(v any) bool { w, ok := v.(string); return ok && strings.HasPrefix(w, s) }
	case 11:
		v := rapid.OneOf(rapid.Just[any]("a"), rapid.Just[any](int64(1)), rapid.Just[any](3), rapid.SampledFrom(scalars)).Draw(t, "part")
		m.query, holds = on.Contains(v), func(w any) bool {
			list, _ := w.([]any)
			s, isString := w.(string)
			part, ok := v.(string)
			return slices.ContainsFunc(list, func(e any) bool { return compare(e, v) == 0 }) || isString && ok && strings.Contains(s, part)
		}
	default:
		if rapid.Bool().Draw(t, "exists") {
			m.query, holds = on.Exists(), func(v any) bool { return v != nil }
		} else {
			m.query, holds, m.fixed = on.Missing(), func(v any) bool { return v == nil }, append(m.fixed, name)
		}
	}
	path := strings.Split(name, ".")
	m.conditions = append(m.conditions, func(r record) bool { v, _ := r.Lookup(path...); return holds(v) })
}

func aModel(t *rapid.T) *model {
	m := &model{}
	for range rapid.IntRange(0, 3).Draw(t, "conditions") {
		m.condition(t)
	}
	down := rapid.IntRange(0, 2).Draw(t, "direction")
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(fieldNames), 0, 3, rapid.ID[string]).Draw(t, "order") {
		if down == 0 || down == 1 && rapid.Bool().Draw(t, "descending") {
			name = "-" + name
		}
		m = m.ordered([]string{name})
	}
	if m.reverse = rapid.Bool().Draw(t, "reverse"); m.reverse {
		m.query = m.query.Reverse()
	}
	return m
}

// ordered returns a model with an order, "-" before fields that descend.
func (m model) ordered(by []string) *model {
	for _, name := range by {
		m.order = append(slices.Clip(m.order), name)
		if field, descends := strings.CutPrefix(name, "-"); descends {
			m.query = m.query.OrderByDesc(field)
		} else {
			m.query = m.query.OrderBy(field)
		}
	}
	return &m
}

func (m *model) limited(n int) *model {
	m.query, m.limit = m.query.Limit(n), n
	return m
}

// compare is the order of two records.
func (m *model) compare(a, b query.Record) int {
	c, sign := 0, 1
	for _, name := range m.order {
		name, descends := strings.CutPrefix(name, "-")
		if slices.Contains(m.fixed, name) {
			continue
		}
		if sign = 1; descends {
			sign = -1
		}
		path := strings.Split(name, ".")
		v, _ := a.Fields.Lookup(path...)
		w, _ := b.Fields.Lookup(path...)
		if c == 0 {
			c = sign * compare(cut(v), cut(w))
		}
	}
	if c == 0 {
		c = sign * bytes.Compare(a.ID[:], b.ID[:])
	}
	if m.reverse {
		return -c
	}
	return c
}

// holds reports whether all conditions do.
func (m *model) holds(fields query.Fields) bool {
	r, ok := fields.(record)
	return ok && !slices.ContainsFunc(m.conditions, func(holds func(record) bool) bool { return !holds(r) })
}

// naive filters and sorts all records.
func (m *model) naive(w *world) (found []query.Record) {
	w.records.Scan(func(id string, r record) bool {
		if m.holds(r) {
			found = append(found, query.Record{ID: docid.ID([]byte(id)), Fields: r})
		}
		return true
	})
	slices.SortFunc(found, m.compare)
	if m.limit > 0 {
		found = found[:min(m.limit, len(found))]
	}
	return found
}

// cut is what the order looks at of a long string without zeros.
func cut(v any) any {
	if s, ok := v.(string); ok {
		return s[:min(len(s), query.MaxKey-1)]
	}
	return v
}

// class is the kind of a value, as far as kinds are compared.
func class(v any) int {
	switch v := v.(type) {
	case nil:
		return 0
	case bool:
		return 1
	case float64:
		if math.IsNaN(v) {
			return 2
		}
		return 3
	case int, int64, uint64, crdt.Counter:
		return 3
	case time.Time:
		return 4
	case []byte:
		return 5
	case string:
		return 6
	case []any:
		return 7
	}
	return 8
}

// compare is the order of two values, without keys.
func compare(a, b any) int {
	if c := cmp.Compare(class(a), class(b)); c != 0 {
		return c
	}
	switch a := a.(type) {
	case bool:
		if a == b.(bool) {
			return 0
		} else if a {
			return 1
		}
		return -1
	case time.Time:
		return a.Compare(b.(time.Time))
	case []byte:
		return bytes.Compare(a, b.([]byte))
	case string:
		return slices.Compare([]rune(a), []rune(b.(string)))
	}
	if class(a) == 3 {
		return exact(a).Cmp(exact(b))
	}
	return 0
}

func exact(v any) *big.Float {
	f := new(big.Float).SetPrec(2000)
	switch v := v.(type) {
	case int:
		return f.SetInt64(int64(v))
	case int64:
		return f.SetInt64(v)
	case crdt.Counter:
		return f.SetInt64(int64(v))
	case uint64:
		return f.SetUint64(v)
	}
	return f.SetFloat64(v.(float64))
}

// fataler is a test, of rapid's or not.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// result runs a query.
func result(tb testing.TB, q query.Query, w *world, indexes []query.Index) []query.Match {
	tb.Helper()
	p, err := query.NewPlan(q, indexes)
	if err != nil {
		tb.Fatalf("%v: %v", q, err)
	}
	return run(tb, p, w)
}

func run(tb fataler, p *query.Plan, w *world) (found []query.Match) {
	tb.Helper()
	for m, err := range p.Run(context.Background(), w) {
		if err != nil {
			tb.Fatal(err)
		}
		found = append(found, m)
	}
	return found
}
