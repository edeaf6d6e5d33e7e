package query_test

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/query"
)

func matchIDs(matches []query.Match) []docid.ID {
	all := make([]docid.ID, 0, len(matches))
	for _, m := range matches {
		all = append(all, m.ID)
	}
	return all
}

func recordIDs(records []query.Record) []docid.ID {
	all := make([]docid.ID, 0, len(records))
	for _, r := range records {
		all = append(all, r.ID)
	}
	return all
}

func sorted(all []docid.ID) []docid.ID {
	return slices.SortedFunc(slices.Values(all), func(a, b docid.ID) int { return slices.Compare(a[:], b[:]) })
}

func aWorld(t *rapid.T) *world {
	w := newWorld(someIndexes(t)...)
	for _, id := range ids(rapid.IntRange(0, 25).Draw(t, "records")) {
		w.put(id, aRecord(t))
	}
	return w
}

// everyPlan is the plan for a query, and whatever other ways there are.
func everyPlan(t *rapid.T, q query.Query, indexes []query.Index) []*query.Plan {
	chosen, err := query.NewPlan(q, indexes)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := query.Every(q, indexes)
	if err != nil {
		t.Fatal(err)
	}
	return append(plans, chosen)
}

// With indexes and without, a query finds what filtering and sorting finds.
func TestFindsWhatFilteringFinds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := aWorld(rt)
		for range 10 {
			m := aModel(rt)
			all := recordIDs(m.naive(w))
			m.limited(rapid.IntRange(0, 8).Draw(rt, "limit"))
			for _, p := range everyPlan(rt, m.query, w.indexes) {
				checkFound(rt, p, m, w, all)
			}
		}
	})
}

// checkFound compares what a plan finds with what the model does; without an
// order, any of all are as good.
func checkFound(t *rapid.T, p *query.Plan, m *model, w *world, all []docid.ID) {
	got, want := matchIDs(run(t, p, w)), recordIDs(m.naive(w))
	switch {
	case len(m.order) > 0:
		if !slices.Equal(got, want) {
			t.Fatalf("%s\ngot  %v\nwant %v", p.Explain(), got, want)
		}
	case len(got) != len(want) || len(slices.Compact(sorted(got))) != len(got) || !subset(got, all):
		t.Fatalf("%s\ngot %v\nof  %v", p.Explain(), got, all)
	}
	if n, err := p.Count(context.Background(), w); err != nil || n != len(all) {
		t.Fatalf("%s\ncounted %d (%v), want %d", p.Explain(), n, err, len(all))
	}
}

func subset(some, all []docid.ID) bool {
	return !slices.ContainsFunc(some, func(id docid.ID) bool { return !slices.Contains(all, id) })
}

// Pages put together are the whole, also if indexes come and go between them.
func TestPagesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, m := aWorld(rt), aModel(rt)
		size := rapid.IntRange(1, 5).Draw(rt, "size")
		var got []docid.ID
		var cursors []string
		for cursor := ""; ; {
			page := run(rt, rapid.SampledFrom(everyPlan(rt, m.query.Limit(size).After(cursor), w.indexes)).Draw(rt, "plan"), w)
			for _, match := range page {
				got, cursors = append(got, match.ID), append(cursors, match.Cursor())
			}
			if len(page) < size {
				break
			}
			cursor = page[size-1].Cursor()
		}
		want := recordIDs(m.naive(w))
		if len(m.order) == 0 {
			got, want = sorted(got), sorted(want)
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%s\ngot  %v\nwant %v", m.query, got, want)
		}
		if len(got) == 0 || len(m.order) == 0 {
			return
		}
		i := rapid.IntRange(0, len(got)-1).Draw(rt, "back from")
		back := matchIDs(result(t, m.query.Reverse().After(cursors[i]), w, w.indexes))
		if slices.Reverse(back); !slices.Equal(back, got[:i]) {
			rt.Fatalf("%s\nback from %d: %v\nwant %v", m.query, i, back, got[:i])
		}
	})
}

// What is inserted and deleted between pages neither repeats nor hides what was
// there all the time.
func TestPagesOfWhatChanges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, m := aWorld(rt), aModel(rt)
		stay := recordIDs(m.naive(w))
		var got []docid.ID
		for cursor := ""; ; {
			page := run(rt, rapid.SampledFrom(everyPlan(rt, m.query.Limit(2).After(cursor), w.indexes)).Draw(rt, "plan"), w)
			if got = append(got, matchIDs(page)...); len(page) < 2 {
				break
			}
			cursor = page[1].Cursor()
			if id := rapid.SampledFrom(ids(40)).Draw(rt, "id"); w.has(id) {
				w.put(id, nil)
				stay = slices.DeleteFunc(stay, func(s docid.ID) bool { return s == id })
			} else if !slices.Contains(got, id) {
				w.put(id, aRecord(rt))
			}
		}
		if len(slices.Compact(sorted(got))) != len(got) || !subset(stay, got) {
			rt.Fatalf("%s\ngot %v\nwhat stayed: %v", m.query, got, stay)
		}
	})
}

func (w *world) has(id docid.ID) bool { _, ok := w.records.Get(string(id[:])); return ok }
