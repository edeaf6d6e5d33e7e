package query_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
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
	s := onScreen(run(t, p, w))
	update := func(i int, r record) {
		w.put(id(i), r)
		changed := query.Record{ID: id(i)}
		if r != nil {
			changed.Fields = r
		}
		events, err := live.Update(t.Context(), w, changed)
		if err == nil {
			err = s.apply(events)
		}
		if err != nil || live.Held() > 60 || !s.equal(run(t, p, w)) {
			t.Fatalf("%v; %d are held; got %v, want %v", err, live.Held(), s, run(t, p, w))
		}
	}
	for i := range 1000 { // others come in front of them
		update(i, record{"n": -i})
	}
	for i := range 1000 { // and go again
		update(999-i, nil)
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

// The first of a long list go, move away and come back again and again.
func TestLiveAtTheTop(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(query.Index{Number: 1, Fields: []string{"n"}})
		for i, id := range ids(60) {
			w.put(id, record{"n": i * 10})
		}
		q := query.Where("n").AtLeast(0).OrderBy("n").Limit(rapid.IntRange(1, 4).Draw(rt, "limit"))
		p := plan(t, q, w.indexes)
		live, first, err := p.Live(context.Background(), w)
		if err != nil {
			rt.Fatal(err)
		}
		s := onScreen(first)
		var told []query.Record
		for range rapid.IntRange(0, 80).Draw(rt, "edits") {
			changed := query.Record{ID: rapid.SampledFrom(ids(60)).Draw(rt, "id")}
			if len(s) > 0 && rapid.IntRange(0, 2).Draw(rt, "top") > 0 {
				changed.ID = s[rapid.IntRange(0, len(s)-1).Draw(rt, "which")].ID
			}
			r := record{"n": rapid.IntRange(-100, 700).Draw(rt, "n")}
			changed.Fields = r
			w.put(changed.ID, r)
			told = append(told, changed)
			if rapid.IntRange(0, 3).Draw(rt, "late") == 0 {
				continue
			}
			for _, changed := range told {
				events, err := live.Update(context.Background(), w, changed)
				if err == nil {
					err = s.apply(events)
				}
				if err != nil {
					rt.Fatal(err)
				}
			}
			if told = nil; !s.equal(run(t, p, w)) {
				rt.Fatalf("after %v: got %v\nwant %v", changed, s, run(t, p, w))
			}
		}
	})
}

// A long result without a limit is as right as a short one.
func TestLiveOfMany(t *testing.T) {
	const n, seed = 3000, 1
	random := rand.New(rand.NewPCG(seed, seed))
	w := newWorld()
	all := manyIDs(n)
	for _, id := range all[:n/2] {
		w.put(id, record{"n": random.IntN(n)})
	}
	p := plan(t, query.Where("n").Above(n/10).OrderBy("n"), nil)
	live, first, err := p.Live(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	s := onScreen(first)
	for i := range 2 * n {
		changed := query.Record{ID: all[random.IntN(n)]}
		if random.IntN(4) == 0 && i > n {
			w.put(changed.ID, nil)
		} else {
			r := record{"n": random.IntN(n)}
			w.put(changed.ID, r)
			changed.Fields = r
		}
		events, err := live.Update(t.Context(), w, changed)
		if err == nil {
			err = s.apply(events)
		}
		if err != nil {
			t.Fatalf("edit %d of seed %d: %v", i, seed, err)
		}
	}
	if !s.equal(run(t, p, w)) {
		t.Errorf("seed %d: the result is another than the query's", seed)
	}
}
