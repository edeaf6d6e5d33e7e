package query_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/query"
)

// screen is a list that follows a live result by its events alone.
type screen []query.Record

func (s *screen) apply(events []query.Event) error {
	for _, e := range events {
		list := *s
		if e.Kind == query.Left || e.Kind == query.Moved || e.Kind == query.Changed {
			if e.From >= len(list) || list[e.From].ID != e.Match.ID {
				return fmt.Errorf("%v %v at %d, where it isn't", e.Match.ID, e.Kind, e.From)
			}
			list = slices.Delete(list, e.From, e.From+1)
		}
		if e.Kind != query.Left {
			if e.Kind == query.Moved && e.To == e.From || e.Kind == query.Changed && e.To != e.From {
				return fmt.Errorf("%v from %d to %d", e.Kind, e.From, e.To)
			}
			list = slices.Insert(list, e.To, e.Match.Record)
		}
		*s = list
	}
	return nil
}

func (s screen) equal(matches []query.Match) bool {
	return slices.EqualFunc(s, matches, func(r query.Record, m query.Match) bool {
		return r.ID == m.ID && fmt.Sprint(r.Fields) == fmt.Sprint(m.Fields)
	})
}

func onScreen(matches []query.Match) (s screen) {
	for _, m := range matches {
		s = append(s, m.Record)
	}
	return s
}

// A live result is always that of running the query anew, and the list that
// follows its events is the same.
func TestLiveIsTheQueryAnew(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, m := aWorld(rt), aModel(rt)
		q := m.query.Limit(rapid.IntRange(0, 6).Draw(rt, "limit"))
		if first := result(t, q, w, w.indexes); len(first) > 1 && rapid.IntRange(0, 3).Draw(rt, "after") == 0 {
			q = q.After(first[0].Cursor())
		}
		p := rapid.SampledFrom(everyPlan(rt, q, w.indexes)).Draw(rt, "plan")
		live, first, err := p.Live(context.Background(), w)
		if err != nil {
			rt.Fatal(err)
		}
		s := onScreen(first)
		for range rapid.IntRange(0, 60).Draw(rt, "edits") {
			changed := anEdit(rt, w)
			events, err := live.Update(context.Background(), w, changed)
			if err == nil {
				err = s.apply(events)
			}
			if want := run(t, p, w); err != nil || !s.equal(want) {
				rt.Fatalf("%s\nafter %v\nevents %v\ngot  %v (%v)\nwant %v", p.Explain(), changed, events, s, err, want)
			}
		}
	})
}

// anEdit changes a random record: often a little, sometimes all, now and then it
// is deleted or created.
func anEdit(t *rapid.T, w *world) query.Record {
	changed := query.Record{ID: rapid.SampledFrom(ids(45)).Draw(t, "id")}
	old, _ := w.records.Get(string(changed.ID[:]))
	var now record
	switch rapid.IntRange(0, 4).Draw(t, "edit") {
	case 0:
	case 1, 2:
		now = aRecord(t)
	default:
		if now = maps.Clone(old); now != nil {
			now[rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "of")] = value(t)
		}
	}
	if w.put(changed.ID, now); now != nil {
		changed.Fields = now
	}
	return changed
}

// Edits are told late, while the rows know all of them. When all is told, the
// result is that of the query again, and no event names what isn't there.
func TestLiveIsToldLate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, m := aWorld(rt), aModel(rt)
		p := rapid.SampledFrom(everyPlan(rt, m.query.Limit(rapid.IntRange(0, 4).Draw(rt, "limit")), w.indexes)).Draw(rt, "plan")
		live, first, err := p.Live(context.Background(), w)
		if err != nil {
			rt.Fatal(err)
		}
		s := onScreen(first)
		for range 4 {
			var untold []query.Record
			for range rapid.IntRange(0, 12).Draw(rt, "edits") {
				untold = append(untold, anEdit(rt, w))
			}
			for _, changed := range untold {
				events, err := live.Update(context.Background(), w, changed)
				if err == nil {
					err = s.apply(events)
				}
				if err != nil {
					rt.Fatalf("%s\nafter %v: %v", p.Explain(), changed, err)
				}
				for _, e := range events {
					if e.Kind != query.Left && !m.holds(e.Match.Fields) {
						rt.Fatalf("%s\n%v %v", p.Explain(), e.Kind, e.Match)
					}
				}
			}
			if want := run(t, p, w); !s.equal(want) {
				rt.Fatalf("%s\ngot  %v\nwant %v", p.Explain(), s, want)
			}
		}
	})
}

// With a limit, what is held is bounded, and what slides in is seldom searched.
func TestLiveHoldsLittle(t *testing.T) {
	w := newWorld(query.Index{Number: 1, Fields: []string{"n"}})
	id := func(i int) docid.ID { return docid.ID{1: byte(i >> 8), 2: byte(i)} }
	for i := range 2000 {
		w.put(id(i), record{"n": i})
	}
	p := plan(t, query.Query{}.OrderBy("n").Limit(10), w.indexes)
	live, first, err := p.Live(t.Context(), w)
	if err != nil || len(first) != 10 {
		t.Fatal(len(first), err)
	}
	w.scanned, w.reads = 0, 0
	for i := range 1000 { // the first leave, one after the other
		w.put(id(i), nil)
		events, err := live.Update(t.Context(), w, query.Record{ID: id(i)})
		if err != nil || len(events) != 2 || events[0].Kind != query.Left || events[1].Match.ID != id(i+10) {
			t.Fatal(i, events, err)
		}
	}
	if w.scanned > 1100 || w.reads > 2200 {
		t.Errorf("%d entries and %d records read", w.scanned, w.reads)
	}
	for i := range 1000 { // others come in front of them
		r := record{"n": -i}
		w.put(id(i), r)
		if _, err := live.Update(t.Context(), w, query.Record{ID: id(i), Fields: r}); err != nil {
			t.Fatal(err)
		}
	}
	if n := live.Held(); n > 60 {
		t.Errorf("%d are held for a limit of 10", n)
	}
}

func plan(tb testing.TB, q query.Query, indexes []query.Index) *query.Plan {
	tb.Helper()
	p, err := query.NewPlan(q, indexes)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
