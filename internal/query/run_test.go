package query_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/query"
)

// numbered is a collection of n records with a number, and another by which they
// are in another order.
func numbered(n int) *world {
	w := newWorld(query.Index{Number: 1, Fields: []string{"n"}}, query.Index{Number: 2, Fields: []string{"n", "m"}})
	for i, id := range manyIDs(n) {
		w.put(id, record{"n": i % 1200, "m": i * 7919 % n})
	}
	return w
}

func manyIDs(n int) []docid.ID {
	all := make([]docid.ID, n)
	for i := range all {
		all[i][0], all[i][1] = byte(i*31), byte(i*31>>8)
	}
	return all
}

// One of many values is looked up, one after the other, in whatever order.
func TestOneOfManyValues(t *testing.T) {
	w := numbered(1500)
	for _, count := range []int{2, 20, 100, 1100} {
		values := make([]int, count)
		for i := range values {
			values[i] = i * 7 % 1200
		}
		some := model{
			query:      query.Where("n").In(values),
			conditions: []func(record) bool{func(r record) bool { return slices.Contains(values, r["n"].(int)) }},
		}
		for _, order := range [][]string{{"n"}, {"-n"}, {"m"}, {"n", "m"}, {"-n", "-m"}, {"n", "-m"}} {
			for _, limit := range []int{0, 30} {
				checkEveryPlan(t, some.ordered(order).limited(limit), w)
			}
		}
	}
}

func checkEveryPlan(t *testing.T, m *model, w *world) {
	t.Helper()
	plans, err := query.Every(m.query, w.indexes)
	if err != nil {
		t.Fatal(err)
	}
	want := recordIDs(m.naive(w))
	for _, p := range plans {
		if got := matchIDs(run(t, p, w)); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%.80s…\nfinds others than the %d", p.Explain(), len(want))
		}
	}
}

// Counting reads no record if the entries tell, and all that they don't.
func TestCountReadsEntries(t *testing.T) {
	w := newWorld(query.Index{Number: 1, Fields: []string{"s"}})
	for i, s := range []string{"a", "b", long, long + "a", long + "b", long[:223], long[:230]} {
		w.put(ids(7)[i], record{"s": s})
	}
	on := query.Where("s")
	for _, c := range []struct {
		query       query.Query
		want, reads int
	}{
		{on.Is("a"), 1, 0},
		{on.In("a", "b"), 2, 0},
		{on.Prefix("a"), 1, 0},
		{on.Prefix(long[:100]), 5, 0},
		{on.Above("a"), 6, 0},
		{on.Is(long), 1, 5},
		{on.Prefix(long), 3, 5},
		{on.Above(long), 2, 5},
		{on.Below(long), 4, 7},
		{on.Between(long[:230], long+"a"), 3, 5},
		{on.Above("a").And("s").IsNot("b"), 5, 6},
	} {
		w.reads = 0
		n, err := plan(t, c.query, w.indexes).Count(t.Context(), w)
		if n != c.want || w.reads != c.reads || err != nil {
			t.Errorf("%.60s…: counted %d, reading %d (%v); want %d, %d", c.query, n, w.reads, err, c.want, c.reads)
		}
	}
}

// Fifty among thousands are found by reading fifty.
func TestReadsWhatItFinds(t *testing.T) {
	w := company(10_000)
	rnd := query.Where("Department").Is("department 3").Limit(50)
	for _, q := range []query.Query{rnd, rnd.OrderBy("Name"), rnd.OrderByDesc("Name"), query.Where("Tags").Contains("tag 77").OrderBy("Name").Limit(50)} {
		w.reads, w.scanned = 0, 0
		found := result(t, q, w, w.indexes)
		if again := result(t, q.After(found[49].Cursor()), w, w.indexes); len(found) != 50 || len(again) != 50 {
			t.Fatalf("%v: %d and %d", q, len(found), len(again))
		}
		if w.reads != 100 || w.scanned > 105 {
			t.Errorf("%v: %d entries and %d records read", q, w.scanned, w.reads)
		}
	}
}

// broken are rows that fail after a while.
type broken struct {
	*world
	left int
}

var errBroken = errors.New("broken")

func (b *broken) fails() bool { b.left--; return b.left < 0 }

func (b *broken) Record(ctx context.Context, id docid.ID) (query.Fields, error) {
	if b.fails() {
		return nil, errBroken
	}
	return b.world.Record(ctx, id)
}

func (b *broken) Entries(ctx context.Context, index uint16, from, to []byte, reverse bool) iter.Seq2[[]byte, error] {
	return failing(b, b.world.Entries(ctx, index, from, to, reverse))
}

func (b *broken) Records(ctx context.Context, from, to []byte, reverse bool) iter.Seq2[query.Record, error] {
	return failing(b, b.world.Records(ctx, from, to, reverse))
}

func failing[T any](b *broken, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range seq {
			if b.fails() {
				var zero T
				yield(zero, errBroken)
				return
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// Whatever read fails, it is said, and nothing more is found.
func TestReadsThatFail(t *testing.T) {
	w := numbered(60)
	for _, q := range []query.Query{
		{}, query.Where("n").In(3, 5, 7, 9), query.Where("n").Above(5).OrderBy("m"), query.Where("n").Contains("x"), query.Where("n").AtMost(40).OrderBy("n").Limit(3),
	} {
		plans, err := query.Every(q, w.indexes)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range plans {
			whole := &broken{w, 1 << 20}
			found := matchIDs(slices.Collect(withoutErrors(p.Run(t.Context(), whole))))
			for left := range 1<<20 - whole.left {
				checkFailure(t, p, &broken{w, left}, found)
			}
		}
	}
}

func checkFailure(t *testing.T, p *query.Plan, rows *broken, want []docid.ID) {
	t.Helper()
	var got []docid.ID
	var failed error
	for m, err := range p.Run(t.Context(), rows) {
		if failed != nil {
			t.Fatalf("%s\n%v after %v", p.Explain(), m, failed)
		}
		if failed = err; err == nil {
			got = append(got, m.ID)
		}
	}
	if rows.left < 0 && !errors.Is(failed, errBroken) || len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
		t.Fatalf("%s\nfound %v (%v)\nof    %v", p.Explain(), got, failed, want)
	}
	left := rows.left
	if _, err := p.Count(t.Context(), rows); left < 0 && !errors.Is(err, errBroken) && !strings.Contains(p.Explain(), "nothing") {
		t.Fatalf("%s\ncounted: %v", p.Explain(), err)
	}
}

func withoutErrors(seq iter.Seq2[query.Match, error]) iter.Seq[query.Match] {
	return func(yield func(query.Match) bool) {
		for m := range seq {
			if !yield(m) {
				return
			}
		}
	}
}
